import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.http.json_array import ArraySplitter

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6)


@given(objects=OBJECTS, indent=st.sampled_from([None, 2]), ascii_only=st.booleans(), cuts=st.data())
def test_any_array_in_any_pieces_is_split_into_its_objects(objects, indent, ascii_only, cuts):
    raw = json.dumps(objects, indent=indent, ensure_ascii=ascii_only).encode()
    splitter, found = ArraySplitter(), []
    while raw:
        size = cuts.draw(st.integers(1, len(raw)))
        found += json.loads(splitter.feed(raw[:size]) or b"[]")
        raw = raw[size:]
    assert found == objects
    assert splitter.complete


@pytest.mark.parametrize("levels", range(1, 14))
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_objects_of_any_depth_are_found(levels, size):
    deep = {"id": 1, "text": '"]}\\\\'}
    for _ in range(levels):
        deep = {"id": 2, "in": [deep, "}"], "text": "{["}
    objects = [deep, {"id": 3}, {}, deep]
    raw = json.dumps(objects).encode()
    splitter = ArraySplitter()
    pieces = [splitter.feed(raw[at : at + size]) for at in range(0, len(raw), size)]
    assert [one for piece in pieces if piece for one in json.loads(piece)] == objects
    assert splitter.complete


@pytest.mark.parametrize("text", [b"<html>", b'{"error": "x"}', b"[1, 2]}", b"[[1]]", b'[{"a":1}] [', b'"[{}]"'])
def test_what_is_not_an_array_of_objects_is_refused_or_never_complete(text):
    splitter = ArraySplitter()
    try:
        splitter.feed(text)
    except ValueError:
        return
    assert not splitter.complete


def test_a_half_array_is_not_complete():
    splitter = ArraySplitter()
    assert splitter.feed(b'[{"id": 1}, {"id": ') == b'[{"id": 1}]'
    assert not splitter.complete
