"""Programs of another user of this machine."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

UID = 65534
_AS_OTHER_USER = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups")  # of util-linux


def popen(*command: str, **options: object) -> subprocess.Popen[bytes]:
    """Start a program as the other user, which needs root. Its files have to be readable for everyone."""
    return subprocess.Popen([*_AS_OTHER_USER, *command], cwd="/", **options)  # type: ignore[call-overload, no-any-return]


async def statuses(requests: Sequence[tuple[str, str]], *options: str) -> list[int]:
    """The HTTP status of each request, a method and a URL; a POST has an empty object as its body."""
    blocks = [
        "\n".join(
            (
                f'url = "{url}"',
                f'request = "{method}"',
                'output = "/dev/null"',
                'write-out = "%{http_code}\\n"',
                "silent",
                "max-time = 5",
                *(['data = "{}"', 'header = "Content-Type: application/json"'] if method == "POST" else ["no-buffer"]),
                *options,
            )
        )
        for method, url in requests
    ]
    process = popen("curl", "-q", "-K", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    output, _ = await asyncio.to_thread(process.communicate, "\nnext\n".join(blocks).encode())
    return [int(line) for line in output.split()]
