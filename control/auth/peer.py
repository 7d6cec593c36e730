"""The user at the other end of a connection on this machine, as the kernel knows it.

An address says nothing of a user: every account of a machine shares its addresses. For a TCP connection within the
machine the kernel lists the socket of the other end with its owner in /proc/net/tcp and tcp6 (proc_pid_net(5)), for a
Unix socket it keeps the credentials of the process that connected (SO_PEERCRED, unix(7)).
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    Endpoint = tuple[str, int]  # address and port

_log = logs.get(__name__)

_TABLES = {4: Path("/proc/self/net/tcp"), 6: Path("/proc/self/net/tcp6")}
_CHUNK_BYTES = 1 << 16
_MOST_BYTES = 16 << 20  # of a table: about 100,000 connections
_MOST_WAITING = 256  # look-ups at a time; each takes about a millisecond, and beyond that callers stay unproven
_LOOKUP_SECONDS = 10.0  # on a machine that is busy; callers wait one after the other
_ATTEMPTS = 2  # the table is read in pieces: a connection can be missed while others come and go

# Only a socket that a process still holds has its owner in the table: without a process (inode 0) root is shown.
# Established, FIN_WAIT1, FIN_WAIT2 and CLOSE_WAIT: a socket that only tries to connect may be another one.
_CONNECTED = frozenset({b"01", b"04", b"05", b"08"})
_UNMAPPED_UID = 65534  # of every user that a user namespace does not know (user_namespaces(7))
# Podman's port forwarders connect from within the container as its root, whoever the client is.
_PODMAN_MARK = Path("/run/.containerenv")
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


def is_own_user(uid: int) -> bool:
    """Whether a user is root or that of this process."""
    return uid == 0 or (uid == os.geteuid() and uid != _UNMAPPED_UID)


def unix_peer_uid(connection: socket.socket) -> int:
    """Read the user of the process that connected to a Unix socket."""
    _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(uid)


class PeerUsers:
    """Look-up of the users of TCP peers, in a thread of its own: the tables may be long."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "peer-users")
        self._waiting = 0

    def close(self) -> None:
        """Finish what the thread is doing. Blocking."""
        self._thread.shutdown()

    async def uid_of(self, peer: Endpoint, ours: Endpoint) -> int | None:
        """Return the user who holds the socket `peer` that is connected to `ours`; None when that is not known."""
        if self._waiting >= _MOST_WAITING:
            return None
        self._waiting += 1
        try:
            async with asyncio.timeout(_LOOKUP_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._thread, _uid_of, peer, ours)
        except (OSError, TimeoutError) as error:
            _log.warning("user of a peer could not be looked up", error=str(error) or type(error).__name__)
            return None
        finally:
            self._waiting -= 1


def _uid_of(peer: Endpoint, ours: Endpoint) -> int | None:
    if _PODMAN_MARK.exists():
        return None
    wanted = list(_entries(peer, ours))
    for _ in range(_ATTEMPTS):
        for version, entry in wanted:
            uid = _find(_TABLES[version], entry)
            if uid is not None:
                return uid
    return None


def _entries(peer: Endpoint, ours: Endpoint) -> Iterator[tuple[int, bytes]]:
    """Yield each table in which the peer's socket may be, with its addresses as they are written there."""
    (address, port), (our_address, our_port) = peer, ours
    pair = _parse(address), _parse(our_address)
    for version in (4, 6) if all(isinstance(one, IPv4Address) for one in pair) else (6,):
        local, remote = (_written(one, version) for one in pair)
        yield version, f": {local}:{port:04X} {remote}:{our_port:04X} ".encode()


def _parse(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _written(address: IPv4Address | IPv6Address, version: int) -> str:
    """Write an address as the tables do: 32-bit words in the byte order of the machine, in hexadecimal."""
    packed = address.packed
    if version == 6 and len(packed) == 4:
        packed = bytes(10) + b"\xff\xff" + packed  # an IPv6 socket that talks IPv4
    return "".join(f"{word:08X}" for (word,) in struct.iter_unpack("=I", packed))


def _find(table: Path, entry: bytes) -> int | None:
    """Search a table for an entry; the end of a table that is too long is not searched."""
    try:
        file = table.open("rb", buffering=0)
    except FileNotFoundError:  # without IPv6
        return None
    with file:
        rest, left = b"", _MOST_BYTES
        while left > 0 and (chunk := file.read(_CHUNK_BYTES)):
            left -= len(chunk)
            lines, newline, rest = (rest + chunk).rpartition(b"\n")
            uid = owner_in(lines + newline, entry)
            if uid is not None:
                return uid
    return None


def owner_in(lines: bytes, entry: bytes) -> int | None:
    """Return the user of the connected socket with this entry among whole lines of a table; None when there is none.

    The fields of a line: number, local and remote address, state, queues, timer, retransmissions, uid, timeout, inode.
    """
    at = lines.find(entry)
    while at >= 0:
        _, _, state, _, _, _, uid, _, inode, *_ = lines[at + 1 : lines.find(b"\n", at)].split()
        if state in _CONNECTED and inode != b"0":
            return int(uid)
        at = lines.find(entry, at + 1)
    return None
