"""Messages between supervisor and worker, and the channel that carries them.

A channel is a Unix socket pair of type SEQPACKET: every packet is one whole message, so neither side ever waits
for the rest of one, and the end of the other process reads as an empty packet. A message is a tagged struct as
MessagePack; a message of an unknown type is refused as a whole.

    worker -> supervisor    Hello, Ready, Heartbeat, Wrote, Waiting, Metrics, Counters, Activity, Contradictions,
                            Concerns, ClientStates, Stopping, Goodbye, and the answers TorrentRows, TorrentFiles,
                            TorrentEvents, Comparison, RoomPlan
    supervisor -> worker    Configure, Rebuild, Approve, Discard, Decide, AnswerImport, ForgetAnswer, Undo,
                            AnswerOrphans, Explain, SearchNow, PauseSearches, ReadSettings, and the questions
                            ReadTorrents, ReadFiles, ReadEvents, ReadItemEvents, Compare, PlanRoom

A worker is stopped by SIGTERM, from the supervisor or anyone else.
"""

from __future__ import annotations

import socket
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from qbitrr.errors import ProtocolError

PROTOCOL = 6
LONGEST_MESSAGE_BYTES = 192 * 1024  # below the default buffer of a Unix socket, which bounds a packet


class Message(Struct, frozen=True, tag=True, tag_field="type"):
    """Base of all messages."""


class Hello(Message, frozen=True):
    """The first message of a worker."""

    protocol: int
    pid: int


class Ready(Message, frozen=True):
    """The worker has its configuration, its state file and its tasks."""


class Heartbeat(Message, frozen=True):
    """What the worker is doing; the next heartbeat is due within `within_seconds`.

    `progress` counts completed steps and `errors` unexpected failures, both since the start.
    """

    operation: str
    progress: int
    errors: int
    within_seconds: float


class Wrote(Message, frozen=True):
    """The worker wrote to the state file since it sent this last."""


class Waiting(Message, frozen=True):
    """A service blocks the worker, with its last error; an empty `service` when none does any more.

    `needs_attention`: retrying cannot help, the user must act, as after a refused password.
    """

    service: str
    error: str
    needs_attention: bool = False


class Metrics(Message, frozen=True):
    """Number of records in the Arr's queue, and of torrents in the category."""

    queue_count: int
    category_count: int


class Counters(Message, frozen=True):
    """Since the start of the process, by service and by kind of work: number, number of failures, seconds.

    `first_byte_seconds`: how long the service computed each list the last time, by path.
    """

    calls: dict[str, tuple[int, int, float]] = {}
    work: dict[str, tuple[int, int, float]] = {}
    first_byte_seconds: dict[str, float] = {}


class Activity(Message, frozen=True):
    """Kind of work under way, and the last search if there was one; `search_at` in epoch seconds."""

    kind: Literal["search", "health", "idle"]
    search_summary: str | None = None
    search_at: float | None = None


class Contradiction(Struct, frozen=True):
    """A setting of the Arr that contradicts ours: an identifier, what it does, the remedy, and the Arr's own words."""

    kind: str
    text: str
    remedy: str
    words: str = ""


class Contradictions(Message, frozen=True):
    """All contradictions that were found when the Arr's settings were read last."""

    found: tuple[Contradiction, ...]


class Concern(Struct, frozen=True):
    """Something that the user should know of or put right, without a path or a host: what it is and what helps.

    `kind` and `name` identify it; the rest may change from one report to the next.
    """

    kind: Literal["disk", "other_tool"]
    name: str
    text: str
    remedy: str


class Concerns(Message, frozen=True):
    """All that concerns the user at present."""

    found: tuple[Concern, ...]


class ClientState(Struct, frozen=True):
    """One qBittorrent as a worker sees it; None for what is not known. Rates are in bytes per second.

    `connection` is connected, firewalled or disconnected, empty while it does not answer; `torrents` are those of the
    worker's categories.
    """

    instance: str
    version: str
    connection: str
    download_rate: int | None
    upload_rate: int | None
    free_bytes: int | None
    torrents: int


class ClientStates(Message, frozen=True):
    """Every qBittorrent that the worker uses."""

    states: tuple[ClientState, ...]


class TorrentRow(Struct, frozen=True):
    """One torrent as its qBittorrent reports it. `tracker` is only the host of its announce URL, which is secret.

    `seeding_seconds` may be older than the rest; `availability` is negative while it is not known, `ratio` when it is
    infinite.
    """

    instance: str
    infohash: str
    state: str
    progress: float
    size_bytes: int
    left_bytes: int
    eta_seconds: int
    ratio: float
    seeding_seconds: float
    availability: float
    added_at: float
    tags: tuple[str, ...]
    tracker: str


class Answer(Message, frozen=True):
    """Base of the answers to questions; `request` is that of the question."""

    request: int


class TorrentRows(Answer, frozen=True):
    """Answer to `ReadTorrents`, without those that are gone."""

    rows: tuple[TorrentRow, ...]


class FileRow(Struct, frozen=True):
    """One file of a torrent: its path below the save path."""

    index: int
    path: str
    size_bytes: int
    priority: int


class TorrentFiles(Answer, frozen=True):
    """Answer to `ReadFiles`. Unless `complete`, there are more files; `error` says why there are none."""

    name: str = ""
    files: tuple[FileRow, ...] = ()
    complete: bool = True
    error: str = ""


class TorrentEvent(Struct, frozen=True):
    """Something that happened to a torrent: `kind` in the words of the Arr or of qBittorrent, epoch seconds.

    `infohash` is empty for what the Arr did without one, such as deleting a file of its library.
    """

    actor: Literal["arr", "qbittorrent"]
    kind: str
    at: float
    instance: str = ""
    text: str = ""
    infohash: str = ""


class TorrentEvents(Answer, frozen=True):
    """Answer to `ReadEvents` and `ReadItemEvents`. `error` is why those of the Arr are missing."""

    events: tuple[TorrentEvent, ...] = ()
    error: str = ""


class OtherVerdict(Struct, frozen=True):
    """A torrent that another configuration would do something else about; each side is action, rule and reason."""

    instance: str
    infohash: str
    name: str
    before: tuple[str, str, str]
    after: tuple[str, str, str]


class RoomSeed(Struct, frozen=True):
    """A seed, whether it would go for space, and why. None for what is not known; `completed_at` in epoch seconds.

    `frees_bytes` is None until its files were looked up; `upload_per_day` is in bytes for each GiB of it.
    """

    instance: str
    infohash: str
    name: str
    goes: bool
    because: str
    size_bytes: int
    frees_bytes: int | None
    superseded: bool
    other_seeders: int | None
    upload_per_day: float | None
    completed_at: float


class RoomPlan(Answer, frozen=True):
    """Answer to `PlanRoom`: the seeds in the order in which they would go, and those that stay, two hundred at most.

    `seeds` and `size_bytes` are of all. `looked_up`: what each of those that go would free is known. `stopped` is why
    nothing goes any more, `error` why there is no plan.
    """

    enabled: bool
    stopped: str = ""
    download: str = ""
    lacks_bytes: int = 0
    frees_bytes: int = 0
    seeds: int = 0
    size_bytes: int = 0
    looked_up: bool = True
    rows: tuple[RoomSeed, ...] = ()
    error: str = ""


class Comparison(Answer, frozen=True):
    """Answer to `Compare`: how many torrents were judged under both, and those that fare differently.

    `removed` and `spared` count all of them, `others` are the first ones. `unknown` names what could not be compared.
    """

    judged: int
    removed: int
    spared: int
    others: tuple[OtherVerdict, ...]
    unknown: tuple[str, ...] = ()


class Stopping(Message, frozen=True):
    """The worker was asked to end, and is about to: what is in memory is still to be written."""


class Goodbye(Message, frozen=True):
    """The last message of a worker that ends on purpose."""

    reason: str


class Configure(Message, frozen=True):
    """The worker's part of the configuration, as MessagePack of `qbitrr.worker.config.WorkerConfig`."""

    config: Raw


class Rebuild(Message, frozen=True):
    """Sync the catalogue in full now."""


class Approve(Message, frozen=True):
    """Carry out the removals that wait for approval."""


class Discard(Message, frozen=True):
    """Drop the removals that wait for approval."""


class Undo(Message, frozen=True):
    """Restore the torrent that an action of the ledger put into quarantine or removed."""

    action_id: int


class Decide(Message, frozen=True):
    """Do what an action of the ledger asks about, or leave the torrent.

    `always`: the same for all torrents of its tracker that its rule asks about.
    """

    action_id: int
    do: bool
    always: bool = False


class AnswerImport(Message, frozen=True):
    """What is to become of a complete download that the Arr does not import, as long as the Arr says the same.

    `choice` is import, blocklist or leave; `because` is the reason of the verdict that the user has seen.
    """

    instance: str
    infohash: str
    choice: Literal["import", "blocklist", "leave"]
    because: str


class ForgetAnswer(Message, frozen=True):
    """Forget what was answered for good about a rule and the torrents of a tracker, by its host."""

    rule: str
    tracker: str


class AnswerOrphans(Message, frozen=True):
    """What is to become of files that no torrent knows, by their ids.

    move: they are moved aside. leave: they stay, and are not asked about again. reconsider: they are again.
    restore: they are moved back from aside.
    """

    ids: tuple[int, ...]
    choice: Literal["move", "leave", "reconsider", "restore"]


class Explain(Message, frozen=True):
    """Judge a torrent now and store the verdict with what is measured now."""

    infohash: str


class ReadTorrents(Message, frozen=True):
    """Answer with these torrents, given as instance and infohash, as they are now."""

    request: int
    keys: tuple[tuple[str, str], ...]


class ReadFiles(Message, frozen=True):
    """Answer with the files of a torrent, from the first qBittorrent that has it."""

    request: int
    infohash: str


class PlanRoom(Message, frozen=True):
    """Question: which seeds would go for so many bytes; 0 for the download that waits first, or for all there is."""

    request: int
    lacks_bytes: int = 0


class ReadEvents(Message, frozen=True):
    """Answer with what the Arr and qBittorrent know to have happened to a torrent."""

    request: int
    infohash: str


class ReadItemEvents(Message, frozen=True):
    """Answer with what the Arr knows to have happened to an item, and qBittorrent to its torrents."""

    request: int
    item_id: int


class Compare(Message, frozen=True):
    """Judge all torrents under another configuration of the worker too, and answer with the difference."""

    request: int
    config: Raw


class SearchNow(Message, frozen=True):
    """Search items now, before all others, within the same budget."""

    item_ids: tuple[int, ...]


class PauseSearches(Message, frozen=True):
    """Send no search any more until the user resumes them, or send them again."""

    paused: bool
    by: str = ""


class ReadSettings(Message, frozen=True):
    """Read the settings of the Arr again now."""


FromWorker = (
    Hello
    | Ready
    | Heartbeat
    | Wrote
    | Waiting
    | Metrics
    | Counters
    | Activity
    | Contradictions
    | Concerns
    | ClientStates
    | TorrentRows
    | TorrentFiles
    | TorrentEvents
    | Comparison
    | RoomPlan
    | Stopping
    | Goodbye
)
Question = ReadTorrents | ReadFiles | ReadEvents | ReadItemEvents | Compare | PlanRoom
ToWorker = (
    Configure
    | Rebuild
    | Approve
    | Discard
    | Decide
    | AnswerImport
    | ForgetAnswer
    | Undo
    | AnswerOrphans
    | Explain
    | SearchNow
    | PauseSearches
    | ReadSettings
    | Question
)

_encoder = msgspec.msgpack.Encoder()
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)


def encode(message: Message) -> bytes:
    """Encode a message as one packet. Raises ProtocolError when it is too long for one."""
    data = _encoder.encode(message)
    if len(data) > LONGEST_MESSAGE_BYTES:
        raise ProtocolError(f"{type(message).__name__} of {len(data)} bytes is too long for a message")
    return data


def decode_from_worker(packet: bytes) -> FromWorker:
    """Decode a message of a worker. Raises ProtocolError."""
    try:
        return _from_worker.decode(packet)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"not a message of a worker: {error}") from error


def decode_to_worker(packet: bytes) -> ToWorker:
    """Decode a message of the supervisor. Raises ProtocolError."""
    try:
        return _to_worker.decode(packet)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"not a message of the supervisor: {error}") from error


def channel() -> tuple[socket.socket, socket.socket]:
    """Create a channel; the supervisor's end and the worker's end, both non-blocking."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LONGEST_MESSAGE_BYTES)
    return ends
