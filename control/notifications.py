"""Messages to people, through Apprise: collected for a while, sent beside everything else, tried again on failure."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from control.change_feed import Available, Tripped
from control.handlers.decisions import Decision
from control.handlers.processes import ProcessView
from qbitrr import logs
from qbitrr.backoff import Backoff
from supervisor.lifecycle import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qbitrr.config.model import NotificationEvent, Notifications

    Send = Callable[[Sequence[str], str, str], bool]  # addresses, title, text; True when all were reached

_log = logs.get(__name__)

MOST_WAITING = 200  # messages; then the oldest are dropped, which the next one says
_ATTEMPTS = 5
_SENDING_SECONDS = 120.0
_IN_TROUBLE = frozenset({Phase.DEGRADED, Phase.HELD})


def message(what: Decision | ProcessView | Tripped | Available, page: str) -> tuple[NotificationEvent, str] | None:
    """What a person is told of an event; None for what is nobody's concern. `page` is the address of ours."""
    match what:
        case ProcessView() if what.phase in _IN_TROUBLE:
            because = f": {what.last_error}" if what.last_error else ""
            return "worker", f"The worker of {what.category} is {what.phase}{because}."
        case Available():
            return "update", f"qbitrr {what.newest} is available; {what.present} runs. Update at {page}"
        case Tripped():
            return "breaker", f"{what.category} holds its actions and asks: {what.because}. Decide at {page}"
        case Decision() if what.state == "done":
            return "action", f"{what.action}: {what.name} ({what.category}), because {what.because}. Undo at {page}"
    return None


class NotificationSender:
    """Takes messages at any time and never makes anybody wait."""

    def __init__(
        self, wanted: Callable[[], Notifications], page: Callable[[], str], send: Send, backoff: Backoff | None = None
    ) -> None:
        self._wanted = wanted
        self._page = page
        self._send = send
        self._backoff = backoff or Backoff(first_seconds=5.0, limit_seconds=300.0)
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._troubled: dict[str, Phase] = {}
        self._dropped = 0

    def tell(self, what: Decision | ProcessView | Tripped | Available) -> None:
        """Something happened; it is sent when it is one of the wanted events."""
        if isinstance(what, ProcessView):
            before = self._troubled.get(what.category)
            self._troubled[what.category] = what.phase
            if before == what.phase:
                return
        found = message(what, self._page())
        wanted = self._wanted()
        if found and wanted.urls and found[0] in wanted.events:
            self._dropped += len(self._waiting) == MOST_WAITING
            self._waiting.append(found[1])
            self._news.set()

    async def run(self) -> None:
        """Send what was told, for as long as the daemon runs."""
        while True:
            await self._news.wait()
            await asyncio.sleep(self._wanted().digest_seconds)
            self._news.clear()
            texts, self._dropped, dropped = list(self._waiting), 0, self._dropped
            self._waiting.clear()
            if dropped:
                texts.append(f"{dropped} more could not be kept.")
            await self._deliver("\n".join(texts))

    async def _deliver(self, text: str) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(_SENDING_SECONDS):
                    if await asyncio.to_thread(self._send, self._wanted().urls, "qbitrr", text):
                        return
            except TimeoutError:
                _log.warning("message was not sent in time", attempt=attempt)
            await asyncio.sleep(self._backoff.seconds(attempt))
        _log.error("message was given up", attempts=_ATTEMPTS, characters=len(text))


def by_apprise(urls: Sequence[str], title: str, text: str) -> bool:
    """Send a message. Blocking."""
    try:
        import apprise  # noqa: PLC0415 - optional, large, and only needed when there is something to send
    except ImportError:
        _log.error("messages cannot be sent", remedy="install qbitrr[notify]")
        return False
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it writes addresses
    sender = apprise.Apprise()
    for url in urls:
        if not sender.add(url):
            _log.error("an address of [Notifications] was not understood by Apprise", position=list(urls).index(url))
    return bool(sender.notify(title=title, body=text))
