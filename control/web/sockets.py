"""Listening sockets."""

from __future__ import annotations

import errno
import socket

from qbitrr.errors import ListenError

_BACKLOG = 128


def listen(host: str, port: int) -> list[socket.socket]:
    """Open one listening socket for each address of a host; `::` means every address of IPv4 and IPv6.

    Blocking: it may resolve a name. Raises ListenError when the address cannot be used.
    """
    opened: list[socket.socket] = []
    unavailable: OSError | None = None
    try:
        found = socket.getaddrinfo(
            None if host == "::" else host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
            try:
                opened.append(_listen(family, address))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):  # an IP version that is switched off
                    raise
                unavailable = error
        if unavailable is not None and not opened:
            raise unavailable
    except OSError as error:
        for each in opened:
            each.close()
        raise ListenError(host, port, error.strerror or str(error)) from error
    return opened


def _listen(family: int, address: tuple[str | int, ...] | tuple[int, bytes]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
