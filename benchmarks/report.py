"""Printing results: one line each, with the limit that it must keep."""

from __future__ import annotations


def heading(text: str) -> None:
    print(f"\n{text}")


def line(what: str, value: float, unit: str, promise: float | None = None) -> None:
    """Print a number. It must be below `promise`, if given."""
    verdict = ""
    if promise is not None:
        verdict = f"   promised under {promise:g} {unit}: {'kept' if value < promise else 'BROKEN'}"
    print(f"  {what:<58} {value:>9.2f} {unit:<8}{verdict}", flush=True)


def at_least(what: str, value: float, unit: str, promise: float) -> None:
    """Print a number that must be at least `promise`."""
    verdict = f"   promised {promise:g} {unit} or more: {'kept' if value >= promise else 'BROKEN'}"
    print(f"  {what:<58} {value:>9.2f} {unit:<8}{verdict}", flush=True)
