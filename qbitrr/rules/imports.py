"""Imports: how far the Arr is with a complete download, what is proven of it, and the next step.

With completed download handling the Arr imports by itself as soon as it polls its download clients: it is asked to do
so, and nothing else. It is scanned only for what it will not do alone. States, texts and times are those of Radarr
6.1, Sonarr 4.0 and 5, and Lidarr 2.14.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules import paths
from qbitrr.rules.facts import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.rules.paths import PathMapping

UNMOVED_SECONDS = 120.0
"""For so long an `importPending` without messages may stand before it is scanned."""
SETTLE_SECONDS = 30.0
"""For so long after a poll of the Arr (or the end of a scan) history and queue are read before it counts as idle."""
REFUSAL_SECONDS = 2.0
"""For so long after a poll a refusal may be that of an earlier attempt, while another one begins."""
POLL_AGAIN_SECONDS = 2.0
"""After this time the Arr is asked again when it does not see that the download is complete."""
MOST_POLLS = 3

_MANUAL = ("manual import", "automatic import is not possible")
_IMPORTED_BEFORE = ("already imported at", "has already been imported")
_IGNORES, _FAILED = "the Arr ignores the download, as the user asked for", "the Arr counts the download as failed"
_ENDED = {
    "ignored": _IGNORES,
    **dict.fromkeys(("failed", "failedPending", "downloadFailed", "downloadFailedPending"), _FAILED),
}


class QueueState(StrEnum):
    """What the Arr's queue says of a download, whichever words its version has for it."""

    NOT_LISTED = "not listed"
    """No proof of anything: the queue is empty after a restart, and while the Arr backs off from its client."""
    DOWNLOADING = "downloading"
    """As the Arr saw it last, which may be a minute before it was complete."""
    IMPORTING = "importing"
    """The Arr imports it, or is about to."""
    REFUSED = "refused"
    """The Arr names what keeps it from importing: `words`."""
    NEEDS_USER = "needs the user"
    """It waits for the user to import it by hand, or to put something right: `words`."""


class QueueReading(Struct, frozen=True):
    """A queue record in one reading; `words` are the Arr's own, without its headline that names no reason."""

    state: QueueState
    words: tuple[str, ...] = ()
    pending: bool = False
    """It is `importPending` and nothing stands in its way."""
    refused: tuple[Refusal, ...] = ()
    """The files that the Arr refuses, without those that it has imported before."""


def read_queue(queue: QueueFacts | None, *, polled: bool) -> QueueReading:
    """Read the queue. `polled`: the Arr has polled its clients since the download was complete.

    Before that, a `warning` is about a download that had not ended ("stalled with no connections").
    """
    if queue is None:
        return QueueReading(QueueState.NOT_LISTED)
    state = queue.tracked_state
    if state in ("importing", "imported"):
        return QueueReading(QueueState.IMPORTING)
    if state in _ENDED:
        return QueueReading(QueueState.NEEDS_USER, (_ENDED[state],))
    if state in ("importPending", "importBlocked", "importFailed"):
        return _waiting(queue)
    words: tuple[str, ...] = ()
    if polled and queue.status == "warning" and queue.error_message:
        words = (queue.error_message,)
    if queue.status == "completed":  # and yet not pending: the Arr cannot use its path, or finds several series for it
        words = queue.messages
    return QueueReading(QueueState.NEEDS_USER if words else QueueState.DOWNLOADING, words)


def _waiting(queue: QueueFacts) -> QueueReading:
    """Read a download whose import has not begun.

    `importBlocked` and `importFailed` are younger words for a pending one with messages. While the Arr tries again
    it is pending with the messages of before.
    """
    refused = tuple(one for refusal in queue.refusals if (one := _without_imported(refusal)).texts)
    words = tuple(dict.fromkeys(text for refusal in refused for text in refusal.texts))
    if any(manual in word.lower() for word in words for manual in _MANUAL):
        return QueueReading(QueueState.NEEDS_USER, words, refused=refused)
    if words:
        return QueueReading(QueueState.REFUSED, words, refused=refused)
    if queue.tracked_state == "importPending" and queue.tracked_status != "warning":
        return QueueReading(QueueState.IMPORTING, pending=True)
    return QueueReading(QueueState.NEEDS_USER, queue.messages or ("the Arr gives no reason",))


def _without_imported(refusal: Refusal) -> Refusal:
    """Leave out that a file of the download was imported before, which is no refusal of it."""
    texts = (text for text in refusal.texts if not any(phrase in text.lower() for phrase in _IMPORTED_BEFORE))
    return Refusal(refusal.subject, tuple(texts))


class EventKind(StrEnum):
    """What an event of the Arr's history says of one item."""

    GRABBED = "grabbed"
    IMPORTED = "imported"
    """The whole item: a movie, an episode, an album with all of its tracks."""
    PART = "part"
    """A track of an album."""
    INCOMPLETE = "incomplete"
    """Lidarr's word for all albums of a download of which not everything was imported."""
    FAILED = "failed"
    """Its release was blocklisted."""
    IGNORED = "ignored"
    """The user had the Arr ignore its download, which is listed no more."""


class ImportEvent(Struct, frozen=True):
    """An event of the Arr's history. `id` grows with time."""

    id: int
    kind: EventKind
    item: int


class ImportProof(Struct, frozen=True):
    """What the Arr's history says of a download since the torrent was added; items are ids."""

    grabbed: frozenset[int] = frozenset()
    """What it is for: by its grab, else by the queue."""
    imported: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    touched: bool = False
    """The Arr imported something of it, or tried to: a scan would import that again."""
    ignored: bool = False

    @property
    def whole(self) -> bool:
        """Whether every item that was grabbed is imported."""
        return bool(self.grabbed) and self.grabbed <= self.imported

    @property
    def missing(self) -> frozenset[int]:
        """The items that were grabbed and are not imported."""
        return self.grabbed - self.imported

    @property
    def ended(self) -> str:
        """Why the Arr imports nothing of it by itself any more; empty while it may."""
        if self.ignored:
            return _IGNORES
        return _FAILED if self.failed else ""


def proof_of(
    events: Iterable[ImportEvent], listed: Iterable[int] = (), complete_albums: Iterable[int] = ()
) -> ImportProof:
    """Work out what the events prove, whatever their order.

    `listed` are the items that the queue names: they stand for the grab of what was added by hand. `complete_albums`
    are those of Lidarr that have all of their tracks: with a track from this download they are imported, which no
    event tells when another album of it lacks something. What failed after its import is not imported.
    """
    grabbed: set[int] = set()
    imported: set[int] = set()
    failed: set[int] = set()
    parts: set[int] = set()
    touched = ignored = False
    for event in sorted(events, key=lambda event: event.id):
        touched |= event.kind not in (EventKind.GRABBED, EventKind.FAILED, EventKind.IGNORED)
        match event.kind:
            case EventKind.GRABBED:
                grabbed.add(event.item)
                failed.discard(event.item)
                ignored = False
            case EventKind.IMPORTED:
                imported.add(event.item)
                failed.discard(event.item)
            case EventKind.PART:
                parts.add(event.item)
            case EventKind.FAILED:
                failed.add(event.item)
                imported.discard(event.item)
                parts.discard(event.item)
            case EventKind.IGNORED:
                ignored = True
            case EventKind.INCOMPLETE:
                pass
    imported |= parts & set(complete_albums)
    failed -= imported
    items = frozenset(grabbed or listed)
    return ImportProof(items, frozenset(imported), frozenset(failed), touched=touched, ignored=ignored)


class ImportStep(StrEnum):
    """What is next for a complete download that is not known to be imported."""

    DONE = "done"
    """Everything of it is imported."""
    ASK = "ask"
    """The Arr is asked to poll its download clients."""
    WAIT = "wait"
    """Queue and history are read again."""
    SCAN = "scan"
    """The Arr is sent to the data."""
    LATER = "later"
    """Nothing moves: it is tried again after a while."""
    STOP = "stop"
    """The Arr refuses it or waits for the user; the rules decide what is to become of it."""


class ImportView(Struct, frozen=True):
    """An import as seen at one moment; times are seconds of a monotonic clock.

    `handles_completed`: the Arr imports it by itself, as completed download handling is on and the download was not
    failed by qbitrr. `was_imported_before`: the Arr imported an earlier torrent with the same infohash. `polled_at`:
    when the Arr had polled its clients at our request, for the `polls`-th time, or when our scan had ended.
    `seen_since`: since when its queue has shown the present state.
    """

    reading: QueueReading
    proof: ImportProof
    handles_completed: bool
    was_imported_before: bool = False
    polled_at: float | None = None
    polls: int = 1
    seen_since: float = 0.0
    scan_ended: bool = False
    """A scan of ours has ended."""
    scan_failed: bool = False
    """It has ended, and the Arr has imported nothing by it."""


def next_step(view: ImportView, now: float) -> ImportStep:
    """Find the next step of an import. Without completed download handling nothing but a scan imports anything."""
    if view.proof.whole:
        return ImportStep.DONE
    if view.polled_at is None:
        return ImportStep.ASK
    since_poll = now - view.polled_at
    if view.reading.state in (QueueState.REFUSED, QueueState.NEEDS_USER):
        return ImportStep.WAIT if since_poll < REFUSAL_SECONDS else ImportStep.STOP
    if not view.scan_ended and _must_scan(view, now):
        return ImportStep.SCAN
    if _is_unseen(view) and since_poll >= POLL_AGAIN_SECONDS:
        return ImportStep.ASK
    waits = not view.scan_failed and (_is_moving(view) or since_poll < SETTLE_SECONDS)
    return ImportStep.WAIT if waits else ImportStep.LATER


def _is_unseen(view: ImportView) -> bool:
    """Whether the Arr may not have seen that it is complete: its poll began before that, or it had just started."""
    state = view.reading.state
    unseen = state is QueueState.DOWNLOADING or (state is QueueState.NOT_LISTED and view.handles_completed)
    return unseen and not view.scan_ended and view.polls < MOST_POLLS


def _is_moving(view: ImportView) -> bool:
    return view.reading.state is QueueState.IMPORTING and not (view.reading.pending and view.scan_ended)


def _must_scan(view: ImportView, now: float) -> bool:
    if view.reading.pending:
        return now >= view.seen_since + UNMOVED_SECONDS
    if view.reading.state is not QueueState.NOT_LISTED or not view.proof.grabbed:
        return False
    # an Arr takes a release that it grabs again for what it imported before, until it is restarted
    return not view.handles_completed or (view.was_imported_before and view.polls >= MOST_POLLS)


class ScanPath(Struct, frozen=True):
    """What may be scanned, as the Arr sees it; `obstacle` says why nothing may, and `path` is empty then."""

    path: str = ""
    obstacle: str = ""


def scan_path(
    torrent: TorrentFacts,
    queue: QueueFacts | None,
    proof: ImportProof,
    *,
    host: str,
    mappings: Iterable[PathMapping] = (),
    folders: Iterable[str] = (),
    failed_by_qbitrr: bool = False,
) -> ScanPath:
    """Find where the Arr may be sent for a download of its own.

    `host` is the download client's in the Arr's settings; `folders` are those of categories, in which other downloads
    lie. A download that is not known to the Arr would be taken for another one and moved; one that was imported in
    part would be imported again, and so would one that was failed, unless nothing of it was imported and qbitrr did
    it (`ReSearchStalled`).
    """
    if not proof.grabbed:
        return ScanPath(obstacle="the Arr neither grabbed nor lists the download")
    if proof.ended and (proof.ignored or not failed_by_qbitrr):
        return ScanPath(obstacle=proof.ended)
    if proof.touched:
        return ScanPath(obstacle="the Arr has imported a part of it")
    if not paths.parts(torrent.content_path):
        return ScanPath(obstacle="qBittorrent does not say where it is")
    if not torrent.save_path or any(
        paths.is_within(folder, torrent.content_path) for folder in (torrent.save_path, *folders) if folder
    ):
        return ScanPath(obstacle="it has no folder of its own, and other downloads lie beside it")
    reported = queue.output_path if queue is not None else ""
    return ScanPath(reported or paths.mapped(torrent.content_path, host, mappings))
