"""Reading and searching log files by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.log_files import line_index, reader


def test_a_search_ends_in_time_and_says_where_to_continue(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "SEARCH_SECONDS", 0.0)
    monkeypatch.setattr(reader, "_SEARCH_BLOCK_BYTES", 100)
    monkeypatch.setattr(reader, "CHUNK_BYTES", 100)
    (tmp_path / "Main.log").write_bytes(b"x\n" * 1000)
    seen, first = 0, 0
    while True:
        found = reader.search(tmp_path, "Main.log", "x", first=first, most=1000)
        seen += len(found.matches)
        if found.complete:
            break
        assert found.next_line > first
        first = found.next_line
    assert seen == 1000


def test_the_index_follows_a_file_that_grows_and_one_that_is_replaced_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr(line_index, "_EVERY_LINES", 3)
    file = tmp_path / "Main.log"
    for content in (b"", b"a\nb\n", b"a\nb\n" + b"c\n" * 20, b"z\n" * 30, b"y\n"):
        file.write_bytes(content)
        lines = content.splitlines(keepends=True)
        for first in range(len(lines) + 2):
            part = reader.read(tmp_path, "Main.log", first=first, most=2)
            assert (part.text.encode(), part.total_lines) == (b"".join(lines[first : first + 2]), len(lines))


@given(
    st.lists(st.sampled_from([b"", b"a", b"bc\r", "ü".encode()]), max_size=40), st.integers(0, 45), st.integers(1, 45)
)
def test_a_part_is_what_splitting_the_whole_would_give(tmp_path_factory, lines, first, most):
    folder = tmp_path_factory.mktemp("logs")
    (folder / "Main.log").write_bytes(b"".join(line + b"\n" for line in lines) + b"unfinished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "CHUNK_BYTES", 7)
        part = reader.read(folder, "Main.log", first=first, most=most)
    expected = lines[first : first + most]
    assert part.text == b"".join(line + b"\n" for line in expected).decode()
    assert (part.lines, part.total_lines) == (len(expected), len(lines))


def test_a_part_of_too_many_bytes_is_shortened_to_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "LARGEST_PART_BYTES", 100)
    monkeypatch.setattr(reader, "CHUNK_BYTES", 64)
    (tmp_path / "Main.log").write_bytes(b"x" * 300 + b"\n" + b"short\n" * 50)
    first = reader.read(tmp_path, "Main.log", first=0, most=100)
    assert first.text.startswith("x" * 300 + "\n")
    rest = reader.read(tmp_path, "Main.log", first=first.lines, most=100)
    assert 0 < rest.lines < 50
    assert rest.text == "short\n" * rest.lines
