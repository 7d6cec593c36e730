"""Which rows are about a torrent, and what follows for its tags and trackers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config.model import HitAndRun, TrackerRow
from qbitrr.rules import trackers

ANNOUNCE = "https://Tracker.Example.org:2710/0123456789abcdef/announce"
OTHER = "udp://open.invalid:6969"


def row(uri, **keys):
    return TrackerRow(uri=uri, **keys)


@pytest.mark.parametrize(
    "uri",
    [
        "example.org",
        "EXAMPLE.org",
        "tracker.example.org",
        "https://tracker.example.org",
        "https://tracker.example.org/",
        "https://tracker.example.org/announce/",
        "udp://Tracker.Example.Org:6969",
        "http://user:secret@tracker.example.org//",
    ],
)
def test_a_row_is_about_its_host_and_what_lies_below_it(uri):
    assert trackers.matching([row(uri)], [OTHER, ANNOUNCE]) == (row(uri),)


@pytest.mark.parametrize(
    "uri", ["sub.tracker.example.org", "ample.org", "org.example", "example.com", "", "** [DHT] **"]
)
def test_a_row_is_about_nothing_else(uri):
    assert trackers.matching([row(uri)], [OTHER, ANNOUNCE]) == ()


@pytest.mark.parametrize("announce", ["** [DHT] **", "** [PeX] **", "", "not a url", "http://", "http://[::1"])
def test_what_is_no_announce_url_has_no_host(announce):
    assert trackers.host_of(announce) == ""
    assert trackers.matching([row("dht")], [announce]) == ()


def test_the_highest_priority_comes_first_and_equal_ones_stay_as_they_are():
    rows = [
        row("example.org", name="a"),
        row("example.org", name="b", priority=5),
        row("tracker.example.org", name="c"),
    ]
    assert [found.name for found in trackers.matching(rows, [ANNOUNCE])] == ["b", "a", "c"]


def test_a_row_replaces_the_rows_of_the_same_host_in_more_general_layers():
    base = [row("https://example.org/announce", priority=1, add_tags=("base",)), row("other.org")]
    own = [row("EXAMPLE.org/", priority=2), row("example.org", priority=3)]
    assert [found.priority for found in trackers.merged(base, own)] == [2, 3, 0]
    assert [found.priority for found in trackers.merged(own, base)] == [1, 0]
    assert trackers.merged([row(""), row("** [DHT] **")]) == ()


def test_a_setting_is_that_of_the_first_row_that_has_it():
    rows = trackers.matching(
        [row("example.org", priority=9), row("example.org", priority=5, maximum_eta_seconds=60),
         row("example.org", priority=1, maximum_eta_seconds=30)],
        [ANNOUNCE],
    )  # fmt: skip
    assert trackers.first_set(rows, lambda one: one.maximum_eta_seconds) == 60
    assert trackers.first_set(rows[:1], lambda one: one.maximum_eta_seconds) is None


def test_a_minimum_is_the_highest_of_all_rows():
    rows = (row("a.org", priority=9, max_upload_ratio=1.0), row("b.org", max_upload_ratio=3.0), row("c.org"))
    assert trackers.most_protective(rows, lambda one: one.max_upload_ratio) == 3.0
    assert trackers.most_protective(rows[2:], lambda one: one.max_upload_ratio) is None


def test_tags_come_and_go_with_the_rows():
    rows = [row("example.org", add_tags=("good", "both")), row("open.invalid", add_tags=("open", "both"))]
    assert trackers.tag_change(rows, [ANNOUNCE], {"mine"}) == trackers.TagChange(("both", "good"), ())
    assert trackers.tag_change(rows, [OTHER], {"mine", "good", "both"}) == trackers.TagChange(("open",), ("good",))
    assert not trackers.tag_change(rows, [ANNOUNCE], {"good", "both", "mine"})
    assert trackers.tag_change(rows, [], {"good", "mine"}) == trackers.TagChange((), ("good",))


def test_a_row_that_removes_its_tracker_has_no_other_effect():
    rows = [row("example.org", remove_if_exists=True, add_tags=("x",), priority=7, maximum_eta_seconds=1)]
    found = trackers.matching(rows, [ANNOUNCE])
    assert not trackers.tag_change(rows, [ANNOUNCE], set())
    assert trackers.first_set(found, lambda one: one.maximum_eta_seconds) is None
    assert trackers.queue_priority(found) == trackers.NO_PRIORITY


def test_a_tracker_is_added_to_public_torrents_that_lack_its_host():
    rows = [row("udp://new.org:1/announce", add_tracker_if_missing=True)]
    assert trackers.to_add(rows, [ANNOUNCE], private=False) == ("udp://new.org:1/announce",)
    assert trackers.to_add(rows, ["http://sub.NEW.org/x"], private=False) == ()
    assert trackers.to_add(rows, [], private=False) == ()


@pytest.mark.parametrize("private", [True, None])
def test_no_tracker_is_added_to_what_is_private_or_may_be(private):
    assert trackers.to_add([row("udp://new.org/a", add_tracker_if_missing=True)], [ANNOUNCE], private=private) == ()


def test_what_is_to_be_removed_or_is_no_url_is_not_added():
    rows = [
        row("udp://new.org/a", add_tracker_if_missing=True, remove_if_exists=True),
        row("new.org", add_tracker_if_missing=True),
    ]
    assert trackers.to_add(rows, [ANNOUNCE], private=False) == ()


def test_trackers_are_removed_by_host_and_when_they_are_dead():
    rows = [row("example.org", remove_if_exists=True)]
    assert trackers.to_remove(rows, ["** [DHT] **", ANNOUNCE, OTHER]) == (ANNOUNCE,)
    assert trackers.to_remove([], [ANNOUNCE, OTHER], {OTHER}) == (OTHER,)


def test_a_tracker_with_a_minimum_stays():
    minimum = HitAndRun(mode="and")
    rows = [row("example.org", remove_if_exists=True), row("tracker.example.org", hit_and_run=minimum)]
    assert trackers.to_remove(rows, [ANNOUNCE, OTHER], {ANNOUNCE}) == ()


uris = st.sampled_from(["a.org", "x.a.org", "http://A.org/", "udp://b.org:1", "b.org", "c.org"])
rows = st.lists(
    st.builds(
        TrackerRow,
        uri=uris,
        priority=st.integers(-3, 3),
        remove_if_exists=st.booleans(),
        add_tracker_if_missing=st.booleans(),
        add_tags=st.lists(st.sampled_from("pqr"), max_size=2).map(tuple),
    ),
    max_size=5,
)
announces = st.lists(
    st.sampled_from(["http://a.org/1", "http://x.a.org/2", "udp://b.org:1", "http://d.org"]), max_size=4
)


@given(rows, announces, st.sets(st.sampled_from("pqrs")))
def test_changing_tags_settles(rows, announces, tags):
    change = trackers.tag_change(rows, announces, tags)
    after = (tags | set(change.add)) - set(change.remove)
    assert not trackers.tag_change(rows, announces, after)
    assert ("s" in after) == ("s" in tags)


@given(rows, announces)
def test_changing_trackers_settles(rows, announces):
    removed = trackers.to_remove(rows, announces)
    left = [announce for announce in announces if announce not in removed]
    after = left + list(trackers.to_add(rows, left, private=False))
    # what one row adds another one may take away again only when the file says both
    both = {trackers.host_of(row.uri) for row in rows if row.add_tracker_if_missing}
    assert trackers.to_add(rows, after, private=False) == ()
    assert {trackers.host_of(announce) for announce in trackers.to_remove(rows, after)} <= both
