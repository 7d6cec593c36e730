"""Messages to the user: what has one, and to which targets it goes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from control.auth.answer_links import fingerprint
from control.events import BreakerTripped, SettingContradicts, UpdateAvailable
from control.handlers.decisions import Decision
from control.handlers.inbox import InboxEntry
from control.handlers.processes import ProcessView
from control.message_text import Link, Strong
from control.outbox import Outbox, targets_of
from qbitrr.backoff import Backoff
from qbitrr.rules.quarantine import undo_of
from supervisor.lifecycle import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from control.auth.answer_links import Purpose, Subject
    from control.message_text import Text
    from control.outbox import Send
    from qbitrr.config.model import NotificationEvent, Notifications

    Links = Callable[[Subject, Sequence[Purpose]], Sequence[str]]
    # what is asked about, and answers; an address for each that gives it, none when that is not configured
    Cause = Decision | ProcessView | BreakerTripped | UpdateAvailable | SettingContradicts | InboxEntry

_SEND_SECONDS = 120.0
_TROUBLED = frozenset({Phase.DEGRADED, Phase.HELD})
_IMPORT_ANSWERS: Mapping[str, tuple[Purpose, str]] = {
    "import": ("import", "Import what is certain"),
    "blocklist": ("blocklist", "Blocklist and search"),
    "leave": ("leave_import", "Leave it"),
}


def message(subject: Cause, page: str, links: Links) -> tuple[NotificationEvent, Text] | None:
    """Return event and text of a message, None for what needs no message.

    `page` is the address of the page, `links` makes those that answer without a login.
    """
    match subject:
        case ProcessView() if subject.phase in _TROUBLED:
            because = f": {subject.last_error}" if subject.last_error else ""
            return "worker", ("The worker of ", Strong(subject.category), f" is {subject.phase}{because}.")
        case UpdateAvailable():
            newest = Strong(f"qbitrr {subject.newest}")
            return "update", (newest, f" is available; {subject.present} runs. Update at {page}")
        case BreakerTripped():
            about = (subject.category, fingerprint(subject.because))
            keep = _offered(links, about, {"discard": "Keep them"})
            because = f" await approval: {subject.because}. "
            answers = (*keep, f" · Decide at {page}") if keep else (f"Decide at {page}",)
            return "breaker", ("Removals of ", Strong(subject.category), because, *answers)
        case SettingContradicts():
            return "settings", (Strong(subject.text), f" ({subject.category}). {subject.remedy}.")
        case InboxEntry():
            return "inbox", _of_matter(subject, page, links)
    return _of_decision(subject, page, links) if isinstance(subject, Decision) else None


def _of_matter(subject: InboxEntry, page: str, links: Links) -> Text:
    """The text about something new that waits for the user."""
    where = f" ({subject.category})" if subject.category else ""
    name = Strong(subject.name)
    match subject.matter:
        case "import":
            about = (subject.category, subject.instance, subject.hash, fingerprint(subject.text))
            answers = _offered(links, about, dict(_IMPORT_ANSWERS[choice] for choice in subject.answers))
            return (name, f"{where}: {subject.text}. ", *(answers or (f"Answer at {page}",)))
        case "credentials":
            return (name, f"{where} refuses what qbitrr logs in with: {subject.text}. {subject.remedy}.")
        case "space":
            wait = f" wait for room: {subject.number}. {subject.text}. {subject.remedy}."
            return ("Downloads of ", name, wait)
        case _:
            return (f"{subject.text}{where}. {subject.remedy}.",)


def _of_decision(subject: Decision, page: str, links: Links) -> tuple[NotificationEvent, Text] | None:
    """A message about an action that was done, or about which the user is asked."""
    because = f" ({subject.category}), because {subject.because}."
    what: Text = (f"{subject.action}: ", Strong(subject.name), because)
    about = (str(subject.id),)
    if subject.state == "awaiting_approval" and subject.notes.get("asked"):
        answers = _offered(links, about, {"do": "Do it", "leave": "Leave it"}) or (f"Answer at {page}",)
        return "ask", ("Do it or leave it? ", *what, " ", *answers)
    if subject.state != "done":
        return None
    if undo_of(subject.action, subject.state, subject.step, subject.notes) is None:
        return "action", what
    return "action", (*what, " ", *(_offered(links, about, {"undo": "Undo"}) or (f"Undo at {page}",)))


def _offered(links: Links, about: Subject, answers: Mapping[Purpose, str]) -> Text:
    """The answers as links, nothing when there are none."""
    found = zip(answers.values(), links(about, tuple(answers)), strict=False)
    return tuple(part for name, address in found for part in (" · ", Link(name, address)))[1:]


class NotificationSender:
    """Accepts messages at any time without waiting, and sends them by the settings as they are then.

    Each target has an outbox of its own: one that does not answer keeps no other waiting.
    """

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
        self._outboxes: dict[str, Outbox] = {}
        self._added = asyncio.Event()
        self._phases: dict[str, Phase] = {}

    def notify(self, subject: Cause) -> None:
        """Send a message about a subject to each target that has its event."""
        if isinstance(subject, ProcessView):
            before = self._phases.get(subject.category)
            self._phases[subject.category] = subject.phase
            if before == subject.phase:
                return
        found = message(subject, self._page(), self._links)
        if found is None:
            return
        event, text = found
        for target in targets_of(self._settings()).values():
            if event in target.events:
                self._outbox(target.kind).add(text)

    async def run(self) -> None:
        """Send messages until cancelled."""
        async with asyncio.TaskGroup() as group:
            running: set[str] = set()
            while True:
                for kind in self._outboxes.keys() - running:
                    running.add(kind)
                    group.create_task(self._outboxes[kind].run(), name=f"notifications to {kind or 'all others'}")
                self._added.clear()
                await self._added.wait()

    def _outbox(self, kind: str) -> Outbox:
        if kind not in self._outboxes:
            self._outboxes[kind] = Outbox(
                lambda: targets_of(self._settings()).get(kind), self._send, self._backoff, self._send_seconds
            )
            self._added.set()
        return self._outboxes[kind]
