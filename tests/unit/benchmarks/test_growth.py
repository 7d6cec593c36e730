import pytest

from benchmarks.growth import exponent


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 1.5, 2.0])
def test_the_power_is_found(power):
    assert exponent({size: 0.003 * size**power for size in (200, 2_000, 10_000)}) == pytest.approx(power)


def test_least_squares_are_those_of_the_logarithms():
    """By hand: the logarithms to base ten are (0, 0), (1, 2), (2, 2)."""
    assert exponent({1: 1.0, 10: 100.0, 100: 100.0}) == pytest.approx(1.0)


@pytest.mark.parametrize("costs", [{}, {10: 1.0}, {10: 1.0, 100: 0.0}])
def test_growth_needs_two_sizes_and_costs_above_zero(costs):
    with pytest.raises(ValueError, match=r"growth needs|math domain|expected a positive"):
        exponent(costs)
