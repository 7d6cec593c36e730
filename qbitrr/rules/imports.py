"""Imports: how far the Arr is with a complete download, what is proven of it, and the next step.

With completed download handling the Arr imports by itself as soon as it looks at its download clients: it is asked to
look, and nothing else. It is scanned only for what it will not do alone. States, texts and times are those of Radarr
6.1, Sonarr 4.0 and 5, and Lidarr 2.14.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules import paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.rules.paths import PathMapping

UNMOVED_SECONDS = 120.0
"""For so long an `importPending` without messages may stand before it is scanned."""

_MANUAL = ("manual import", "automatic import is not possible")
_ENDED = {
    "ignored": "the Arr was told to ignore the download",
    **dict.fromkeys(
        ("failed", "failedPending", "downloadFailed", "downloadFailedPending"),
        "the Arr counts the download as failed",
    ),
}


class QueueState(StrEnum):
    """What the Arr's queue says of a download, whichever words its version has for it."""

    NOT_LISTED = "not listed"
    """No proof of anything: the queue is empty after a restart, and while the Arr backs off from its client."""
    DOWNLOADING = "downloading"
    """As the Arr saw it last, which may be a minute before it was complete."""
    IMPORTING = "importing"
    """It imports it, or is about to."""
    REFUSED = "refused"
    """It names what keeps it from importing: `words`."""
    NEEDS_USER = "needs the user"
    """It waits for somebody to import it by hand, or to put something right: `words`."""


class QueueReading(Struct, frozen=True):
    """A queue record in one reading; `words` are the Arr's own, without its headline that names no reason."""

    state: QueueState
    words: tuple[str, ...] = ()
    pending: bool = False
    """It is `importPending` and nothing stands in its way."""


def read_queue(queue: QueueFacts | None, *, looked: bool) -> QueueReading:
    """What the queue says. `looked`: the Arr has looked at its clients since the download was complete.

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
    if looked and queue.status == "warning" and queue.error_message:
        return QueueReading(QueueState.NEEDS_USER, (queue.error_message,))
    return QueueReading(QueueState.DOWNLOADING)


def _waiting(queue: QueueFacts) -> QueueReading:
    """A download whose import has not begun: `importBlocked` is the younger word for a pending one with messages."""
    words = queue.messages
    if any(manual in word.lower() for word in words for manual in _MANUAL):
        return QueueReading(QueueState.NEEDS_USER, words)
    if words:
        return QueueReading(QueueState.REFUSED, words)
    if queue.tracked_state == "importPending" and queue.tracked_status != "warning":
        return QueueReading(QueueState.IMPORTING, pending=True)
    return QueueReading(QueueState.NEEDS_USER, ("the Arr gives no reason",))


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


class ImportEvent(Struct, frozen=True):
    """An event of the Arr's history. `id` grows with time."""

    id: int
    kind: EventKind
    item: int


class ImportProof(Struct, frozen=True):
    """What the Arr's history says of a download since the torrent was added; items are ids."""

    grabbed: frozenset[int] = frozenset()
    imported: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    touched: bool = False
    """The Arr took something of it, or tried to: another scan would import it again."""

    @property
    def whole(self) -> bool:
        """Whether every item that was grabbed is imported."""
        return bool(self.grabbed) and self.grabbed <= self.imported

    @property
    def missing(self) -> frozenset[int]:
        """The items that were grabbed and are not imported."""
        return self.grabbed - self.imported


def proof_of(
    events: Iterable[ImportEvent], listed: Iterable[int] = (), complete_albums: Iterable[int] = ()
) -> ImportProof:
    """What the events prove, whatever their order.

    `listed` are the items that the queue names: they stand for the grab of what nobody grabbed. `complete_albums` are
    those of Lidarr that have all of their tracks: with a track from this download they are imported, which no event
    tells when another album of it lacks something. What failed after its import is not imported.
    """
    grabbed: set[int] = set()
    imported: set[int] = set()
    failed: set[int] = set()
    parts: set[int] = set()
    touched = False
    for event in sorted(events, key=lambda event: event.id):
        touched |= event.kind is not EventKind.GRABBED
        match event.kind:
            case EventKind.GRABBED:
                grabbed.add(event.item)
            case EventKind.IMPORTED:
                imported.add(event.item)
                failed.discard(event.item)
            case EventKind.PART:
                parts.add(event.item)
            case EventKind.FAILED:
                failed.add(event.item)
                imported.discard(event.item)
                parts.discard(event.item)
            case EventKind.INCOMPLETE:
                pass
    imported |= parts & set(complete_albums)
    return ImportProof(frozenset(grabbed or listed), frozenset(imported), frozenset(failed), touched=touched)


class ImportStep(StrEnum):
    """What is next for a complete download that is not known to be imported."""

    DONE = "done"
    """Everything of it is imported."""
    ASK = "ask"
    """The Arr is asked to look at its download clients."""
    WAIT = "wait"
    SCAN = "scan"
    LATER = "later"
    """Nothing moves: the Arr is asked again after a while."""
    STOP = "stop"
    """The Arr refuses it or waits for the user; the rules decide what is to become of it."""


class ImportView(Struct, frozen=True):
    """An import as seen at one moment; times are seconds of a monotonic clock.

    `handles_completed`: completed download handling is on in the Arr. `looked_at`: when it had looked at its clients
    at our request, or when our scan ended. `seen_since`: since when its queue has shown the present state.
    """

    reading: QueueReading
    proof: ImportProof
    handles_completed: bool
    looked_at: float | None = None
    seen_since: float = 0.0
    scan_ended: bool = False
    """A scan of ours has ended."""


SETTLE_SECONDS = 30.0
"""For so long after a look (or the end of a scan) history and queue are read before the Arr is asked again."""


def next_step(view: ImportView, now: float) -> ImportStep:
    """The next step of an import. Without completed download handling nothing but a scan imports anything."""
    state = view.reading.state
    if view.proof.whole:
        step = ImportStep.DONE
    elif view.looked_at is None:
        step = ImportStep.ASK
    elif state in (QueueState.REFUSED, QueueState.NEEDS_USER):
        step = ImportStep.STOP
    elif not view.scan_ended and _must_scan(view, now):
        step = ImportStep.SCAN
    elif _is_moving(view) or now < view.looked_at + SETTLE_SECONDS:
        step = ImportStep.WAIT
    else:
        step = ImportStep.LATER
    return step


def _is_moving(view: ImportView) -> bool:
    return view.reading.state is QueueState.IMPORTING and not (view.reading.pending and view.scan_ended)


def _must_scan(view: ImportView, now: float) -> bool:
    if view.reading.pending:
        return now >= view.seen_since + UNMOVED_SECONDS
    return not view.handles_completed and view.reading.state is QueueState.NOT_LISTED and bool(view.proof.grabbed)


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
) -> ScanPath:
    """Where the Arr may be sent for a download of its own.

    `host` is the download client's in the Arr's settings; `folders` are those of categories, in which other downloads
    lie. A download that is not known to the Arr would be taken for a stranger's and moved; one that was failed or
    imported in part would be imported again.
    """
    if not proof.grabbed:
        return ScanPath(obstacle="the Arr neither grabbed nor lists the download")
    if proof.failed:
        return ScanPath(obstacle="the Arr counts the download as failed")
    if proof.touched:
        return ScanPath(obstacle="the Arr has imported a part of it")
    if not paths.parts(torrent.content_path):
        return ScanPath(obstacle="qBittorrent does not say where it is")
    if not torrent.save_path or any(
        paths.is_within(folder, torrent.content_path) for folder in (torrent.save_path, *folders) if folder
    ):
        return ScanPath(obstacle="it has no folder of its own, and other downloads lie beside it")
    told = queue.output_path if queue is not None else ""
    return ScanPath(told or paths.mapped(torrent.content_path, host, mappings))
