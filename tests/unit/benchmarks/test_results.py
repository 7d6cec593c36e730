import pytest

from benchmarks.machine import Machine
from benchmarks.report import Measurement, Section
from benchmarks.results import Result, latest, with_result


def result(version, value=1.0):
    measurements = [Measurement("time", value, "s", below=2.0), Measurement("paint", missing="there is no browser")]
    return Result(version, "2026-11-29", 24.5, Machine("A CPU", 2, "3.11.7"), [Section("Pages", measurements)])


def test_each_version_has_one_line():
    text = with_result(with_result("", result("0.1.0")), result("0.2.0"))
    assert [line[:20] for line in text.splitlines()] == ['{"version":"0.1.0","', '{"version":"0.2.0","']
    assert text.endswith("\n")
    assert latest(text) == result("0.2.0")


def test_another_run_of_a_version_replaces_its_line():
    one = with_result("", result("0.1.0"))
    both = with_result(one, result("0.2.0"))
    assert with_result(both, result("0.2.0", 3.0)) == with_result(one, result("0.2.0", 3.0))
    assert with_result(both, result("0.1.0", 3.0)).splitlines()[1] == both.splitlines()[1]


def test_without_a_result_it_says_where_one_comes_from():
    with pytest.raises(ValueError, match="make bench"):
        latest("")
