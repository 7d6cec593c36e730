"""Media requests of users, read from Overseerr or Ombi by a timer of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.state import media_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)


class MediaRequestSync:
    """The requests for one category. `changed` is called when other items are requested than before."""

    def __init__(self, context: WorkerContext, changed: Callable[[], None]) -> None:
        self._arr = context.config.arr
        self._requester = context.services.requester
        self._database = context.database
        self._report = context.report
        self._changed = changed

    async def sync(self) -> None:
        """Store the present requests. Raises a ServiceError; the stored ones then stay."""
        if self._arr.kind == "lidarr":
            return
        found = []
        if self._requester is not None:
            with self._report.operation("requests", "search"):
                try:
                    found = await self._requester.requests()
                except ServiceError as error:
                    refused = isinstance(error, CredentialsRejectedError)
                    self._report.waits("requests", self._requester.service, str(error), needs_attention=refused)
                    raise
            self._report.goes_on("requests", self._requester.service)
        change = await media_requests.replace(self._database, self._arr.category, self._arr.kind, found)
        if change.added or change.withdrawn:
            _log.info("requests changed", added=change.added, withdrawn=change.withdrawn, items=change.items)
            self._changed()
