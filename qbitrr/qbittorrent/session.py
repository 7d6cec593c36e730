"""Session with one qBittorrent.

Credentials are an API key (5.2 and later), user and password (cookie), or none when the client trusts this address. All
callers with the same API key share one session, in which only one of them gets deltas, so that a password is preferred
when both are given.

A refused password is tried once: qBittorrent bans an address for an hour after five wrong ones. Several processes share
the address, so that every attempt passes a LoginGuard, which knows of the others. A wrong API key bans no one.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from qbitrr.errors import BannedError, CredentialsRejectedError, ReadOnlyError, RefusedError
from qbitrr.http.api_key import ApiKey
from qbitrr.http.client import HttpClient, Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from qbitrr.http.client import Form, Query

_NOT_LOGGED_IN = frozenset({401, 403})  # 403 without a session; 401 for an API key or, since 5.2, a password


@dataclass(frozen=True, slots=True)
class Access:
    """Address and credentials of one qBittorrent. `base_url` ends before `/api/v2`.

    With `read_only` nothing is sent that changes anything there; a login is.
    """

    service: str
    base_url: str
    user: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    verify_tls: bool = True
    read_only: bool = False

    @property
    def by_api_key(self) -> bool:
        """Whether the API key is used."""
        return bool(self.api_key and not self.password)

    def fingerprint(self) -> str:
        """Identify these credentials; too costly to guess the password from."""
        parts = f"{self.base_url}\0{self.user}\0{self.password}\0{self.api_key}"
        return hashlib.pbkdf2_hmac("sha256", parts.encode(), b"qbitrr login", 100_000, 16).hex()


class LoginGuard(Protocol):
    """Guard of logins: one process at a time tries credentials, and none once they were refused."""

    def attempt(self, service: str, fingerprint: Callable[[], str]) -> AbstractAsyncContextManager[None]:
        """Enclose one attempt; `fingerprint` is called only if credentials of the service were refused, or are now.

        Raises CredentialsRejectedError on entering when these credentials were refused before, and records one that
        leaves the block.
        """
        ...


class Session:
    """Calls to one qBittorrent, with a login when needed."""

    def __init__(self, access: Access, guard: LoginGuard, timeouts: Timeouts | None = None) -> None:
        self._access = access
        self._guard = guard
        self._login_lock = asyncio.Lock()
        self._logins = 0
        self._refused: CredentialsRejectedError | None = None
        self._key = ApiKey(access.service)
        headers = {"Authorization": f"Bearer {access.api_key}"} if access.by_api_key else {}
        self.http = HttpClient(
            access.service,
            f"{access.base_url.rstrip('/')}/api/v2",
            headers=headers,
            verify_tls=access.verify_tls,
            keep_cookies=True,
            timeouts=timeouts,
        )

    @property
    def logins(self) -> int:
        """Number of successful logins. After a new one the server may have started another session."""
        return self._logins

    async def get(self, path: str, query: Mapping[str, Query] | None = None) -> bytes:
        """GET; logs in again when the session has ended. Raises a ServiceError."""
        return await self._call("GET", path, query=query)

    async def post(self, path: str, form: Form) -> bytes:
        """POST a form; logs in again when the session has ended. Raises a ServiceError."""
        if self._access.read_only:
            raise ReadOnlyError(self._access.service, f"POST {path}")
        return await self._call("POST", path, form=form)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Query] | None = None,
        form: Form | None = None,
    ) -> bytes:
        logins = self._logins
        if self._access.by_api_key and not self._key.accepted:  # unlike a password, a key is sent with every call
            await self._log_in(since=logins)
            logins = self._logins
        status, body = await self.http.send(method, path, query=query, form=form, accept=_NOT_LOGGED_IN)
        if status not in _NOT_LOGGED_IN:
            return body
        if status == 401 and not self._access.by_api_key:
            # checked before credentials: without a session it answers 403
            text = f"{method} {path}: status 401; let it accept this host name in its options, Web UI, Security"
            raise RefusedError(self._access.service, text, status)
        await self._log_in(since=logins)
        status, body = await self.http.send(method, path, query=query, form=form, accept=_NOT_LOGGED_IN)
        if status in _NOT_LOGGED_IN:
            text = f"{method} {path}: status {status} although logged in"
            raise RefusedError(self._access.service, text, status)
        return body

    async def _log_in(self, since: int) -> None:
        """Log in unless another task did since `since` was read."""
        async with self._login_lock:
            if self._logins != since:
                return
            if self._access.by_api_key:
                async with self._key.use():
                    await self._try_api_key()
            else:
                await self._log_in_by_password()
            self._logins += 1

    async def _log_in_by_password(self) -> None:
        if self._refused is not None:
            raise self._refused
        async with self._guard.attempt(self._access.service, self._access.fingerprint):
            try:
                await self._try_credentials()
            except CredentialsRejectedError as error:
                self._refused = error  # also here, as the guard may fail to store it
                raise

    async def _try_credentials(self) -> None:
        if self._access.user or self._access.password:
            await self._try_password()
        else:
            raise CredentialsRejectedError(self._access.service, "a login is needed; fill in UserName and Password")

    async def _try_api_key(self) -> None:
        status, _ = await self.http.send("GET", "app/webapiVersion", accept=_NOT_LOGGED_IN)
        if status in _NOT_LOGGED_IN:
            raise CredentialsRejectedError(self._access.service, "the API key is not accepted; correct APIKey")

    async def _try_password(self) -> None:
        service = self._access.service
        form = {"username": self._access.user, "password": self._access.password}
        status, body = await self.http.send("POST", "auth/login", form=form, accept=_NOT_LOGGED_IN)
        if status == 403:
            raise BannedError(service, "this address is banned after failed logins, for an hour by default")
        # 4.x and 5.1 answer a wrong password with 200 and "Fails.", later ones with 401
        if status == 401 or body.strip() == b"Fails.":
            raise CredentialsRejectedError(service, "user or password is not accepted; correct UserName and Password")

    async def close(self) -> None:
        """Close the connections."""
        await self.http.close()
