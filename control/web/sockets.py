"""Sockets: listening on an address, and the Unix socket for the user's own programs."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qbitrr.errors import ListenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BACKLOG = 128
_LONGEST_UNIX_NAME = 107  # bytes, see unix(7)


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


def listen_unix(path: Path) -> socket.socket:
    """Open a listening Unix socket that only its owner can connect to; one that is left over there is replaced.

    Raises OSError.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), 0o600)  # becomes the mode of the file when it is bound
        path.unlink(missing_ok=True)
        with _unix_name(path) as name:
            listener.bind(name)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def is_bound_to(listener: socket.socket, path: Path) -> bool:
    """Whether a socket is the Unix socket of a path."""
    if listener.family != socket.AF_UNIX:
        return False
    name = str(listener.getsockname())
    return name == str(path) or (name.startswith("/proc/self/fd/") and name.endswith(f"/{path.name}"))


def connect_unix(path: Path, timeout_seconds: float) -> socket.socket:
    """Connect to a Unix socket. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_seconds)
        with _unix_name(path) as name:
            connection.connect(name)
    except OSError:
        connection.close()
        raise
    return connection


@contextmanager
def _unix_name(path: Path) -> Iterator[str]:
    """A name for a path that fits into an address: a long path goes by a descriptor of its folder."""
    if len(os.fsencode(path)) <= _LONGEST_UNIX_NAME:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
