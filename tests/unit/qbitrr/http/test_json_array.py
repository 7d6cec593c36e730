import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.http import json_array
from qbitrr.http.json_array import ArrayDecoder

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text() | st.sampled_from(["},{", '"},{"id":', "}]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("id"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(
    st.dictionaries(st.text(), VALUES, max_size=4)
    | VALUES.map(lambda value: {"id": 1, "in": value})
    | VALUES.map(lambda value: {"title": "x", "in": [{"id": value}, {"id": value}]}),
    max_size=8,
)
SEPARATORS = st.sampled_from([None, (",", ":"), (", ", ": "), (" ,\n", " : ")])
MEGABYTE = 1 << 20


class Counting:
    """A decoder that counts the bytes it is given."""

    def __init__(self, answer=list[dict[str, Any]]):
        self._decoder = msgspec.json.Decoder(answer)
        self.bytes = 0

    def decode(self, data):
        self.bytes += len(data)
        return self._decoder.decode(data)


def decoded(raw, size, decoder=None):
    """All objects, and how many bytes waited at most."""
    array, found, waiting = ArrayDecoder(decoder or Counting(), 100 * MEGABYTE), [], 0
    for at in range(0, len(raw), size):
        found += array.feed(raw[at : at + size])
        waiting = max(waiting, len(array._buffer))
    return found + array.end(), waiting


@given(
    objects=OBJECTS, indent=st.sampled_from([None, 2]), separators=SEPARATORS, ascii_only=st.booleans(), cuts=st.data()
)
def test_any_array_in_any_pieces_has_its_objects(objects, indent, separators, ascii_only, cuts):
    raw = json.dumps(objects, indent=indent, separators=separators, ensure_ascii=ascii_only).encode()
    array, found = ArrayDecoder(Counting(), MEGABYTE), []
    while raw:
        size = cuts.draw(st.integers(1, len(raw)))
        found += array.feed(raw[:size])
        raw = raw[size:]
    assert found + array.end() == objects


@pytest.mark.parametrize("levels", range(1, 14))
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_objects_of_any_depth_are_found(levels, size):
    deep = {"id": 1, "text": '"]}\\\\'}
    for _ in range(levels):
        deep = {"id": 2, "in": [deep, "}", deep], "text": '},{"id":'} if levels < 8 else {"id": 2, "in": [deep]}
    objects = [deep, {"id": 3}, {}, deep]
    assert decoded(json.dumps(objects).encode(), size)[0] == objects


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_long_list_costs_little_more_than_its_bytes_and_waits_for_one_object(separators, indent):
    images = [{"coverType": one, "url": '/a},{"id":"'} for one in ("poster", "fanart")]
    movies = [{"id": number, "title": "x" * 2_000, "images": images} for number in range(2_000)]
    raw, decoder = json.dumps(movies, separators=separators, indent=indent).encode(), Counting()
    found, waiting = decoded(raw, 1 << 16, decoder)
    assert found == movies
    assert decoder.bytes < 1.2 * len(raw)
    assert waiting < 1 << 17


def test_a_first_key_that_some_lack_is_learned_again(monkeypatch):
    monkeypatch.setattr(json_array, "_RELEARN_BYTES", 1 << 12)
    with_title = [{"title": "x" * 500, "id": number} for number in range(100)]
    without = [{"id": number, "text": "x" * 500} for number in range(400)]
    movies = [*with_title, *without, *with_title]
    found, waiting = decoded(json.dumps(movies).encode(), 1_000)
    assert found == movies
    assert waiting < 1 << 14


@pytest.mark.parametrize(
    "text",
    [b"<html>", b'{"error": "x"}', b"[1, 2]", b"[1, 2]}", b"[[1]]", b'[{"a":1}] [', b'"[{}]"', b"", b" ", b"[", b"[{}"],
)
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_not_a_whole_array_of_objects_is_refused(text, size):
    with pytest.raises(msgspec.DecodeError):
        decoded(text, size)


def test_a_half_array_has_its_whole_objects_and_no_end():
    array = ArrayDecoder(Counting(), MEGABYTE)
    assert array.feed(b'[{"id": 1}, {"id": 2}, {"id": ') == [{"id": 1}, {"id": 2}]
    with pytest.raises(msgspec.DecodeError):
        array.end()


def test_an_object_that_is_not_as_expected_is_named_at_once():
    array = ArrayDecoder(msgspec.json.Decoder(list[dict[str, int]]), MEGABYTE)
    with pytest.raises(msgspec.ValidationError, match=r"Expected `int`, got `str`"):
        array.feed(b'[{"id": 1}, {"id": "x"}, {"id": ')


def test_what_never_ends_is_not_kept_for_ever():
    with pytest.raises(msgspec.DecodeError, match="too long"):
        ArrayDecoder(Counting(), MEGABYTE).feed(b'[{"id": "' + b"x" * MEGABYTE)
