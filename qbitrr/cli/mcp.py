"""`qbitrr mcp`: the daemon's read-only tools for an assistant, on stdin and stdout (Model Context Protocol, stdio).

Each line is one message. The running daemon answers it by its control socket, as at `POST /web/mcp`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from control.web import mcp
from qbitrr.cli import ctl
from qbitrr.errors import QbitrrError

if TYPE_CHECKING:
    from qbitrr.data_dir import DataDir

_LARGEST_LINE_BYTES = 1 << 20


def serve(data_dir: DataDir, messages: BinaryIO, answers: BinaryIO) -> None:
    """Answer every message until there are no more. A daemon that does not run is an answer too, not the end."""
    for line in iter(partial(messages.readline, _LARGEST_LINE_BYTES), b""):
        if len(line) == _LARGEST_LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(messages)
            answer: Any = mcp.failure(None, mcp.INVALID_REQUEST, f"A message has more than {_LARGEST_LINE_BYTES} bytes")
        else:
            answer = _answer(data_dir, line) if line.strip() else None
        if answer is not None:
            answers.write(msgspec.json.encode(answer) + b"\n")
            answers.flush()


def _answer(data_dir: DataDir, line: bytes) -> Any:
    """Return the answer to a message; None for a notification, which the daemon need not know of."""
    message = mcp.decode(line)
    if isinstance(message, mcp.RpcAnswer):
        return message
    if message.id is None:
        return None
    try:
        return ctl.ask(data_dir, "POST", "mcp", body=line)
    except QbitrrError as error:
        return mcp.failure(message.id, mcp.INTERNAL_ERROR, str(error))


def _skip_line(messages: BinaryIO) -> None:
    while (rest := messages.readline(_LARGEST_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass
