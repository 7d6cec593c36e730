"""`orphans`: files in the folders of categories that no torrent knows, and what is to become of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Message
from control.web.answers import moment
from control.web.errors import invalid
from control.worker_lookup import all_workers, send
from qbitrr import ipc
from qbitrr.config.model import OrphanMode
from qbitrr.errors import ConflictError, NotFoundError
from qbitrr.rules.orphans import FolderReport, OrphanState
from qbitrr.state import orphans
from qbitrr.state.orphans import OrphanRow

_MOST_IDS = 500
_LARGEST = 2**62

Choice = Literal["move", "leave", "reconsider", "restore"]

_STATES: dict[str, tuple[str, ...]] = {
    "": (),
    **{state: (state,) for state in ("found", "left", "restored", "purged", "gone")},
    "aside": ("aside", "moving", "restoring", "purging"),  # a step is under way for a moment only
}


class OrphansRequest(Struct, frozen=True):
    """Which of the files."""

    limit: Annotated[int, Meta(description="How many, 1 to 500.", extra={"lowest": 1, "highest": 500})] = 50
    state: Annotated[
        str, Meta(description="Only found, left, restored, aside, purged or gone ones; all when empty.")
    ] = ""
    after: Annotated[str, Meta(description="`next` of the page before.")] = ""


class OrphanView(Struct, frozen=True, rename="camel"):
    """A file that no torrent knows. `path` is relative to `folder`.

    found: it lies there. left, restored: the user left it there, or had it moved back. aside: it was moved into
    .qbitrr-orphans and can be restored until it is purged, about `purgeAt`. purged, gone: it was deleted there, by
    qbitrr or by someone else. `due`: it was unknown and unchanged for long enough. `links` above 1: it has another
    name, as in a library, so that nothing becomes free. `problem` is what kept it from being moved the last time.
    """

    id: int
    folder: str
    path: str
    size_bytes: int
    modified_at: datetime
    first_seen_at: datetime
    unknown_seconds: float
    links: int
    state: OrphanState
    due: bool
    approved: bool
    because: str
    problem: str
    proof: dict[str, Any]
    moved_at: datetime | None
    purge_at: datetime | None
    updated_at: datetime


class OrphanTotals(Struct, frozen=True, rename="camel"):
    """Files of one state, and those of them that are due."""

    state: OrphanState
    files: int
    size_bytes: int
    due_files: int
    due_bytes: int


class Orphans(Struct, frozen=True, rename="camel"):
    """The largest files first, and what the last listing found. `next` asks for the next page, null after the last.

    `refusals` are why the last listing was not complete: nothing is moved then. Each folder may have its own.
    `failures` counts what the disk refused, by why.
    """

    mode: OrphanMode
    listed_at: datetime | None
    complete_at: datetime | None
    seconds: float
    clients: dict[str, int]
    refusals: list[str]
    folders: list[FolderReport]
    not_kept: int
    names_unreadable: int
    totals: list[OrphanTotals]
    failures: dict[str, int]
    orphans: list[OrphanView]
    next: str | None


class OrphanAnswerRequest(Struct, frozen=True):
    """The files that are meant, and what is to become of them."""

    answer: Annotated[
        Choice,
        Meta(
            description="move: into .qbitrr-orphans beside them, after all clients were asked again. leave: they stay, "
            "and are not asked about again. reconsider: they are. restore: back from .qbitrr-orphans."
        ),
    ]
    ids: Annotated[
        list[Annotated[int, Meta(ge=1, le=2**53 - 1)]],
        Meta(description="Ids of files in the list; all that wait for an answer when empty.", max_length=_MOST_IDS),
    ] = []

    @property
    def subject(self) -> str:
        """What the audit trail names."""
        return f"{self.answer}, {', '.join(map(str, self.ids)) or 'all'}"


async def read(context: HandlerContext, request: OrphansRequest) -> Orphans:
    """List files in the folders of categories that no torrent of any qBittorrent knows, the largest first."""
    settings = context.loaded.config.settings.orphans
    if request.state not in _STATES:
        raise invalid("state", request.state, f"Must be one of {', '.join(filter(None, _STATES))}")
    rows = await orphans.page(context.database, _STATES[request.state], request.limit, _place(request.after))
    last = await orphans.last_report(context.database)
    report = None if last is None else last[2]
    return Orphans(
        mode=settings.mode,
        listed_at=None if last is None else moment(last[0]),
        complete_at=None if last is None else moment(last[1]),
        seconds=0.0 if report is None else report.seconds,
        clients={} if report is None else report.clients,
        refusals=[] if report is None else list(report.refusals),
        folders=[] if report is None else list(report.folders),
        not_kept=0 if report is None else report.not_kept,
        names_unreadable=0 if report is None else report.names_unreadable,
        totals=[
            OrphanTotals(OrphanState(state), *total)
            for state, total in sorted((await orphans.totals(context.database)).items())
        ],
        failures=await orphans.failures(context.database),
        orphans=[_view(row, settings.kept_seconds) for row in rows],
        next=_next(rows[-1]) if len(rows) == request.limit else None,
    )


async def answer(context: HandlerContext, request: OrphanAnswerRequest) -> Message:
    """Have files moved aside that no torrent knows, left where they are, considered again, or restored.

    Answers at once; what comes of it is in the list. Before a file is moved all clients are asked again.
    """
    mode = context.loaded.config.settings.orphans.mode
    worker = next((one for one in all_workers(context) if one.config.orphans is not None), None)
    if worker is None:
        raise ConflictError("No worker finds orphans: Settings.Orphans.Mode is off, or there is no qBittorrent")
    if request.answer == "move" and mode != "ask":
        raise ConflictError(f"Files are moved on an answer only while Settings.Orphans.Mode is ask; it is {mode}")
    if request.answer == "restore" and worker.config.read_only:
        raise ConflictError("Nothing is changed now: Shadow is on, or a new version has still to prove itself")
    ids = request.ids or (await orphans.waiting_ids(context.database) if request.answer in ("move", "leave") else [])
    if not ids:
        raise NotFoundError("No files wait for an answer")
    if request.ids:
        await _check(context, request)
    for start in range(0, len(ids), _MOST_IDS):
        send(context, worker.config.name, ipc.AnswerOrphans(tuple(ids[start : start + _MOST_IDS]), request.answer))
    files = "1 file" if len(ids) == 1 else f"{len(ids)} files"
    return Message(f"{files}: {_SAID[request.answer]}")


_SAID = {
    "move": "about to be moved, after all clients were asked again",
    "leave": "left where they are",
    "reconsider": "considered again",
    "restore": "about to be moved back",
}
_ANSWERED: dict[Choice, frozenset[OrphanState]] = {
    "move": frozenset({OrphanState.FOUND}),
    "leave": frozenset({OrphanState.FOUND}),
    "reconsider": frozenset({OrphanState.LEFT, OrphanState.RESTORED}),
    "restore": frozenset({OrphanState.ASIDE}),
}


async def _check(context: HandlerContext, request: OrphanAnswerRequest) -> None:
    """Raise NotFoundError for files that are not known, ConflictError for those that cannot be answered so."""
    found = await orphans.of_ids(context.database, request.ids)
    if missing := set(request.ids) - {one.id for one in found}:
        raise NotFoundError(f"There is no file {min(missing)} in the list")
    for one in found:
        if one.state not in _ANSWERED[request.answer]:
            raise ConflictError(f"{one.path} cannot be answered so: it is {one.state}")


def _view(row: OrphanRow, kept_seconds: float) -> OrphanView:
    orphan, file = row.orphan, row.orphan.file
    is_aside = orphan.state is OrphanState.ASIDE
    until = None if orphan.aside_at is None or not is_aside or kept_seconds < 0 else orphan.aside_at + kept_seconds
    return OrphanView(
        id=orphan.id,
        folder=orphan.folder,
        path=orphan.path,
        size_bytes=file.size_bytes,
        modified_at=moment(file.modified_ns / 1e9),
        first_seen_at=moment(orphan.first_seen_at),
        unknown_seconds=orphan.seen_seconds,
        links=file.links,
        state=orphan.state,
        due=row.due,
        approved=orphan.approved,
        because=row.because,
        problem=row.problem,
        proof=row.proof,
        moved_at=moment(orphan.aside_at),
        purge_at=moment(until),
        updated_at=moment(row.updated_at),
    )


def _next(row: OrphanRow) -> str:
    return msgspec.json.encode((row.orphan.file.size_bytes, row.orphan.id)).decode()


def _place(after: str) -> tuple[int, int] | None:
    """Read the place of a page; None for the first one. Raises BadRequestError."""
    if not after:
        return None
    try:
        size, number = msgspec.json.decode(after, type=tuple[int, int])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise invalid("after", after, "Must be `next` of another page") from None
    if max(abs(size), abs(number)) > _LARGEST:
        raise invalid("after", after, "Must be `next` of another page")
    return size, number
