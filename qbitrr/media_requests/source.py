"""The application that one Arr's requests come from."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from qbitrr.errors import CredentialsRejectedError, RefusedError
from qbitrr.http.client import HttpClient
from qbitrr.media_requests import ombi, overseerr

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from typing import Protocol

    from qbitrr.config.model import Arr, Ombi, Overseerr
    from qbitrr.media_requests.request import MediaRequest

    class KeyGuard(Protocol):
        """Lets nobody try a key that was refused."""

        def attempt(self, service: str, fingerprint: str) -> AbstractAsyncContextManager[None]:
            """Raises CredentialsRejectedError on entering for one, and remembers one that leaves the block."""
            ...


_FORBIDDEN = 403  # Overseerr's word for a wrong key


class RequestSource:
    """Asks one application for what people want of one Arr.

    A refused key is remembered by `guard`: nothing more is sent until the configuration changes.
    """

    def __init__(
        self,
        http: HttpClient,
        guard: KeyGuard,
        fingerprint: str,
        ask: Callable[[HttpClient], Awaitable[list[MediaRequest]]],
    ) -> None:
        self.service = http.service
        self._http = http
        self._guard = guard
        self._fingerprint = fingerprint
        self._ask = ask

    async def requests(self) -> list[MediaRequest]:
        """What is asked for now. Raises a ServiceError."""
        async with self._guard.attempt(self.service, self._fingerprint):
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


def requester_of(arr: Arr, guard: KeyGuard) -> RequestSource | None:
    """The one that the configuration names; Overseerr when it names both, none for Lidarr."""
    theirs, ours = arr.entry_search.overseerr, arr.entry_search.ombi
    if arr.kind not in ("radarr", "sonarr") or not arr.entry_search.search_missing:
        return None
    if theirs.active:
        http = _http(f"Overseerr of {arr.section}", theirs, "X-Api-Key")
        ask = partial(overseerr.requests, kind=arr.kind, approved_only=theirs.approved_only, is_4k=theirs.is_4k)
        return RequestSource(http, guard, _fingerprint(theirs), ask)
    if ours.active:
        http = _http(f"Ombi of {arr.section}", ours, "ApiKey")
        return RequestSource(
            http, guard, _fingerprint(ours), partial(ombi.requests, kind=arr.kind, approved_only=ours.approved_only)
        )
    return None


def _http(service: str, table: Overseerr | Ombi, header: str) -> HttpClient:
    uri, key = f"{table.uri.rstrip('/')}/api/v1", {header: table.api_key}
    return HttpClient(service, uri, headers=key, verify_tls=not table.skip_tls_verify)


def _fingerprint(table: Overseerr | Ombi) -> str:
    """The same for the same key at the same address; keys are long and random, so that a plain hash hides them."""
    return hashlib.sha256(f"{table.uri}\0{table.api_key}".encode()).hexdigest()[:32]
