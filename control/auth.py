"""Who may call: the token, and which peers need none for `/web`.

`WebUI.WebAccess` decides on `/web`: `auto` lets private networks in, `open` everybody, `token` only who has it.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from qbitrr.errors import UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Network

    from aiohttp.web import Request
    from multidict import MultiMapping

    from control.context import Context

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
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


def carries_token(headers: Mapping[str, str], token: str) -> bool:
    """Whether a request has the token, as `Authorization: Bearer` or `X-API-Token`. An empty token never fits."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    expected = token.encode(errors="surrogateescape")
    offered = (bearer, headers.get("X-API-Token", ""))
    fits = [hmac.compare_digest(text.encode(errors="surrogateescape"), expected) for text in offered]
    return bool(token) and any(fits)


def admit_with_token(context: Context) -> Admit:
    """Only who has the token. Raises UnauthorizedError."""

    def admit(request: Request) -> None:
        if not carries_token(request.headers, context.token):
            raise UnauthorizedError("Unauthorized: Invalid or missing bearer token")

    return admit


def admit_to_web(context: Context) -> Admit:
    """Who may use `/web`, as configured. Raises UnauthorizedError."""
    webui = context.loaded.config.webui
    with_token = admit_with_token(context)
    if webui.web_access == "open":
        return admit_anybody
    if webui.web_access == "token":
        return with_token
    proxies = tuple(ip_network(proxy) for proxy in webui.trusted_proxies)

    def admit(request: Request) -> None:
        if not is_internal(request.remote, request.headers, proxies):
            with_token(request)

    return admit


def admit_anybody(_request: Request) -> None:
    """Everybody."""


def is_internal(peer: str | None, headers: MultiMapping[str], proxies: Sequence[Network]) -> bool:
    """Whether a request comes from this machine or a private network, through trusted proxies at most.

    A forwarded header never lets anybody in: what it says can only shut out.
    """
    if not _is_internal_address(peer or ""):
        return False
    if not any(name in headers for name in _FORWARDED):
        return True
    return _is_in(peer or "", proxies) and all(map(_is_internal_address, _clients(headers, proxies)))


def _clients(headers: MultiMapping[str], proxies: Sequence[Network]) -> Iterable[str]:
    """Who each forwarded header says the client is: the last hop that is not a trusted proxy."""
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
    """The `for` of an element of the Forwarded header (RFC 7239); empty when it has none."""
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return value.strip().strip('"')
    return ""


def _without_port(hop: str) -> str:
    """`192.168.1.2:4711`, `[fd00::1]:4711` and `[fd00::1]` without port and brackets."""
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
