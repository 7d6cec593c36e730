"""Who may call: the token, the cookie of a login, and which addresses need neither for `/web`."""

from __future__ import annotations

import hmac
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from control.auth import session_cookie
from control.auth.roles import Author
from control.auth.session_cookie import CookieSigner
from qbitrr.errors import UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Network

    from aiohttp.web import Request, Response
    from multidict import MultiMapping

    from control.auth.throttle import LoginThrottle
    from qbitrr.clock import Clock
    from qbitrr.config import WebUI

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network
    Admit = Callable[[Request], None]

# loopback, private (RFC 1918), unique local (RFC 4193) and link-local
INTERNAL = tuple(
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "169.254.0.0/16",
        "fe80::/10",
    )
)
LOOPBACK = INTERNAL[:2]
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class Access:
    """The decision on each request, by the configuration as it is then.

    `webui` returns `[WebUI]` as it is now; `generated_token` is valid while that has no token. `throttle` counts
    refused credentials.
    """

    def __init__(self, webui: Callable[[], WebUI], generated_token: str, throttle: LoginThrottle, clock: Clock) -> None:
        self.throttle = throttle
        self._webui = webui
        self._generated_token = generated_token
        self._clock = clock

    @property
    def webui(self) -> WebUI:
        """`[WebUI]` as it is now."""
        return self._webui()

    @property
    def token(self) -> str:
        """The token that is valid now."""
        return self.webui.token or self._generated_token

    def admit_to_api(self, request: Request) -> None:
        """Admit requests with a credential. Raises UnauthorizedError, TooManyAttemptsError."""
        if not self.has_credential(request):
            raise UnauthorizedError("Unauthorized: Invalid or missing bearer token")

    def admit_to_web(self, request: Request) -> None:
        """Admit requests that `WebUI.WebAccess` allows, and those with a credential.

        `auto` allows private networks, `open` everyone, `token` no one. Raises UnauthorizedError, TooManyAttemptsError.
        """
        webui = self.webui
        if webui.web_access == "open":
            return
        if webui.web_access == "token" or not is_internal(
            request.remote, request.headers, _networks(webui.trusted_proxies)
        ):
            self.admit_to_api(request)

    def has_credential(self, request: Request) -> bool:
        """Whether a request carries the token or the cookie of a login. Raises TooManyAttemptsError."""
        cookie = request.cookies.get(session_cookie.NAME, "")
        if cookie and self.signer("session").is_valid(cookie, self._clock.wall()):
            return True
        if not _offers_token(request.headers):
            return False
        address = self.client_address(request)
        self.throttle.check(address)
        if self.has_token(request):
            return True
        self.throttle.failed(address)
        return False

    def has_token(self, request: Request) -> bool:
        """Whether a request carries the token."""
        return carries_token(request.headers, self.token)

    def author_of(self, request: Request) -> Author:
        """Return the sender of a request. Raises TooManyAttemptsError."""
        local = _is_in(request.remote or "", LOOPBACK) and not any(name in request.headers for name in _FORWARDED)
        return Author(self.client_address(request), local or self.has_credential(request))

    def client_address(self, request: Request) -> str:
        """Return the address of the client: the peer, or what a trusted proxy says of it."""
        peer = request.remote or ""
        proxies = _networks(self.webui.trusted_proxies)
        if not _is_in(peer, proxies):
            return peer
        return next((client for client in _clients(request.headers, proxies) if client), peer)

    def is_https(self, request: Request) -> bool:
        """Whether the browser speaks HTTPS, with us or with a reverse proxy."""
        return request.secure or self.webui.behind_https_proxy

    def signer(self, purpose: str) -> CookieSigner:
        """Return a signer whose values become invalid with a new token or password."""
        return CookieSigner(f"{self.token}\0{self.webui.password_hash}", purpose)

    def start_session(self, response: Response, request: Request) -> None:
        """Set the cookie of a login."""
        response.set_cookie(
            session_cookie.NAME,
            self.signer("session").issue(self._clock.wall()),
            max_age=session_cookie.LIFETIME_SECONDS,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self.is_https(request),
        )

    def end_session(self, response: Response, request: Request) -> None:
        """Delete the cookie of a login."""
        response.del_cookie(
            session_cookie.NAME, path="/", httponly=True, samesite="Strict", secure=self.is_https(request)
        )


def admit_everyone(_request: Request) -> None:
    """Admit every request."""


def carries_token(headers: Mapping[str, str], token: str) -> bool:
    """Whether headers carry the token, as `Authorization: Bearer` or `X-API-Token`. An empty token never matches."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    offered = (bearer, headers.get("X-API-Token", ""))
    return bool(token) and any(equal(text, token) for text in offered)


def equal(offered: str, expected: str) -> bool:
    """Whether two texts are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(offered.encode(errors="surrogateescape"), expected.encode(errors="surrogateescape"))


def is_internal(peer: str | None, headers: MultiMapping[str], proxies: Sequence[Network]) -> bool:
    """Whether a request comes from this machine or a private network, at most through trusted proxies.

    A forwarded header can only make a request external, never internal.
    """
    if not _is_internal_address(peer or ""):
        return False
    if not any(name in headers for name in _FORWARDED):
        return True
    return _is_in(peer or "", proxies) and all(map(_is_internal_address, _clients(headers, proxies)))


def _offers_token(headers: Mapping[str, str]) -> bool:
    return bool(headers.get("X-API-Token")) or headers.get("Authorization", "").lower().startswith("bearer ")


@lru_cache(maxsize=4)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _clients(headers: MultiMapping[str], proxies: Sequence[Network]) -> Iterable[str]:
    """Yield the client that each forwarded header names: its last hop that is not a trusted proxy."""
    hops = {
        "X-Forwarded-For": [hop for value in headers.getall("X-Forwarded-For", ()) for hop in value.split(",")],
        "Forwarded": [_forwarded_for(hop) for value in headers.getall("Forwarded", ()) for hop in value.split(",")],
        "X-Real-IP": list(headers.getall("X-Real-IP", ())),
    }
    for hop_list in hops.values():
        addresses = [_without_port(hop) for hop in hop_list]
        foreign = [address for address in addresses if not _is_in(address, proxies)]
        yield from (foreign or addresses)[-1:]


def _forwarded_for(element: str) -> str:
    """Return the `for` of an element of the Forwarded header (RFC 7239), empty when it has none."""
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return value.strip().strip('"')
    return ""


def _without_port(hop: str) -> str:
    """Return `192.168.1.2:4711`, `[fd00::1]:4711` or `[fd00::1]` without port and brackets."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


@lru_cache(maxsize=1024)
def _is_internal_address(address: str) -> bool:
    return _is_in(address, INTERNAL)


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks; text that is no address is in none."""
    try:
        parsed: Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or IPv6Address(parsed.packed)  # without a zone
    return any(parsed in network for network in networks)
