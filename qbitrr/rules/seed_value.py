"""Worth of seeds: which ones go, in which order, when a download needs their space.

The least valuable first: superseded, then seeded by many others, then little upload for their size and age, then old.
Numbers of seeders and upload count in steps of twice as much, so that a little more of one does not outweigh much of
the next. What is not known makes a seed more valuable, never less.
"""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003 - msgspec resolves the types of fields
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.rules.facts import TorrentKey  # noqa: TC001 - msgspec resolves the types of fields

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_DAY_SECONDS = 86_400.0
_GIB = 2**30
_LEAST_SHARE = 2

MAY_GO = "it may go"
ELSEWHERE = "it is on another file system, or that is not known"
NOTHING_FREED = "too little would be freed, as its files are linked or another torrent has them, or that is not known"
NOT_NEEDED = "enough is freed without it"
NOT_ENOUGH = "all that may go would not be enough, so nothing goes"
KEPT_NUMBER = "KeepSeeds: so many seeds stay"
KEPT_SIZE = "KeepSize: so many bytes of seeds stay"


class SeedNumbers(Struct, frozen=True, gc=False):
    """Numbers of a seed that count for its worth; None for what is not known."""

    other_seeders: int | None = None
    uploaded_bytes: int | None = None


class Seed(Struct, frozen=True):
    """A complete torrent. Times are epoch seconds; `disk` is its file system, empty while that is not known.

    `frees_bytes` is what its removal frees, None until its files were looked up. `stays` is why it stays whatever is
    needed, as a clause; empty when it may go.
    """

    key: TorrentKey
    name: str
    added_at: float
    completed_at: float
    disk: str
    size_bytes: int
    frees_bytes: int | None = None
    superseded: bool = False
    numbers: SeedNumbers = SeedNumbers()
    stays: str = ""

    @property
    def may_free_bytes(self) -> int:
        """What its removal frees, as far as that is known."""
        return self.size_bytes if self.frees_bytes is None else self.frees_bytes


class RoomChoice(Struct, frozen=True):
    """That a seed is the one to go now: what counts for its worth, and the facts by which it was chosen."""

    numbers: SeedNumbers = SeedNumbers()
    facts: Mapping[str, Any] = {}


class Floor(Struct, frozen=True):
    """Seeds that never go, all of a category together: their number and their size."""

    seeds: int = 0
    bytes: int = 0


class RoomNeed(Struct, frozen=True):
    """Bytes that a download lacks on a file system; an empty `disk` is any."""

    disk: str
    lacks_bytes: int


class RoomRow(Struct, frozen=True):
    """What becomes of one seed, and why."""

    seed: Seed
    goes: bool
    because: str


def upload_per_day(seed: Seed, now: float) -> float | None:
    """Calculate the bytes that a seed uploaded for each GiB of it and each day since it is complete.

    At least one day counts; None when it is not known.
    """
    uploaded = seed.numbers.uploaded_bytes
    if uploaded is None or seed.size_bytes <= 0:
        return None
    days = max(1.0, (now - seed.completed_at) / _DAY_SECONDS)
    return uploaded / (seed.size_bytes / _GIB) / days


def plan(seeds: Sequence[Seed], need: RoomNeed, floor: Floor, now: float) -> list[RoomRow]:
    """Say what goes for a need and what does not, the least valuable first; nothing when it is not enough together.

    `seeds` are all of the category: those that stay count for the floor. They come last.
    """
    number, size, missing = len(seeds), sum(seed.size_bytes for seed in seeds), need.lacks_bytes
    rows: list[RoomRow] = []
    for seed in sorted(seeds, key=lambda seed: (bool(seed.stays), *_worth(seed, now))):
        against = objection(seed, need.disk) or (NOT_NEEDED if missing <= 0 else None)
        against = against or _broken(number, size, seed.size_bytes, floor)
        if against is None:
            number, size, missing = number - 1, size - seed.size_bytes, missing - seed.may_free_bytes
        rows.append(RoomRow(seed, against is None, against or MAY_GO))
    if missing > 0:
        return [RoomRow(row.seed, False, NOT_ENOUGH) if row.goes else row for row in rows]
    return rows


def in_question(rows: Sequence[RoomRow]) -> list[Seed]:
    """List the seeds of a plan on whose removal it depends what goes: also when it is not enough below the floor.

    When one of them frees less than its size, another one may go in its place.
    """
    has_others = any(row.because in (KEPT_NUMBER, KEPT_SIZE) for row in rows)
    return [row.seed for row in rows if row.goes or (has_others and row.because == NOT_ENOUGH)]


def objection(seed: Seed, disk: str) -> str | None:
    """Say why a seed cannot go for space on a file system, whatever its worth; None when it can."""
    if seed.stays:
        return seed.stays
    if disk and seed.disk != disk:
        return ELSEWHERE
    return NOTHING_FREED if is_too_little(seed.may_free_bytes, seed.size_bytes) else None


def is_too_little(freed_bytes: int, expected_bytes: int) -> bool:
    """Whether nothing was or would be freed, or less than half of what there is."""
    return freed_bytes <= 0 or freed_bytes * _LEAST_SHARE < expected_bytes


def kept_by_floor(sizes: Collection[int], size_bytes: int, floor: Floor) -> str | None:
    """Say which part of the floor the removal of one of some seeds would break; None when it breaks none."""
    return _broken(len(sizes), sum(sizes), size_bytes, floor)


def _broken(seeds: int, size_of_all: int, size_bytes: int, floor: Floor) -> str | None:
    if seeds - 1 < floor.seeds:
        return KEPT_NUMBER
    return KEPT_SIZE if size_of_all - size_bytes < floor.bytes else None


def _worth(seed: Seed, now: float) -> tuple[bool, int, float, float, TorrentKey]:
    others, upload = seed.numbers.other_seeders, upload_per_day(seed, now)
    return (
        not seed.superseded,
        -_step(others or 0),
        math.inf if upload is None else _step(int(upload / 2**20)),
        seed.completed_at,
        seed.key,
    )


def _step(number: int) -> int:
    """Return 0 for 0, 1 for 1, 2 from 2 on, 3 from 4 on, 4 from 8 on."""
    return max(0, number).bit_length()
