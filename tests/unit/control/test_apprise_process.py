"""Messages in parts that a service accepts."""

import pytest

from control.apprise_process import MOST_PARTS, parts_of


@pytest.mark.parametrize(
    ("text", "longest", "parts"),
    [
        ("", 10, []),
        ("one", 10, ["one"]),
        ("one\ntwo\nthree", 7, ["one\ntwo", "three"]),
        ("one\ntwo\nthree", 8, ["one\ntwo", "three"]),
        ("one\ntwo\nthree", 13, ["one\ntwo\nthree"]),
        ("one\ntwo\nthree", 12, ["one\ntwo", "three"]),
        ("a longer line\ntwo", 6, ["a lon…", "two"]),
    ],
)
def test_a_message_is_split_between_its_lines(text, longest, parts):
    assert list(parts_of(text, longest)) == parts


def test_all_lines_are_in_as_many_parts_as_there_may_be():
    lines = [f"{number:099}" for number in range(MOST_PARTS * 2)]
    parts = list(parts_of("\n".join(lines), 199))
    assert len(parts) == MOST_PARTS
    assert "\n".join(parts).splitlines() == lines


def test_what_is_too_much_is_counted():
    lines = [f"{number:099}" for number in range(MOST_PARTS * 2 + 1)]
    parts = list(parts_of("\n".join(lines), 199))
    assert len(parts) == MOST_PARTS
    assert all(len(part) <= 199 for part in parts)
    *sent, last = "\n".join(parts).splitlines()
    assert sent == lines[: len(sent)]
    assert last == f"… and {len(lines) - len(sent)} more, on the page of qbitrr."
