from benchmarks.machine import Machine
from benchmarks.report import Measurement, Section
from benchmarks.results import Result
from tests.support.performance_page import text_of


def page(*measurements):
    section = Section("Large home", list(measurements))
    return text_of(Result("0.2.0", "2026-11-29", 24.5, Machine("A CPU", 2, "3.11.7"), [section]))


def rows(text):
    return [line for line in text.splitlines() if line.startswith("|") and "---" not in line and "What" not in line]


def test_it_names_version_day_and_machine():
    assert "version 0.2.0, on 2026-11-29, in\n24.5 minutes, on 2 cores of A CPU, with Python 3.11.7." in page()


def test_every_number_stands_beside_its_promise():
    text = page(
        Measurement("memory", 1234.5, "MB", below=2000.0),
        Measurement("page", 0.6, "share", "a bare handler", at_least=0.5),
        Measurement("  of them supervisor", 31.26, "MB"),
    )
    assert rows(text) == [
        "| memory | 1,234 MB | under 2000 MB | kept |",
        "| page | 0.6 share of a bare handler | 0.5 share or more | kept |",
        "| of them supervisor | 31.3 MB |  |  |",
    ]
    assert "2 of 2 promises are kept.\n" in text


def test_what_is_not_kept_stands_first():
    text = page(Measurement("stop", 3.0, "s", below=2.0), Measurement("start", 1.0, "s", below=2.0))
    assert "1 of 2 promises are kept. Not these:" in text
    assert rows(text)[0] == "| Large home | stop | 3 s | under 2 s |"
    assert "| stop | 3 s | under 2 s | not kept |" in rows(text)


def test_a_number_that_is_missing_is_not_kept_and_not_broken():
    text = page(Measurement("paint", missing="there is no browser", below=1.0))
    assert rows(text) == ["| paint | missing: there is no browser | under 1 |  |"]
    assert "0 of 1 promises are kept, 1 could not be measured." in text


def test_what_a_reader_has_to_know_of_the_run_stands_before_its_numbers():
    result = Result("0.2.0", "2026-11-29", 24.5, Machine("A CPU", 2, "3.11.7"), [Section("Large home")], "It was busy.")
    text = text_of(result)
    assert text.index("**About this run:** It was busy.") < text.index("## What is not kept")
    assert "About this run" not in page()
