"""`qbitrr check`: report on a configuration that can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.cli.doctor import details
from qbitrr.config.model import runnable_arrs, runnable_qbits
from qbitrr.config.redact import redact_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qbitrr.cli.doctor import Diagnosis
    from qbitrr.config.load import Loaded
    from qbitrr.config.model import Arr, QBit


def report(loaded: Loaded, diagnoses: Iterable[Diagnosis] = ()) -> str:
    """Report which workers would run, for what and where, what is still to fill in, and what looks odd.

    Of `diagnoses` what contradicts in the settings of the Arrs that answered.
    """
    return "\n".join(
        [
            *_block("Workers", _workers(loaded)),
            *_block("qBittorrent", map(_qbit_line, runnable_qbits(loaded.config))),
            *_block("To fill in", (f"{entry.key}: {entry.allowed}" for entry in loaded.incomplete)),
            *_block("From the environment", (f"{key}: {name}" for key, name in loaded.overridden.items())),
            *_block("Warnings", map(str, loaded.warnings)),
            *_block("Settings of the Arrs", (line.removeprefix("  ") for one in diagnoses for line in details(one))),
        ]
    )


def _block(title: str, lines: Iterable[str]) -> Iterator[str]:
    indented = [f"  {line}" for line in lines]
    if indented:
        yield from (f"{title}:", *indented)


def _workers(loaded: Loaded) -> Iterator[str]:
    arrs, qbits = runnable_arrs(loaded.config), runnable_qbits(loaded.config)
    yield from map(_arr_line, arrs)
    if not arrs and not any(qbit.managed_categories for qbit in qbits):
        yield "none yet"
    elif not qbits:
        yield "no qBittorrent is in use: torrents are left alone, only searches run"


def _arr_line(arr: Arr) -> str:
    return f"{arr.section}: {arr.kind}, category {arr.category}, {redact_url(arr.uri)}"


def _qbit_line(qbit: QBit) -> str:
    managed = ", ".join(qbit.managed_categories) or "no categories of its own"
    return f"{qbit.section}: qbittorrent, {managed}, {redact_url(qbit.url)}"
