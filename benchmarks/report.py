"""What a run measures: kept in sections, and printed line by line as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks.growth import LARGEST_EXPONENT, exponent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Measurement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One number, or the reason why it could not be taken.

    `of` says what a share or a multiple refers to. A promise is a number that the value stays below, or is at least.
    """

    name: str
    value: float | None = None
    unit: str = ""
    of: str = ""
    below: float | None = None
    at_least: float | None = None
    missing: str = ""

    @property
    def promise(self) -> str:
        """The promise in words, empty without one."""
        if self.below is not None:
            return f"under {self.below:g} {self.unit}".rstrip()
        if self.at_least is not None:
            return f"{self.at_least:g} {self.unit}".rstrip() + " or more"
        return ""

    @property
    def is_broken(self) -> bool:
        """Whether there is a promise that the value does not keep. A number that is missing breaks none."""
        if self.value is None:
            return False
        too_large = self.below is not None and self.value >= self.below
        return too_large or (self.at_least is not None and self.value < self.at_least)


class Section(msgspec.Struct):
    """The measurements of one benchmark."""

    title: str
    measurements: list[Measurement] = []


class Report:
    """Collects and prints what the benchmarks add."""

    def __init__(self) -> None:
        self.sections: list[Section] = []

    def heading(self, title: str) -> None:
        """Start a section; what is added next belongs to it."""
        self.sections.append(Section(title))
        print(f"\n{title}", flush=True)

    def line(self, name: str, value: float, unit: str, promise: float | None = None, *, of: str = "") -> None:
        """Add a number that is to be below `promise`, if given."""
        self._add(Measurement(name, rounded(value), unit, of, below=promise))

    def at_least(self, name: str, value: float, unit: str, promise: float, *, of: str = "") -> None:
        """Add a number that is to be at least `promise`."""
        self._add(Measurement(name, rounded(value), unit, of, at_least=promise))

    def growth(self, name: str, costs: Mapping[int, float]) -> None:
        """Add the power of its size by which a cost grows: above one and a little more, large homes pay too much."""
        sizes = ", ".join(f"{size:,}" for size in sorted(costs))
        self._add(
            Measurement(f"{name}: exponent", rounded(exponent(costs)), "", f"sizes {sizes}", below=LARGEST_EXPONENT)
        )

    def missing(self, name: str, reason: str) -> None:
        """Add that a number could not be taken."""
        self._add(Measurement(name, missing=reason))

    def _add(self, one: Measurement) -> None:
        self.sections[-1].measurements.append(one)
        print(f"  {_printed(one)}", flush=True)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a share of all is below, as one of them."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def rounded(value: float) -> float:
    """Four digits: more than any of these measurements can repeat."""
    return float(f"{value:.4g}")


def _printed(one: Measurement) -> str:
    if one.value is None:
        return f"{one.name:<58}   missing: {one.missing}"
    verdict = f"   promised {one.promise}: {'BROKEN' if one.is_broken else 'kept'}" if one.promise else ""
    of = f"   of {one.of}" if one.of else ""
    return f"{one.name:<58} {one.value:>9.2f} {one.unit:<8}{verdict}{of}"
