"""Messages to the user through Apprise: collected for a while, sent in the background, retried on failure."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from control.events import BreakerTripped, SettingContradicts, UpdateAvailable
from control.handlers.decisions import Decision
from control.handlers.inbox import InboxEntry
from control.handlers.processes import ProcessView
from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.rules.quarantine import undo_of
from supervisor.lifecycle import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from control.auth.answer_links import Purpose
    from qbitrr.config.model import NotificationEvent, Notifications

    Links = Callable[[str, Sequence[Purpose]], Sequence[str]]
    # the id of an action, and answers; an address for each that gives it, none when that is not configured
    Send = Callable[[Sequence[str], str, str], Coroutine[None, None, bool]]
    # addresses, title, text; True when all were reached
    Subject = Decision | ProcessView | BreakerTripped | UpdateAvailable | SettingContradicts | InboxEntry

_log = logs.get(__name__)

MOST_PENDING = 200  # messages; beyond that the oldest are dropped, and the next message says how many
_ATTEMPTS = 5
_SEND_SECONDS = 120.0
_TROUBLED = frozenset({Phase.DEGRADED, Phase.HELD})


def message(subject: Subject, page: str, links: Links) -> tuple[NotificationEvent, str] | None:
    """Return event and text of a message, None for what needs no message.

    `page` is the address of the page, `links` makes those that answer without a login.
    """
    match subject:
        case ProcessView() if subject.phase in _TROUBLED:
            because = f": {subject.last_error}" if subject.last_error else ""
            return "worker", f"The worker of {subject.category} is {subject.phase}{because}."
        case UpdateAvailable():
            return "update", f"qbitrr {subject.newest} is available; {subject.present} runs. Update at {page}"
        case BreakerTripped():
            return "breaker", f"Removals of {subject.category} await approval: {subject.because}. Decide at {page}"
        case SettingContradicts():
            return "settings", f"{subject.text} ({subject.category}). {subject.remedy}."
        case InboxEntry():
            return "inbox", _of_matter(subject, page)
    return _of_decision(subject, page, links) if isinstance(subject, Decision) else None


def _of_matter(subject: InboxEntry, page: str) -> str:
    """The text about something new that waits for the user."""
    where = f" ({subject.category})" if subject.category else ""
    match subject.matter:
        case "import":
            return f"{subject.name}{where}: {subject.text}. Answer at {page}"
        case "credentials":
            return f"{subject.name}{where} refuses what qbitrr logs in with: {subject.text}. {subject.remedy}."
        case "space":
            return f"Downloads of {subject.name} wait for room: {subject.number}. {subject.text}. {subject.remedy}."
        case _:
            return f"{subject.text}{where}. {subject.remedy}."


def _of_decision(subject: Decision, page: str, links: Links) -> tuple[NotificationEvent, str] | None:
    """A message about an action that was done, or about which the user is asked."""
    what = f"{subject.action}: {subject.name} ({subject.category}), because {subject.because}."
    if subject.state == "awaiting_approval" and subject.notes.get("asked"):
        answers = links(str(subject.id), ("do", "leave"))
        where = "Do it: {} Leave it: {}".format(*answers) if answers else f"Answer at {page}"
        return "ask", f"Do it or leave it? {what} {where}"
    if subject.state != "done":
        return None
    if undo_of(subject.action, subject.state, subject.step, subject.notes) is None:
        return "action", what
    answers = links(str(subject.id), ("undo",))
    return "action", f"{what} Undo: {answers[0]}" if answers else f"{what} Undo at {page}"


class NotificationSender:
    """Accepts messages at any time without waiting, and sends them by the settings as they are then."""

    def __init__(
        self,
        settings: Callable[[], Notifications],
        page: Callable[[], str],
        links: Links,
        send: Send,
        backoff: Backoff | None = None,
        send_seconds: float = _SEND_SECONDS,
    ) -> None:
        self._settings = settings
        self._page = page
        self._links = links
        self._send = send
        self._backoff = backoff or Backoff(first_seconds=5.0, limit_seconds=300.0)
        self._send_seconds = send_seconds
        self._pending: deque[str] = deque(maxlen=MOST_PENDING)
        self._dropped = 0
        self._arrived = asyncio.Event()
        self._phases: dict[str, Phase] = {}

    def notify(self, subject: Subject) -> None:
        """Send a message about a subject if its event is among those in `Notifications.Events`."""
        if isinstance(subject, ProcessView):
            before = self._phases.get(subject.category)
            self._phases[subject.category] = subject.phase
            if before == subject.phase:
                return
        found = message(subject, self._page(), self._links)
        settings = self._settings()
        if found and settings.urls and found[0] in settings.events:
            self._dropped += len(self._pending) == MOST_PENDING
            self._pending.append(found[1])
            self._arrived.set()

    async def run(self) -> None:
        """Send messages until cancelled."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(self._settings().digest_seconds)
            self._arrived.clear()
            texts, self._dropped, dropped = list(self._pending), 0, self._dropped
            self._pending.clear()
            if dropped:
                texts.append(f"{dropped} more could not be kept.")
            await self._deliver("\n".join(texts))

    async def _deliver(self, text: str) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(self._send_seconds):
                    if await self._send(self._settings().urls, "qbitrr", text):
                        return
            except TimeoutError:
                _log.warning("notification was not sent in time", attempt=attempt)
            await asyncio.sleep(self._backoff.seconds(attempt))
        _log.error("notification was dropped", attempts=_ATTEMPTS, characters=len(text))
