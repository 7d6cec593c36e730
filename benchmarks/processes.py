"""The daemon and its services as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from typing import Any

from qbitrr.sandbox.__main__ import END_OF_CONFIG

PORT = 46969


def start(command: list[str], pipe: int | None) -> subprocess.Popen[bytes]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("QBITRR_")}
    output = pipe if pipe is not None else subprocess.DEVNULL
    return subprocess.Popen(command, stdin=pipe, stdout=output, stderr=output if pipe is None else None, env=environ)


def config_of(services: subprocess.Popen[bytes]) -> str:
    """The configuration that services print once they listen, with a port for the daemon."""
    assert services.stdout is not None
    lines = []
    for raw in services.stdout:
        if raw.decode() == END_OF_CONFIG:
            break
        lines.append(raw.decode())
    return "".join(lines).replace("[WebUI]\n", f"[WebUI]\nPort = {PORT}\n")


def get(path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
        return json.load(answer)
