"""Readiness of a new version: no worse than the present one, worker by worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_RANKS = {"held": 1, "waiting": 2, "running": 2}  # phases of a worker that got ready
_TROUBLED = frozenset({"degraded", "hanging", "stopped"})  # phases that ask nothing of a new version
_GOT_READY = 1


def worse(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The categories whose worker is in a worse phase than before.

    One of which nothing is known, or which was being started, has to get ready.
    """
    return [category for category, phase in now.items() if _RANKS.get(phase, 0) < _required(before.get(category))]


def _required(before: str | None) -> int:
    return 0 if before in _TROUBLED else _RANKS.get(before or "", _GOT_READY)
