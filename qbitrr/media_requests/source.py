"""The application that one Arr's requests come from."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from qbitrr.errors import CredentialsRejectedError, RefusedError
from qbitrr.http.client import Remote
from qbitrr.media_requests import ombi, overseerr

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from typing import Protocol

    from qbitrr.config.model import Arr, Ombi, Overseerr
    from qbitrr.media_requests.request import Wish

    class KeyGuard(Protocol):
        """Lets nobody try a key that was refused."""

        def attempt(self, service: str, fingerprint: str) -> AbstractAsyncContextManager[None]:
            """Raises CredentialsRejectedError on entering for one, and remembers one that leaves the block."""
            ...


_FORBIDDEN = 403  # Overseerr's word for a wrong key


class Requester:
    """Asks one application for what people want of one Arr.

    A refused key is remembered by `guard`: nothing more is sent until the configuration changes.
    """

    def __init__(
        self, remote: Remote, guard: KeyGuard, fingerprint: str, ask: Callable[[Remote], Awaitable[list[Wish]]]
    ) -> None:
        self.service = remote.service
        self._remote = remote
        self._guard = guard
        self._fingerprint = fingerprint
        self._ask = ask

    async def wishes(self) -> list[Wish]:
        """What is asked for now. Raises a ServiceError."""
        async with self._guard.attempt(self.service, self._fingerprint):
            try:
                return await self._ask(self._remote)
            except RefusedError as error:
                if error.http_status != _FORBIDDEN:
                    raise
                text = "the API key was not accepted, or may not see all requests"
                raise CredentialsRejectedError(self.service, text) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._remote.close()


def requester_of(arr: Arr, guard: KeyGuard) -> Requester | None:
    """The one that the configuration names; Overseerr when it names both, none for Lidarr."""
    theirs, ours = arr.entry_search.overseerr, arr.entry_search.ombi
    if arr.kind not in ("radarr", "sonarr") or not arr.entry_search.search_missing:
        return None
    if theirs.active:
        remote = _remote(f"Overseerr of {arr.section}", theirs, "X-Api-Key")
        ask = partial(overseerr.wishes, kind=arr.kind, approved_only=theirs.approved_only, is_4k=theirs.is_4k)
        return Requester(remote, guard, _fingerprint(theirs), ask)
    if ours.active:
        remote = _remote(f"Ombi of {arr.section}", ours, "ApiKey")
        return Requester(
            remote, guard, _fingerprint(ours), partial(ombi.wishes, kind=arr.kind, approved_only=ours.approved_only)
        )
    return None


def _remote(service: str, table: Overseerr | Ombi, header: str) -> Remote:
    uri, key = f"{table.uri.rstrip('/')}/api/v1", {header: table.api_key}
    return Remote(service, uri, headers=key, verify_tls=not table.skip_tls_verify)


def _fingerprint(table: Overseerr | Ombi) -> str:
    """The same for the same key at the same address; keys are long and random, so that a plain hash hides them."""
    return hashlib.sha256(f"{table.uri}\0{table.api_key}".encode()).hexdigest()[:32]
