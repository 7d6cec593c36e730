"""Opening the sockets of the control plane."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from qbitrr.errors import ListenError

if TYPE_CHECKING:
    from qbitrr.config import WebUI

_BACKLOG = 128


def listen(webui: WebUI) -> list[socket.socket]:
    """One socket for every address of `WebUI.Host`; `::` means all of both versions. Blocking: it may ask for a name.

    Raises ListenError when the address cannot be had.
    """
    host = None if webui.host == "::" else webui.host
    opened: list[socket.socket] = []
    refused: OSError | None = None
    try:
        found = socket.getaddrinfo(host, webui.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
            try:
                opened.append(_listen(family, address))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):  # a version that is switched off
                    raise
                refused = error
        if refused is not None and not opened:
            raise refused
    except OSError as error:
        for each in opened:
            each.close()
        text = (
            f"http://{webui.host}:{webui.port}: {error.strerror}; choose another with WebUI.Host and WebUI.Port, or "
            "stop what listens there"
        )
        raise ListenError(text) from error
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
