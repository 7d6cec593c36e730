"""Who may call: the token, the session of a login, users of this machine, and addresses for what needs none of them."""

from __future__ import annotations

import hmac
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Literal

from multidict import CIMultiDict

from control.auth.addresses import (
    client_address,
    is_forwarded,
    is_in,
    is_internal,
    is_local,
    is_own,
    is_unix,
    own_address,
    proxy_networks,
)
from control.auth.exposure import exposure
from control.auth.peer import PeerUsers, is_own_user, unix_peer_uid
from control.auth.rights import Right
from control.auth.roles import Author, Caller
from control.auth.session_cookie import CookieSigner
from control.auth.sessions import COOKIE, LIFETIME_SECONDS
from control.auth.throttle import RequestLimit
from qbitrr.errors import UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiohttp.web import Request, Response

    from control.auth.addresses import Network
    from control.auth.rights import Rights
    from control.auth.sessions import Method, Session, Sessions
    from control.auth.throttle import LoginThrottle
    from qbitrr.clock import Clock
    from qbitrr.config.model import WebAccess, WebUI

    Admit = Callable[[Request, Rights], Awaitable[Author]]

_NO_HEADERS: CIMultiDict[str] = CIMultiDict()


class Access:
    """The decision on each request, by the configuration as it is then.

    `webui` returns `[WebUI]` as it is now; `generated_token` is valid while that has no token. `throttle` counts
    refused credentials, `sessions` are the logins. `control_socket` is the name that the control socket is bound to,
    None without one.
    """

    def __init__(
        self,
        webui: Callable[[], WebUI],
        generated_token: str,
        throttle: LoginThrottle,
        sessions: Sessions,
        clock: Clock,
        *,
        in_container: bool = False,
        control_socket: str | None = None,
    ) -> None:
        self.throttle = throttle
        self.sessions = sessions
        self._webui = webui
        self._generated_token = generated_token
        self._clock = clock
        self._in_container = in_container
        self._control_socket = control_socket
        self._limit = RequestLimit(clock)
        self._peers = PeerUsers()
        self._placed: tuple[WebUI, Callable[[str, str], Author]] | None = None

    def close(self) -> None:
        """Finish what the threads of logins are doing. Blocking."""
        self.sessions.close()
        self._peers.close()

    @property
    def webui(self) -> WebUI:
        """`[WebUI]` as it is now."""
        return self._webui()

    @property
    def token(self) -> str:
        """The token that is valid now."""
        return self.webui.token or self._generated_token

    @property
    def web_access(self) -> WebAccess:
        """Who may read `/web` without a credential now."""
        return exposure(self.webui, in_container=self._in_container).access

    async def admit_to_api(self, request: Request, rights: Rights) -> Author:
        """Admit a request with a credential. Raises UnauthorizedError, TooManyAttemptsError."""
        author = self._by_credential(request, Author(self.client_address(request), Caller.OUTSIDE))
        if author.caller is Caller.OUTSIDE:
            raise UnauthorizedError("Unauthorized: Invalid or missing bearer token")
        rights.require(author)
        return author

    async def admit_to_web(self, request: Request, rights: Rights) -> Author:
        """Admit a request whose author has the right; a proof is only asked for when it makes a difference.

        Raises UnauthorizedError, ForbiddenError, TooManyAttemptsError, TooManyRequestsError.
        """
        author = self._by_place(request)
        if rights.of(author.caller) is not Right.YES:
            author = await self._by_proof(request, author)
        if rights.require(author) is Right.RATED:
            self._limit.count(author.address)
        return author

    async def admit_everyone(self, request: Request, _rights: Rights) -> Author:
        """Admit every request, without a check of its credentials."""
        return self._by_place(request)

    def credential(self, request: Request) -> str:
        """Name the credential of a request, such as "token"; empty without one. Raises TooManyAttemptsError."""
        author = self._by_credential(request, Author("", Caller.OUTSIDE))
        return author.proof if author.caller is Caller.CREDENTIAL else ""

    def token_of(self, request: Request) -> Literal["", "token", "read token"]:
        """Name the token that a request carries; a wrong one is counted. Raises TooManyAttemptsError."""
        if not _offers_token(request.headers):
            return ""
        address = self.client_address(request)
        self.throttle.check(address)
        if carries_token(request.headers, self.token):
            return "token"
        if carries_token(request.headers, self.webui.read_token):
            return "read token"
        self.throttle.failed(address)
        return ""

    def _by_credential(self, request: Request, author: Author) -> Author:
        """Return the author as its session or token proves it, and as it was without one.

        A token for reading proves less than a place does that may read.
        """
        session = self.session_of(request)
        proof = self.token_of(request) if session is None else f"session {session.id}"
        if proof == "read token":
            return replace(author, caller=Caller.READER, proof=proof) if author.caller is Caller.OUTSIDE else author
        return replace(author, caller=Caller.CREDENTIAL, proof=proof) if proof else author

    def _by_place(self, request: Request) -> Author:
        """Return the author by where a request comes from."""
        if is_unix(request):
            return self._by_control_socket(request)
        if not is_forwarded(request.headers):
            return self._by_addresses(request.remote or "", own_address(request))
        address, web_access = self.client_address(request), self.web_access
        is_inside = is_internal(request.remote, request.headers, proxy_networks(self.webui.trusted_proxies))
        return Author(address, _caller_from(web_access, is_inside=is_inside, is_local=False))

    def _by_addresses(self, peer: str, ours: str) -> Author:
        """Return the author of a direct request, decided once for both addresses while the configuration stays."""
        webui = self.webui
        if self._placed is None or self._placed[0] is not webui:
            proxies = proxy_networks(webui.trusted_proxies)
            decide = partial(_author_by_addresses, web_access=self.web_access, proxies=proxies)
            self._placed = webui, lru_cache(maxsize=1024)(decide)
        return self._placed[1](peer, ours)

    def _by_control_socket(self, request: Request) -> Author:
        """The control socket proves the user; any other Unix socket may be the back of a proxy, and proves nothing."""
        transport = request.transport
        if transport is not None and transport.get_extra_info("sockname") == self._control_socket:
            uid = unix_peer_uid(transport.get_extra_info("socket"))
            if is_own_user(uid) and not is_forwarded(request.headers):
                return Author("control socket", Caller.OWN_USER, f"uid {uid}")
        return Author("", Caller.OUTSIDE)

    async def _by_proof(self, request: Request, author: Author) -> Author:
        """Return the author with what it proves: a credential, or that it is the daemon's user or root."""
        author = self._by_credential(request, author)
        if author.caller is Caller.CREDENTIAL:
            return author
        if self.web_access == "token" or not is_local(request) or request.transport is None:
            return author
        peer, ours = (request.transport.get_extra_info(name) for name in ("peername", "sockname"))
        uid = await self._peers.uid_of(peer[:2], ours[:2])
        if uid is None or not is_own_user(uid):
            return author
        return replace(author, caller=Caller.OWN_USER, proof=f"uid {uid}")

    def client_address(self, request: Request) -> str:
        """Return the address of the client: the peer, or what a trusted proxy says of it."""
        return client_address(request.remote or "", request.headers, proxy_networks(self.webui.trusted_proxies))

    def is_proxy(self, address: str) -> bool:
        """Whether an address is that of a trusted proxy, whose connections come from many clients."""
        return is_in(address, proxy_networks(self.webui.trusted_proxies))

    def is_https(self, request: Request) -> bool:
        """Whether the browser speaks HTTPS, with us or with a reverse proxy."""
        return request.secure or self.webui.behind_https_proxy

    def signer(self, purpose: str) -> CookieSigner:
        """Return a signer whose values become invalid with a new token or password."""
        return CookieSigner(f"{self.token}\0{self.webui.password_hash}", purpose)

    def session_of(self, request: Request) -> Session | None:
        """The valid session whose cookie a request carries."""
        cookie = request.cookies.get(COOKIE, "")
        session = self.sessions.find(cookie) if cookie else None
        return session if session is not None and self._is_granted(session) else None

    def valid_sessions(self) -> list[Session]:
        """Every session that is valid now, the newest first."""
        return [session for session in self.sessions.all() if self._is_granted(session)]

    async def start_session(self, response: Response, request: Request, method: Method, user: str = "") -> None:
        """Start a session and set its cookie."""
        cookie = await self.sessions.start(method, user, self.client_address(request), self._grounds(method))
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=LIFETIME_SECONDS,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self.is_https(request),
        )

    async def end_session(self, response: Response, request: Request) -> None:
        """End the session of a request, and delete its cookie. Raises StateError."""
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=self.is_https(request))
        session = self.session_of(request)
        if session is not None:
            await self.sessions.end(lambda one: one == session)

    def _is_granted(self, session: Session) -> bool:
        return equal(session.grounds, self._grounds(session.method))

    def _grounds(self, method: Method) -> str:
        """What a session is granted by, as a text from which none of it can be learnt.

        With another token or password all sessions end, with other rules for logins those of that kind.
        """
        webui = self.webui
        rules: dict[Method, list[object]] = {
            "password": [webui.local_auth_enabled, webui.username],
            "provider": [webui.oidc_enabled, webui.oidc],
        }
        return self.signer("session").derive(repr(rules.get(method)), method)


def carries_token(headers: Mapping[str, str], token: str) -> bool:
    """Whether headers carry the token, as `Authorization: Bearer` or `X-API-Token`. An empty token never matches."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    offered = (bearer, headers.get("X-API-Token", ""))
    return bool(token) and any(equal(text, token) for text in offered)


def equal(offered: str, expected: str) -> bool:
    """Whether two texts are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(offered.encode(errors="surrogateescape"), expected.encode(errors="surrogateescape"))


def _author_by_addresses(peer: str, ours: str, web_access: WebAccess, proxies: Sequence[Network]) -> Author:
    """Return the author of a request that names no proxy. One that comes from a proxy all the same hides its client."""
    is_inside = is_internal(peer, _NO_HEADERS, proxies)
    return Author(peer, _caller_from(web_access, is_inside=is_inside, is_local=is_own(peer, ours)))


def _caller_from(web_access: WebAccess, *, is_inside: bool, is_local: bool) -> Caller:
    if web_access == "token":
        return Caller.OUTSIDE
    if not is_inside:
        return Caller.PRIVATE if web_access == "open" else Caller.OUTSIDE
    return Caller.LOCAL_USER if is_local else Caller.PRIVATE


def _offers_token(headers: Mapping[str, str]) -> bool:
    return bool(headers.get("X-API-Token")) or headers.get("Authorization", "").lower().startswith("bearer ")
