"""`arr/<section>/room`: which seeds would go for the space of a download, in which order, and why the others stay."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category
from control.web.answers import moment
from control.worker_lookup import category_of
from qbitrr import ipc
from qbitrr.errors import NotReadyError, ProtocolError

_SECONDS = 11.0  # longer than the worker has for it


class RoomRequest(Struct, frozen=True):
    """The Arr whose seeds are meant, and for how much room."""

    section: Category
    bytes: Annotated[
        int,
        Meta(description="For so many bytes. 0: for the download that waits first, or for as much as there is.", ge=0),
    ] = 0


class SeedView(Struct, frozen=True, rename="camel"):
    """A seed, whether it would go, and why or why not. Null is not known.

    `freesBytes` is null until its files were looked up; `uploadPerDay` is in bytes for each GiB of it, over all days
    since `completedAt`.
    """

    hash: str
    instance: str
    name: str
    goes: bool
    because: str
    size_bytes: int
    frees_bytes: int | None
    superseded: bool
    other_seeders: int | None
    upload_per_day: float | None
    completed_at: datetime


class RoomView(Struct, frozen=True, rename="camel"):
    """A dry run of `MakeRoom`: those that would go come first, the least valuable at the top, two hundred at most.

    `download` waits for `lacksBytes`; it is empty when none does. All that would go frees `freesBytes` of `sizeBytes`
    in `seeds` complete torrents; `lookedUp` says whether it is known of each of them. `stopped` is why nothing goes any
    more.
    """

    category: str
    enabled: bool
    stopped: str
    download: str
    lacks_bytes: int
    frees_bytes: int
    seeds: int
    size_bytes: int
    looked_up: bool
    rows: list[SeedView]


async def plan(context: HandlerContext, request: RoomRequest) -> RoomView:
    """Say which seeds of an Arr would go for space, in which order and why, also while `MakeRoom` is off.

    Nothing is changed; its worker judges every torrent as it is now.
    """
    category = category_of(context, request.section)
    process = context.workers.processes.get(category)
    if process is None:
        raise NotReadyError(f"The worker of {category} does not run; ask again when it does")
    try:
        found = await process.ask(lambda number: ipc.PlanRoom(number, request.bytes), ipc.RoomPlan, _SECONDS)
    except (TimeoutError, ProtocolError):
        raise NotReadyError(f"The worker of {category} did not answer in time") from None
    if found.error:
        raise NotReadyError(found.error)
    return RoomView(
        category=category,
        enabled=found.enabled,
        stopped=found.stopped,
        download=found.download,
        lacks_bytes=found.lacks_bytes,
        frees_bytes=found.frees_bytes,
        seeds=found.seeds,
        size_bytes=found.size_bytes,
        looked_up=found.looked_up,
        rows=[_seed(row) for row in found.rows],
    )


def _seed(row: ipc.RoomSeed) -> SeedView:
    return SeedView(
        hash=row.infohash,
        instance=row.instance,
        name=row.name,
        goes=row.goes,
        because=row.because,
        size_bytes=row.size_bytes,
        frees_bytes=row.frees_bytes,
        superseded=row.superseded,
        other_seeders=row.other_seeders,
        upload_per_day=row.upload_per_day,
        completed_at=moment(row.completed_at),
    )
