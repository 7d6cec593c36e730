"""Addresses: where a request comes from, by its peer and by what proxies say of their clients."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Network

    from aiohttp.web import Request
    from multidict import MultiMapping

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

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
# With one of these a proxy is in between, whether or not it says for whom.
_MARKS_OF_PROXIES = (
    "X-Forwarded-For",
    "Forwarded",
    "X-Real-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
    "Via",
    "X-Client-IP",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
)


def is_internal(peer: str | None, headers: MultiMapping[str], proxies: Sequence[Network]) -> bool:
    """Whether a request comes from this machine or a private network, at most through trusted proxies.

    A header can only make a request external, never internal. A trusted proxy that names no client hides it.
    """
    if not is_in(peer or "", INTERNAL):
        return False
    through_trusted = is_in(peer or "", proxies)
    if not is_forwarded(headers):
        return not through_trusted
    clients = list(_clients(headers, proxies))
    return through_trusted and bool(clients) and all(is_in(client, INTERNAL) for client in clients)


def client_address(peer: str, headers: MultiMapping[str], proxies: Sequence[Network]) -> str:
    """Return the address of a client: the peer, or what a trusted proxy says of it, unless that is no address."""
    if not is_in(peer, proxies):
        return peer
    return next((client for client in _clients(headers, proxies) if _parsed(client)), peer)


def is_forwarded(headers: Mapping[str, str]) -> bool:
    """Whether a proxy is in between, trusted or not."""
    return any(map(headers.__contains__, _MARKS_OF_PROXIES))


def is_unix(request: Request) -> bool:
    """Whether a request came through a Unix socket, which has no addresses."""
    return request.transport is not None and isinstance(request.transport.get_extra_info("sockname"), str | bytes)


def is_local(request: Request) -> bool:
    """Whether a request was sent on this machine, and says nothing of a proxy."""
    return not is_forwarded(request.headers) and is_own(request.remote or "", own_address(request))


def is_own(peer: str, ours: str) -> bool:
    """Whether a peer is on this machine: it has an address of loopback, or the very one that it connected to."""
    return bool(ours) and (peer == ours or is_in(peer, LOOPBACK))


def own_address(request: Request) -> str:
    """The address that a request was sent to, empty when the connection is gone."""
    name = None if request.transport is None else request.transport.get_extra_info("sockname")
    return str(name[0]) if name else ""


@lru_cache(maxsize=4)
def proxy_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Return the networks of trusted proxies that `TrustedProxies` names."""
    return tuple(ip_network(text) for text in texts)


def is_in(address: str, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks; text that is no address is in none."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _clients(headers: MultiMapping[str], proxies: Sequence[Network]) -> Iterable[str]:
    """Yield the client that each forwarded header names: its last hop that is not a trusted proxy."""
    hops = {
        "X-Forwarded-For": [hop for value in headers.getall("X-Forwarded-For", ()) for hop in value.split(",")],
        "Forwarded": [_forwarded_for(hop) for value in headers.getall("Forwarded", ()) for hop in value.split(",")],
        "X-Real-IP": list(headers.getall("X-Real-IP", ())),
    }
    for hop_list in hops.values():
        addresses = [_without_port(hop) for hop in hop_list]
        foreign = [address for address in addresses if not is_in(address, proxies)]
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
def _parsed(address: str) -> Address | None:
    """Return an address without its zone, an IPv4 address that is written as one of IPv6 as such; None for other text.

    It is needed several times for each request, and costs as much as all else that access does.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or IPv6Address(parsed.packed)) if isinstance(parsed, IPv6Address) else parsed
