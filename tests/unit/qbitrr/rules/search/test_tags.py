"""Which tags of the Arr keep a movie, a series or an artist from being searched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.search.tags import (
    EXCLUDED,
    NONE_EXISTS,
    NOT_INCLUDED,
    NOT_KNOWN,
    TagFilter,
    missing_labels,
    tag_filter,
    why_left_out,
)

IDS = {"kids": 1, "4k": 2, "no-search": 11}


@pytest.mark.parametrize(
    ("include", "exclude", "tags", "why"),
    [
        ([], [], "", ""),
        ([], [], "11", ""),
        ([], [], None, ""),
        (["kids"], [], "1", ""),
        (["kids"], [], "2 1", ""),
        (["Kids"], [], "1", ""),
        (["kids", "4k"], [], "2", ""),
        (["kids"], [], "2", NOT_INCLUDED),
        (["kids"], [], "11", NOT_INCLUDED),  # another number with the same digit
        (["kids"], [], "", NOT_INCLUDED),
        (["kids"], [], None, NOT_KNOWN),
        (["kids", "gone"], [], "1", ""),
        (["gone"], [], "1", NONE_EXISTS),
        (["gone"], [], "", NONE_EXISTS),
        (["gone"], [], None, NONE_EXISTS),
        ([], ["no-search"], "11", EXCLUDED),
        ([], ["No-Search"], "1 11", EXCLUDED),
        ([], ["no-search"], "1", ""),
        ([], ["no-search"], "", ""),
        ([], ["no-search"], None, NOT_KNOWN),
        ([], ["gone"], "1", ""),
        ([], ["gone"], None, ""),
        (["kids"], ["no-search"], "1 11", EXCLUDED),
        (["kids"], ["kids"], "1", EXCLUDED),
        (["kids"], ["no-search"], "1", ""),
        (["kids"], ["no-search"], "2", NOT_INCLUDED),
    ],
)
def test_which_tags_keep_something_from_being_searched(include, exclude, tags, why):
    assert why_left_out(tags, tag_filter(include, exclude, IDS)) == why


def test_a_renamed_tag_counts_by_its_new_label_only():
    renamed = {"children": 1}
    assert tag_filter(["children"], [], renamed) == TagFilter(frozenset({1}))
    assert why_left_out("1", tag_filter(["kids"], [], renamed)) == NONE_EXISTS


def test_labels_that_the_arr_does_not_have_are_found_once_each():
    assert missing_labels(["Kids", "gone", "4k", "gone"], IDS) == ["gone"]


LABELS = st.lists(st.sampled_from(["kids", "4k", "no-search", "gone"]), max_size=3)
TAGS = st.none() | st.lists(st.sampled_from([1, 2, 11, 12]), unique=True).map(lambda ids: " ".join(map(str, ids)))


@given(LABELS, LABELS, st.dictionaries(st.sampled_from(sorted(IDS)), st.integers(1, 12)), TAGS)
def test_with_tags_to_include_nothing_is_searched_that_is_not_known_to_have_one(include, exclude, ids, tags):
    if not why_left_out(tags, tag_filter(include, exclude, ids)):
        present = {int(one) for one in (tags or "").split()}
        assert not include or present & {ids[label] for label in include if label in ids}
        assert not present & {ids[label] for label in exclude if label in ids}
