"""Journal: log lines in the native protocol of journald, with every field as a field of its own.

`journalctl -u qbitrr QBITRR_CATEGORY=radarr-4k -p warning` finds what the terminal shows as `category='radarr-4k'`.
The protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
"""

from __future__ import annotations

import array
import errno
import fcntl
import logging
import os
import re
import socket
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ADDRESS = "/run/systemd/journal/socket"
_SEALS = 0x1 | 0x2 | 0x4 | 0x8  # seal, shrink, grow, write: linux/fcntl.h
_ADD_SEALS = 1033
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9]+")
_LONGEST_NAME = 64
_OWN = frozenset({"level", "timestamp", "exception"})  # they have other fields, or are in MESSAGE
_LONGEST_VALUE_BYTES = 1 << 20  # below the limit of journald itself


def started_by_systemd(environ: Mapping[str, str]) -> bool:
    """Whether stderr goes to journald, which then can have the fields too."""
    try:
        stderr = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"


class JournalHandler(logging.Handler):
    """Sends every record to journald; one that it cannot receive at once is lost, and counted in the next.

    `shown` makes the text of a field from its name and value, without secrets.
    """

    def __init__(self, shown: Callable[[str, object], str], address: str = ADDRESS) -> None:
        super().__init__()
        self._shown = shown
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record. A failure of logging must not reach its caller."""
        try:
            self._send(_entry(record, self.format(record), self._lost, self._shown))
        except OSError:
            self._lost += 1
        except Exception:  # noqa: BLE001 - a border: logging prints its own errors on stderr
            self.handleError(record)
        else:
            self._lost = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()

    def _send(self, entry: bytes) -> None:
        try:
            self._socket.sendto(entry, self._address)
        except OSError as error:
            if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                raise
            self._send_as_file(entry)

    def _send_as_file(self, entry: bytes) -> None:
        """Send what is too large for a datagram as a sealed file in memory."""
        descriptor = os.memfd_create("journal", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(entry)
            fcntl.fcntl(descriptor, _ADD_SEALS, _SEALS)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))
            self._socket.sendmsg([b""], [rights], 0, self._address)
        finally:
            os.close(descriptor)


def _entry(record: logging.LogRecord, message: str, lost: int, shown: Callable[[str, object], str]) -> bytes:
    event = record.msg if isinstance(record.msg, dict) else {}
    fields = {
        "MESSAGE": message,
        "PRIORITY": _priority(record.levelno),
        "SYSLOG_IDENTIFIER": "qbitrr",
        "CODE_FILE": record.pathname,
        "CODE_LINE": record.lineno,
        "CODE_FUNC": record.funcName,
        "LOGGER": record.name,
        **{
            _name(key): shown(key, value) for key, value in event.items() if key not in _OWN and not key.startswith("_")
        },
    }
    if lost:
        fields["QBITRR_LOST_BEFORE"] = lost
    return b"".join(_field(name, str(value)) for name, value in fields.items())


def _name(key: str) -> str:
    """The name of a field for journald: capitals, digits and underscores."""
    return f"QBITRR_{_NOT_IN_NAMES.sub('_', key.upper())}"[:_LONGEST_NAME]


def _field(name: str, value: str) -> bytes:
    """`NAME=value`, or framed by its length when the value has a line break."""
    data = value.encode("utf-8", "backslashreplace")
    if len(data) > _LONGEST_VALUE_BYTES:
        data = data[:_LONGEST_VALUE_BYTES].decode("utf-8", "ignore").encode()
    if b"\n" in data:
        return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
    return name.encode() + b"=" + data + b"\n"


def _priority(level: int) -> int:
    """The level of syslog(3) for one of logging; NOTICE is between INFO and WARNING."""
    for least, priority in ((50, 2), (40, 3), (30, 4), (23, 5), (20, 6)):
        if level >= least:
            return priority
    return 7
