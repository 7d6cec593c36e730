"""The application in which users request media for one Arr."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qbitrr.config.model import Overseerr
from qbitrr.errors import CredentialsRejectedError, RefusedError
from qbitrr.http.api_key import ApiKey
from qbitrr.http.client import HttpClient
from qbitrr.media_requests import ombi, overseerr

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qbitrr.config.model import Arr, Ombi
    from qbitrr.http.client import Timeouts
    from qbitrr.media_requests.request import MediaRequest

_FORBIDDEN = 403  # Overseerr's answer to a wrong key


class RequestSource:
    """Source of the requests for one Arr. A refused key is not sent again and again."""

    def __init__(self, http: HttpClient, ask: Callable[[HttpClient], Awaitable[list[MediaRequest]]]) -> None:
        self.service = http.service
        self._http = http
        self._key = ApiKey(http.service)
        self._ask = ask

    async def requests(self) -> list[MediaRequest]:
        """List the open requests. Raises a ServiceError."""
        async with self._key.use():
            try:
                return await self._ask(self._http)
            except RefusedError as error:
                if error.http_status != _FORBIDDEN:
                    raise
                text = "the API key was not accepted, or may not see all requests"
                raise CredentialsRejectedError(self.service, text) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def configured_source(arr: Arr) -> RequestSource | None:
    """Make the configured one; Overseerr if both are, None for Lidarr."""
    search = arr.entry_search
    if arr.kind not in ("radarr", "sonarr") or not search.search_missing:
        return None
    table = search.overseerr if search.overseerr.active else search.ombi
    return source_of(arr.section, arr.kind, table) if table.active else None


def source_of(section: str, kind: str, table: Overseerr | Ombi, timeouts: Timeouts | None = None) -> RequestSource:
    """Make the source of the requests for a Radarr or a Sonarr."""
    ask: Callable[[HttpClient], Awaitable[list[MediaRequest]]]
    if isinstance(table, Overseerr):
        name, header = "Overseerr", "X-Api-Key"
        ask = partial(overseerr.requests, kind=kind, approved_only=table.approved_only, is_4k=table.is_4k)
    else:
        name, header = "Ombi", "ApiKey"
        ask = partial(ombi.requests, kind=kind, approved_only=table.approved_only)
    http = HttpClient(
        f"{name} of {section}",
        f"{table.uri.rstrip('/')}/api/v1",
        headers={header: table.api_key},
        verify_tls=not table.skip_tls_verify,
        timeouts=timeouts,
    )
    return RequestSource(http, ask)
