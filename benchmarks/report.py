"""How results are printed: one line each, with the promise beside the number."""

from __future__ import annotations


def heading(text: str) -> None:
    print(f"\n{text}")


def line(what: str, value: float, unit: str, promise: float | None = None) -> None:
    """A number; `promise` is the most it may be, and is said to be kept or broken."""
    verdict = ""
    if promise is not None:
        verdict = f"   promised under {promise:g} {unit}: {'kept' if value < promise else 'BROKEN'}"
    print(f"  {what:<58} {value:>9.2f} {unit:<8}{verdict}", flush=True)


def at_least(what: str, value: float, unit: str, promise: float) -> None:
    """A number that has to reach its promise."""
    verdict = f"   promised {promise:g} {unit} or more: {'kept' if value >= promise else 'BROKEN'}"
    print(f"  {what:<58} {value:>9.2f} {unit:<8}{verdict}", flush=True)
