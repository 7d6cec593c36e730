"""The results of releases, a line of JSON for each: `benchmarks/results.jsonl`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks.machine import Machine  # noqa: TC001 - msgspec decodes into it
from benchmarks.report import Section  # noqa: TC001 - likewise

FILE = Path(__file__).with_name("results.jsonl")


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """One whole run. `date` is the day on which it ended, `minutes` is how long it took.

    `note` is what a reader has to know of it, written into the line by hand.
    """

    version: str
    date: str
    minutes: float
    machine: Machine
    sections: list[Section]
    note: str = ""


def with_result(text: str, result: Result) -> str:
    """The text of the file with a result: in place of one of the same version, or as the last line."""
    lines = text.splitlines()
    versions = [msgspec.json.decode(line, type=Result).version for line in lines]
    encoded = msgspec.json.encode(result).decode()
    if result.version in versions:
        lines[versions.index(result.version)] = encoded
    else:
        lines.append(encoded)
    return "".join(f"{line}\n" for line in lines)


def latest(text: str) -> Result:
    """The result in the last line. ValueError when there is none."""
    lines = text.splitlines()
    if not lines:
        raise ValueError("there is no result yet: `make bench`")
    return msgspec.json.decode(lines[-1], type=Result)
