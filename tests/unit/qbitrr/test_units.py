from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr import units


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (15, 15),
        (15.0, 15),
        ("15", 15),
        (" 15 ", 15),
        ("15s", 15),
        ("15m", 900),
        ("2h", 7200),
        ("2H", 7200),
        ("3d", 259_200),
        ("1w", 604_800),
        ("2M", 5_184_000),
        ("1.5h", 5400),
        ("5 m", 300),
        ("1.5", 1),
        ("1e3", 1000),
        (0.2, 1),
        (0, 0),
        ("0m", 0),
        (-1, -1),
        (-1.0, -1),
        ("-1", -1),
        ("-1m", -1),
    ],
)
def test_durations_are_read_as_seconds(written, seconds):
    assert units.parse_duration(written) == seconds


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (15, 900),
        ("15", 900),
        ("15m", 900),
        ("90s", 90),
        ("30s", 30),
        ("1s", 1),
        (0.1, 6),
        (0.001, 1),
        ("0s", 0),
        ("1M", 2_592_000),
        (-1, -1),
        ("-1m", -1),
    ],
)
def test_where_minutes_are_meant_seconds_can_be_written(written, seconds):
    assert units.parse_duration(written, unit_seconds=units.MINUTE) == seconds


@pytest.mark.parametrize(("written", "seconds"), [(2, 172_800), (0.5, 43_200), ("12h", 43_200), ("1s", 1)])
def test_fractions_of_days_stay_fractions(written, seconds):
    assert units.parse_duration(written, unit_seconds=units.DAY) == seconds


ARABIC_ONE = "\N{ARABIC-INDIC DIGIT ONE}"
NO_DURATIONS = ["", " ", "m", "1y", "5 minutes", "--1", "1h30m", "0x10", ARABIC_ONE, "1" * 40, "inf", "nan", -2, "-2"]
NO_NUMBERS = [float("inf"), float("-inf"), float("nan"), True, None, [], {}]


@pytest.mark.parametrize("written", [*NO_DURATIONS, *NO_NUMBERS, "-5m", 10**13, "9999999M"])
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValueError, match=r"a number, or a text such as|a smaller duration"):
        units.parse_duration(written)


@given(st.integers(min_value=-1, max_value=10**12))
def test_a_written_duration_reads_back_exactly(seconds):
    assert units.parse_duration(units.format_duration(seconds)) == seconds


def test_durations_are_written_in_their_largest_unit():
    texts = [units.format_duration(seconds) for seconds in (-1, 0, 1, 90, 3600, 5400, 86_400, 604_800, 2_592_000)]
    assert texts == ["-1", "0", "1s", "90s", "1h", "90m", "1d", "1w", "1M"]


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("50G", 50 * 2**30),
        ("50g", 50 * 2**30),
        ("50GB", 50 * 2**30),
        ("50 GiB", 50 * 2**30),
        ("1.5T", 3 * 2**39),
        ("5P", 5 * 2**50),
        ("10K", 10_240),
        ("3M", 3 * 2**20),
        ("512", 512),
        ("512B", 512),
        (512, 512),
        ("0", 0),
        ("-1", -1),
        (-1, -1),
    ],
)
def test_sizes_are_read_as_bytes(written, size):
    assert units.parse_size(written) == size


@pytest.mark.parametrize(
    "written", ["", "G", "-5G", "-1G", "-2", -2, "5E", "5X", "1,5G", "inf", float("inf"), True, None]
)
def test_what_is_no_size_is_refused(written):
    with pytest.raises(ValueError, match="a number of bytes"):
        units.parse_size(written)


def test_a_size_beyond_every_disk_is_refused():
    with pytest.raises(ValueError, match="a smaller size"):
        units.parse_size("99999P")


@given(st.integers(min_value=-1, max_value=2**60))
def test_a_written_size_reads_back_exactly(size):
    assert units.parse_size(units.format_size(size)) == size


def test_sizes_are_written_in_their_largest_unit():
    assert [units.format_size(size) for size in (-1, 0, 1000, 1024, 3 * 2**29, 2**50)] == [
        "-1",
        "0",
        "1000",
        "1K",
        "1536M",
        "1P",
    ]


@pytest.mark.parametrize(("written", "rate"), [(500, 512_000), ("500", 512_000), (0.5, 512), (0, 0), (-1, -1)])
def test_rates_are_read_as_bytes_per_second(written, rate):
    assert units.parse_rate(written) == rate


@pytest.mark.parametrize("written", [-2, -0.5, "5m", "fast", float("nan"), False, None])
def test_what_is_no_rate_is_refused(written):
    with pytest.raises(ValueError, match="kilobytes per second"):
        units.parse_rate(written)


@given(st.integers(min_value=-1, max_value=2**50))
def test_a_written_rate_reads_back_exactly(rate):
    assert units.parse_rate(units.to_kilobytes(rate)) == rate


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5000, "4.9 KiB"),
        (2**20 - 1, "1024.0 KiB"),
        (2**30, "1.0 GiB"),
        (2**40 * 3 // 2, "1.5 TiB"),
        (2**60, "1024.0 PiB"),
    ],
)
def test_sizes_to_be_read(size, text):
    assert units.rounded_size(size) == text
