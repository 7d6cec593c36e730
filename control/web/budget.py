"""Budgets: how much there may be of something at a time, and how much of that for one client.

Nothing is waited for: what does not fit is refused, so that a client that asks for too much shuts out nothing but
itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from qbitrr.errors import OverloadedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUBNET_BITS = 64  # of IPv6: what one client is given by its provider (RFC 6177), all of whose addresses it can use


@lru_cache(maxsize=1024)
def client_of(address: str) -> str:
    """Return the client that an address belongs to: an IPv4 address, or a /64 network of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a Unix socket has none
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    network = int.from_bytes(parsed.packed) >> _SUBNET_BITS << _SUBNET_BITS
    return f"{IPv6Address(network)}/{_SUBNET_BITS}"


class Budget:
    """An amount of something: bytes, connections, requests. `share` is the most for one client.

    The first one of all is never refused, and the first one of a client only by the total: something that is larger
    than the budget is possible, but only alone.
    """

    def __init__(self, what: str, total: int, share: int) -> None:
        self._what = what
        self._total = total
        self._share = share
        self._by_client: dict[str, int] = {}
        self.used = 0
        self.acquired = 0  # since the start

    def acquire(self, client: str, amount: int = 1) -> bool:
        """Acquire an amount, which has to be released later; False when it does not fit."""
        own = self._by_client.get(client, 0)
        fits = not self.used or self.used + amount <= self._total
        if not fits or (own and own + amount > self._share):
            return False
        self.used += amount
        self.acquired += amount
        self._by_client[client] = own + amount
        return True

    def release(self, client: str, amount: int = 1) -> None:
        """Release an amount that was acquired."""
        self.used -= amount
        self._by_client[client] -= amount
        if not self._by_client[client]:
            del self._by_client[client]

    @contextmanager
    def held(self, client: str, amount: int = 1) -> Iterator[None]:
        """Hold an amount within the block. Raises OverloadedError when it does not fit."""
        if not self.acquire(client, amount):
            raise OverloadedError(f"Too many {self._what}; ask again in a moment")
        try:
            yield
        finally:
            self.release(client, amount)
