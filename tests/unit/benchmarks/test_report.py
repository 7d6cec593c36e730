import pytest

from benchmarks.report import Measurement, Report, quantile


@pytest.fixture
def report():
    report = Report()
    report.heading("Pages")
    return report


@pytest.mark.parametrize(
    ("one", "promise", "is_broken"),
    [
        (Measurement("time", 1.9, "s", below=2.0), "under 2 s", False),
        (Measurement("time", 2.0, "s", below=2.0), "under 2 s", True),
        (Measurement("errors", 1, below=1), "under 1", True),
        (Measurement("share", 0.5, "share", at_least=0.5), "0.5 share or more", False),
        (Measurement("share", 0.4, "share", at_least=0.5), "0.5 share or more", True),
        (Measurement("time", 1.0, "s"), "", False),
        (Measurement("time", missing="there is no browser", below=1.0), "under 1", False),
    ],
)
def test_what_is_promised_and_whether_it_is_kept(one, promise, is_broken):
    assert (one.promise, one.is_broken) == (promise, is_broken)


def test_what_is_added_belongs_to_the_last_section(report):
    report.line("first", 1.23456, "s", 2.0)
    report.heading("Memory")
    report.at_least("share", 0.7, "share", 0.5, of="a bare handler")
    report.missing("paint", "there is no browser")
    pages, memory = report.sections
    assert (pages.title, pages.measurements) == ("Pages", [Measurement("first", 1.235, "s", below=2.0)])
    assert memory.measurements == [
        Measurement("share", 0.7, "share", "a bare handler", at_least=0.5),
        Measurement("paint", missing="there is no browser"),
    ]


def test_growth_out_of_proportion_is_a_broken_promise(report):
    report.growth("a pass", {100: 1.0, 1_000: 10.0, 10_000: 100.0})
    report.growth("a slow pass", {100: 1.0, 1_000: 20.0, 10_000: 400.0})
    straight, steep = report.sections[0].measurements
    assert (straight.name, straight.of, straight.is_broken) == ("a pass: exponent", "sizes 100, 1,000, 10,000", False)
    assert (steep.value, steep.is_broken) == (1.301, True)


def test_each_number_is_printed_as_it_comes(capsys):
    report = Report()
    report.heading("Pages")
    report.line("first", 1.0, "s", 2.0)
    report.line("second", 3.0, "s", 2.0)
    report.line("third", 4.0, "times", of="the first")
    report.missing("fourth", "there is no browser")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "",
        "Pages",
        "first 1.00 s promised under 2 s: kept",
        "second 3.00 s promised under 2 s: BROKEN",
        "third 4.00 times of the first",
        "fourth missing: there is no browser",
    ]


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 3.0), (0.99, 5.0), (1.0, 5.0)])
def test_a_quantile_is_one_of_the_values(share, value):
    assert quantile([5.0, 1.0, 4.0, 2.0, 3.0], share) == value
