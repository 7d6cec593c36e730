"""Chance that repeats: the same key draws the same numbers on every machine and in every run."""

from __future__ import annotations

import random


def rng(*key: object) -> random.Random:
    """A generator of its own for each key."""
    return random.Random("/".join(map(str, key)))  # noqa: S311
