"""The page of what qbitrr costs, made from the latest result of the benchmarks.

`docs/performance.md` is this text: `make docs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import results
from benchmarks.growth import LARGEST_EXPONENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Measurement, Section
    from benchmarks.results import Result

_PREAMBLE = """\
# What it costs

Everything that is promised about time and memory, beside what was measured: version {version}, on {date}, in
{minutes:g} minutes, on {machine.cores} cores of {machine.cpu}, with Python {machine.python}.

## How it was taken

- In the environment that users have: only what the program needs is installed. The daemon and its services are
  processes of their own, on loopback. Libraries and most qBittorrents are stand-ins with invented content; imports are
  measured with real transfers between two real qBittorrents.
- The lists of the stand-ins' libraries are ready as bytes before a first sync is measured: to make them item by item
  takes the same two cores as long as to read and store them.
- Seconds depend on the machine. Where something can be compared, both are measured in the same run, and the number is
  the multiple or the share.
- Memory is proportional (PSS): what processes share is counted once; why a worker has so much of its own is in
  [a record](adr/0008-memory-of-a-worker.md). CPU is user and system time of all processes.
- An exponent is the power of its size by which a cost grows, fitted through at least three sizes: 1 is in
  proportion. Above {largest:g} is a defect on a path that runs in every pass.
- The first view is measured in Chromium, as the browser itself reports it, with no file of the page cached.
- A number that could not be taken is listed as missing, with the reason: without `.venv-dev` and Chromium there is no
  first view, without a real qBittorrent there are no imports. `make test` brings both.

## How to repeat it

`make bench` measures everything, prints the same numbers, and keeps them as one line for each version in
`benchmarks/results.jsonl`; `make docs` renews this page of it. Nothing else should run meanwhile. Some of it:
`.venv/bin/python -m benchmarks footprint page`, with names of modules in `benchmarks/`; that keeps nothing."""


def render() -> str:
    """The page of the latest result."""
    return text_of(results.latest(results.FILE.read_text()))


def text_of(result: Result) -> str:
    """The page of a result."""
    preamble = _PREAMBLE.format(
        version=result.version,
        date=result.date,
        minutes=result.minutes,
        machine=result.machine,
        largest=LARGEST_EXPONENT,
    )
    note = [f"**About this run:** {result.note}"] if result.note else []
    sections = ["\n".join(_section(section)) for section in result.sections]
    return "\n\n".join([preamble, *note, "\n".join(_broken(result)), *sections]) + "\n"


def _broken(result: Result) -> Iterator[str]:
    yield "## What is not kept\n"
    promises = [(section, one) for section in result.sections for one in section.measurements if one.promise]
    broken = [(section, one) for section, one in promises if one.is_broken]
    missing = sum(one.value is None for _, one in promises)
    kept = f"{len(promises) - len(broken) - missing} of {len(promises)} promises are kept"
    yield f"{kept}{f', {missing} could not be measured' if missing else ''}.{' Not these:' if broken else ''}"
    if broken:
        yield "\n| Where | What | Measured | Promised |\n|---|---|---|---|"
    for section, one in broken:
        yield f"| {section.title} | {one.name.strip()} | {_measured(one)} | {one.promise} |"


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    yield "| What | Measured | Promised | |\n|---|---|---|---|"
    for one in section.measurements:
        kept = "" if not one.promise or one.value is None else "not kept" if one.is_broken else "kept"
        yield f"| {one.name.strip()} | {_measured(one)} | {one.promise} | {kept} |"


def _measured(one: Measurement) -> str:
    if one.value is None:
        return f"missing: {one.missing}"
    number = f"{one.value:,.0f}" if abs(one.value) >= 100 else f"{one.value:.3g}"
    return f"{number} {one.unit}".rstrip() + (f" of {one.of}" if one.of else "")
