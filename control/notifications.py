"""Messages to the user: what has one, and to which targets it goes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from control.announced import Collected
from control.auth.answer_links import fingerprint
from control.events import BreakerTripped, SettingContradicts, UpdateAvailable, WorkerGone
from control.handlers.decisions import Decision
from control.handlers.inbox import InboxEntry, WorkerChange
from control.message_text import Link, Strong
from control.outbox import RETRY, Delivery, Outbox, targets_of
from control.troubles import TROUBLED, Troubles
from qbitrr import logs, ticks
from qbitrr.config.address import kind_of
from qbitrr.rules.quarantine import UNDO_REFUSED, UNDOING, undo_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from control.announced import Announced, AnnouncedFile
    from control.auth.answer_links import Purpose, Subject
    from control.message_text import Text
    from control.outbox import MessageCounts, Send, Target
    from qbitrr.backoff import Backoff
    from qbitrr.clock import Clock
    from qbitrr.config.model import NotificationEvent, Notifications

    Links = Callable[[Subject, Sequence[Purpose]], Sequence[str]]
    # what is asked about, and answers; an address for each that gives it, none when that is not configured
    Message = tuple[Sequence[NotificationEvent], Text]
    Cause = Decision | WorkerChange | WorkerGone | BreakerTripped | UpdateAvailable | SettingContradicts | InboxEntry

_log = logs.get(__name__)

_SEND_SECONDS = 120.0
_SAVE_SECONDS = 2.0
_IMPORT_ANSWERS: Mapping[str, tuple[Purpose, str]] = {
    "import": ("import", "Import what is certain"),
    "blocklist": ("blocklist", "Blocklist and search"),
    "leave": ("leave_import", "Leave it"),
}


def message(subject: Cause, page: str, links: Links) -> Message | None:
    """Return the text of a message and the events that it is for, None for what needs no message.

    Each matter has one, also when several events are about it. `page` is the address of the page, `links` makes those
    that answer without a login.
    """
    match subject:
        case WorkerChange() if subject.view.phase in TROUBLED:
            return _of_worker(subject, page, links)
        case UpdateAvailable():
            newest = Strong(f"qbitrr {subject.newest}")
            return ("update",), (newest, f" is available; {subject.present} runs. Update at {page}")
        case BreakerTripped():
            about = (subject.category, fingerprint(subject.because))
            keep = _offered(links, about, {"discard": "Keep them"})
            because = f" await approval: {subject.because}. "
            answers = (*keep, f" · Decide at {page}") if keep else (f"Decide at {page}",)
            return ("breaker", "worker"), ("Removals of ", Strong(subject.category), because, *answers)
        case SettingContradicts():
            return ("settings",), (Strong(subject.text), f" ({subject.category}). {subject.remedy}.")
        case InboxEntry() if subject.matter != "credentials":  # else its worker is the message
            return ("inbox",), _of_matter(subject, page, links)
    return _of_decision(subject, page, links) if isinstance(subject, Decision) else None


def _of_worker(subject: WorkerChange, page: str, links: Links) -> Message | None:
    """A message about a worker in trouble, in the words of the inbox when they say what to do."""
    view, entry = subject.view, subject.entry
    if subject.awaits_approval:
        return None  # its breaker is the message
    if entry is not None and entry.matter == "credentials":
        return ("worker", "inbox"), _of_matter(entry, page, links)
    because = f": {view.last_error}" if view.last_error else ""
    return ("worker",), ("The worker of ", Strong(view.category), f" is {view.phase}{because}.")


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
        case "orphans":
            return (f"Files that belong to no torrent: {subject.number}. {subject.text}. Answer at {page}",)
        case _:
            return (f"{subject.text}{where}. {subject.remedy}.",)


def _of_decision(subject: Decision, page: str, links: Links) -> Message | None:
    """A message about an action that was done, or about which the user is asked."""
    because = f" ({subject.category}), because {subject.because}."
    what: Text = (f"{subject.action}: ", Strong(subject.name), because)
    about = (str(subject.id),)
    if subject.state == "awaiting_approval" and subject.notes.get("asked"):
        answers = _offered(links, about, {"do": "Do it", "leave": "Leave it"}) or (f"Answer at {page}",)
        return ("ask",), ("Do it or leave it? ", *what, " ", *answers)
    if subject.state != "done" or subject.step == UNDOING or subject.notes.get(UNDO_REFUSED):
        return None  # it has not ended, or had its message when it did
    if undo_of(subject.action, subject.state, subject.step, subject.notes) is None:
        return ("action",), what
    return ("action",), (*what, " ", *(_offered(links, about, {"undo": "Undo"}) or (f"Undo at {page}",)))


def _offered(links: Links, about: Subject, answers: Mapping[Purpose, str]) -> Text:
    """The answers as links, nothing when there are none."""
    found = zip(answers.values(), links(about, tuple(answers)), strict=False)
    return tuple(part for name, address in found for part in (" · ", Link(name, address)))[1:]


class NotificationSender:
    """Accepts messages at any time without waiting, and sends them by the settings as they are then.

    Each address has an outbox of its own: one that does not answer keeps no other waiting. What is not sent at the end
    of the daemon is in `file`, and is sent after the next start.
    """

    def __init__(
        self,
        settings: Callable[[], Notifications],
        page: Callable[[], str],
        links: Links,
        file: AnnouncedFile,
        send: Send,
        clock: Clock,
        backoff: Backoff = RETRY,
        send_seconds: float = _SEND_SECONDS,
    ) -> None:
        self._settings = settings
        self._page = page
        self._links = links
        self._file = file
        self._delivery = Delivery(self._targets, send, self._save, clock, backoff, send_seconds)
        self._outboxes: dict[str, Outbox] = {}
        self._added = asyncio.Event()
        self._troubles = Troubles(file.content.troubled, clock)
        self._resume()

    @property
    def counts(self) -> MessageCounts:
        """How the attempts of this run ended."""
        return self._delivery.counts

    @property
    def announced(self) -> Announced:
        """What was reported, also by an earlier run of the daemon."""
        return self._file.content

    def notify(self, subject: Cause) -> None:
        """Send a message about a subject to each address that gets one of its events."""
        self._report_ends()
        if self._is_new(subject) and (found := message(subject, self._page(), self._links)) is not None:
            self._add(*found)

    async def run(self) -> None:
        """Send messages until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(), name="what was reported")
            running: set[str] = set()
            while True:
                for url in self._outboxes.keys() - running:
                    running.add(url)
                    group.create_task(self._outboxes[url].run(), name=f"notifications to {kind_of(url)}")
                self._added.clear()
                await self._added.wait()

    async def close(self) -> None:
        """Write what was not sent."""
        await self._save()
        await asyncio.to_thread(self._file.close)

    def _targets(self) -> dict[str, Target]:
        return targets_of(self._settings())

    def _is_new(self, subject: Cause) -> bool:
        """Whether it was not reported, neither in this run of the daemon nor in an earlier one."""
        announced = self._file.content
        match subject:
            case UpdateAvailable():
                is_new, announced.version = subject.newest != announced.version, subject.newest
                return is_new
            case WorkerChange():
                return self._troubles.observe(subject.view)
            case WorkerGone():
                self._troubles.forget(subject.category)
        return True

    def _report_ends(self) -> None:
        for category in self._troubles.ended():
            self._add(("worker",), ("The worker of ", Strong(category), " runs again."))

    def _add(self, events: Sequence[NotificationEvent], text: Text) -> None:
        """Send a text to each address that gets one of the events."""
        for url, target in self._targets().items():
            if any(event in target.events for event in events):
                self._outbox(url).add(text)

    def _outbox(self, url: str) -> Outbox:
        if url not in self._outboxes:
            collected = self._file.content.collected.setdefault(fingerprint(url), Collected())
            self._outboxes[url] = Outbox(url, collected, self._delivery)
            self._added.set()
        return self._outboxes[url]

    def _resume(self) -> None:
        """Go on with what an earlier run did not send, and drop what was for addresses that were removed since."""
        urls = {fingerprint(url): url for url in self._targets()}
        collected = self._file.content.collected
        for key in tuple(collected):
            if key in urls:
                self._outbox(urls[key])
            elif lines := collected.pop(key).lines:
                _log.warning("notifications were dropped", because="their address was removed", lines=lines)

    async def _keep(self) -> None:
        """Write what changed, until cancelled."""
        while True:
            self._report_ends()
            await self._save()
            await ticks.sleep(_SAVE_SECONDS)

    async def _save(self) -> None:
        """Write what was reported and what is still to be sent; nothing is stored when there is no address."""
        if self._settings().urls:
            await self._file.save()
        else:
            await self._file.delete()
