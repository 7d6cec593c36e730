"""Answers of real Radarr, Sonarr and Lidarr, one file for each: `recordings/<program>-<version>/<what>.json`.

A file holds the `request`, the `status` and the `body` (some hold a list of records in place of the page they came
in), and perhaps a `note`. Titles and paths in them are invented.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "recordings"


class Recording(NamedTuple):
    """One recorded answer. `program` names the folder, such as `sonarr-4.0`; `name` the file without its suffix."""

    program: str
    name: str
    request: str
    status: int
    body: Any

    @property
    def kind(self) -> str:
        """Which of the three applications it is."""
        return self.program.partition("-")[0]

    @property
    def records(self) -> list[Any]:
        """The objects in it, of a page or of a list; a single object is a list of one."""
        if isinstance(self.body, list):
            return self.body
        records: list[Any] = self.body.get("records", [self.body])
        return records


@cache
def recording(program: str, name: str) -> Recording:
    """One of them. Do not change it. FileNotFoundError when it does not exist."""
    content = json.loads((FOLDER / program / f"{name}.json").read_bytes())
    return Recording(program, name, content["request"], content["status"], content["body"])


def every_recording() -> list[Recording]:
    """All of them, in the order of their paths."""
    return [recording(path.parent.name, path.stem) for path in sorted(FOLDER.glob("*/*.json"))]


def ids(one: Recording) -> str:
    """How pytest names a test of a recording."""
    return f"{one.program}/{one.name}"
