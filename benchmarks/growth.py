"""How a cost grows with its size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_EXPONENT = 1.1
"""Of what runs in every pass. One is a cost in proportion to the size; more is a defect."""


def exponent(costs: Mapping[int, float]) -> float:
    """The power of the size by which a cost grows: the slope of least squares through the logarithms of both.

    ValueError when there are fewer than two sizes, or a size or a cost is not above zero.
    """
    if len(costs) < 2:
        raise ValueError("growth needs at least two sizes")
    points = [(math.log(size), math.log(cost)) for size, cost in costs.items()]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
