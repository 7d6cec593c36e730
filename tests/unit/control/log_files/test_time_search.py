"""The first line of a log file that was written at a time or later."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.log_files import reader, time_search
from qbitrr.clock import to_iso

NOW = 1_700_000_000.0


def line(at, text="event"):
    return f"{to_iso(at)} [info     ] {text}\n"


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["", "x" * 90, "Traceback\n  in it\n2026 is no time", "é"])),
        max_size=30,
    ),
    st.integers(-1, 60),
    st.sampled_from([64, 100, 1 << 16]),
)
def test_it_is_the_line_that_reading_all_of_them_finds(tmp_path_factory, described, asked, chunk_bytes):
    file = tmp_path_factory.mktemp("logs") / "Main.log"
    lines, at = [], NOW
    for pause, text in described:
        at += pause
        lines.append((at, line(at, text).encode()))
    file.write_bytes(b"".join(content for _, content in lines))
    position = 0
    for written_at, content in lines:
        if written_at >= NOW + asked:
            break
        position += len(content)
    with pytest.MonkeyPatch.context() as patch, file.open("rb") as opened:
        patch.setattr(time_search, "_CHUNK_BYTES", chunk_bytes)
        assert time_search.position_at(opened.fileno(), file.stat().st_size, NOW + asked) == position


def test_a_file_of_a_gigabyte_costs_few_reads(tmp_path, monkeypatch):
    """Most of it is a hole, which stands for lines without a time after each of the few that have one."""
    file, size, every = tmp_path / "Main.log", 1 << 30, 1 << 19
    with file.open("wb") as opened:
        for number in range(size // every):
            opened.seek(number * every)
            opened.write(b"\n" * (number > 0) + line(NOW + number).encode())
        opened.truncate(size)
    reads = []

    def counted(descriptor, length, position, pread=os.pread):
        reads.append(length)
        return pread(descriptor, length, position)

    monkeypatch.setattr(time_search.os, "pread", counted)
    with file.open("rb") as opened:
        assert time_search.position_at(opened.fileno(), size, NOW + 1234.5) == 1235 * every + 1
    assert sum(reads) < 16 << 20


def test_a_file_without_times_has_no_such_line(tmp_path):
    file = tmp_path / "Main.log"
    file.write_bytes(b"no time\n" * 100_000)
    found = reader.read_at(tmp_path, "Main.log", epoch_seconds=0.0, most=5)
    assert (found.text, found.lines, found.start) == ("", 0, 800_000)


def test_lines_go_on_where_those_before_ended(tmp_path):
    file = tmp_path / "Main.log"
    file.write_text("".join(line(NOW + number, str(number)) for number in range(10)) + "not finished")
    first = reader.read_at(tmp_path, "Main.log", epoch_seconds=NOW + 6.5, most=2)
    assert [text.split()[-1] for text in first.text.splitlines()] == ["7", "8"]
    rest = reader.read_from(tmp_path, "Main.log", position=first.end, most=2)
    assert [text.split()[-1] for text in rest.text.splitlines()] == ["9"]
    assert rest.end == rest.size - len("not finished")
    with pytest.raises(FileNotFoundError):
        reader.read_from(tmp_path, "../Main.log", position=0, most=2)
