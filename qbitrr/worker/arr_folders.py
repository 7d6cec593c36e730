"""Where the Arr has its library: read once an hour and stored for the worker that finds orphans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.arr import facts
from qbitrr.state import orphans

if TYPE_CHECKING:
    from qbitrr.worker.context import WorkerContext

READ_SECONDS = 3600.0


async def read(context: WorkerContext) -> None:
    """Read and store root folders and path mappings. Raises a ServiceError; what was stored then stays, and ages."""
    arr = context.services.arr
    found = facts.arr_folders(await arr.root_folders(), await arr.path_mappings(), await arr.download_clients())
    await orphans.store_arr_folders(context.database, context.config.name, found, context.clock.wall())
