"""A network of its own for programs of a test: loopback alone, on which every port is free. As root."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_HOLDER = """\
import fcntl, socket, struct, sys
with socket.socket() as asked:  # SIOCSIFFLAGS of netdevice(7): loopback is up
    fcntl.ioctl(asked, 0x8914, struct.pack("16sh22x", b"lo", 1))
print(flush=True)
sys.stdin.read()
"""


class OwnNetwork:
    """The network, from the start of the `with` to its end."""

    def __enter__(self) -> Self:
        """Make it."""
        command = ["unshare", "--net", sys.executable, "-c", _HOLDER]
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop it, once no program uses it any more."""
        self._holder.kill()
        self._holder.communicate()

    @property
    def prefix(self) -> list[str]:
        """What stands before a command, so that it runs in there."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", "--"]
