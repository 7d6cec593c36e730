"""Announce URLs by torrent, from whole answers and deltas."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.qbittorrent.mirror import Mirror
from qbitrr.qbittorrent.models import MainData, Torrent

MINE = {"category": "mine", "added_on": 1}
OTHER = {"category": "other", "added_on": 1}
A, B = "http://a.org/announce", "udp://b.org:1"


def data(**fields):
    return msgspec.convert({"rid": 1, **fields}, MainData)


def mirror(torrents, trackers):
    kept = Mirror(lambda category: category == "mine")
    kept.apply(data(full_update=True, torrents=torrents, trackers=trackers))
    return kept


def test_a_whole_answer_has_the_trackers_of_all_torrents():
    kept = mirror({"x": MINE, "y": MINE, "o": OTHER}, {A: ["x", "o"], B: ["x"]})
    assert kept.announces.of("x") == (A, B)
    assert kept.announces.of("y") == ()
    assert kept.announces.of("o") is None


def test_a_delta_lists_all_torrents_of_a_tracker_that_changed():
    kept = mirror({"x": MINE, "y": MINE}, {A: ["x"]})
    changes = kept.apply(data(trackers={A: ["y"], B: ["x"]}))
    assert (kept.announces.of("x"), kept.announces.of("y")) == ((B,), (A,))
    assert changes.changed == {"x", "y"}
    assert kept.apply(data(trackers_removed=[B])).changed == {"x"}
    assert kept.announces.of("x") == ()
    assert kept.apply(data(trackers={A: ["y"]})).changed == set()


def test_trackers_that_no_answer_listed_are_not_known():
    kept = Mirror(lambda category: category == "mine")
    kept.apply(data(full_update=True, torrents={"x": MINE}))
    assert kept.announces.of("x") is None


def test_a_new_torrent_comes_with_its_trackers():
    kept = mirror({"x": MINE}, {A: ["x"]})
    changes = kept.apply(data(torrents={"n": MINE}, trackers={A: ["x", "n"]}))
    assert changes.unknown == {"n"}
    assert kept.announces.of("n") == (A,)


def test_what_no_torrent_has_any_more_takes_no_memory():
    kept = mirror({"x": MINE}, {A: ["x"]})
    urls = [f"udp://{number}.org:1" for number in range(10)]
    for day in range(1000):
        own = {f"{url}/{day}": ["n"] for url in urls}
        kept.apply(data(torrents={"n": MINE}, trackers=own))
        kept.add([("n", Torrent(category="mine"))])
        assert kept.announces.of("n") == tuple(own)
        kept.apply(data(torrents_removed=["n"], trackers_removed=list(own)))
    assert len(kept.announces._shared) < 500
    assert kept.announces.of("x") == (A,)


def test_of_a_torrent_that_comes_from_another_category_not_all_is_known_until_it_is_asked_for():
    kept = mirror({"x": MINE, "o": OTHER}, {A: ["x", "o"], B: ["o"]})
    kept.apply(data(torrents={"o": {"category": "mine"}}, trackers={A: ["x", "o", "z"]}))
    kept.add([("o", Torrent(category="mine"))])
    assert kept.announces.of("o") is None
    kept.announces.record("o", (A, B))
    assert kept.announces.of("o") == (A, B)
    kept.apply(data(trackers_removed=[A]))
    assert kept.announces.of("o") == (B,)


def test_what_is_gone_is_forgotten():
    kept = mirror({"x": MINE, "y": MINE}, {A: ["x", "y"]})
    kept.apply(data(torrents_removed=["x"]))
    assert kept.announces.of("x") is None
    kept.apply(data(torrents={"y": {"category": "other"}}))
    assert kept.announces.of("y") is None


urls = st.sampled_from([A, B, "http://c.org"])
of_one = st.sets(urls)


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), of_one), min_size=1, max_size=6))
def test_deltas_lead_to_what_there_is(story):
    """Each step is what the torrents have then; the answer tells the difference as qBittorrent does."""
    kept = mirror(dict.fromkeys("xyz", MINE), by_url(story[0]))
    before = story[0]
    for now in story[1:]:
        old, new = by_url(before), by_url(now)
        kept.apply(
            data(trackers={u: t for u, t in new.items() if old.get(u) != t}, trackers_removed=list(old.keys() - new))
        )
        assert {name: set(kept.announces.of(name)) for name in "xyz"} == {name: now.get(name, set()) for name in "xyz"}
        before = now


def by_url(torrents):
    found = {}
    for name, some in sorted(torrents.items()):
        for url in some:
            found.setdefault(url, []).append(name)
    return found


def test_the_queue_and_the_free_space_are_followed():
    kept = mirror({}, {})
    assert (kept.queueing, kept.free_bytes) == (False, None)
    kept.apply(data(server_state={"queueing": True, "free_space_on_disk": 7}))
    kept.apply(data(server_state={"connection_status": "connected"}))
    assert (kept.queueing, kept.free_bytes) == (True, 7)


def test_a_client_that_has_not_checked_its_disk_yet_does_not_count_as_full():
    kept = mirror({}, {})
    kept.apply(data(full_update=True, server_state={"free_space_on_disk": 0}))
    assert kept.free_bytes is None
    kept.apply(data(server_state={"free_space_on_disk": 7}))
    kept.apply(data(server_state={"free_space_on_disk": 0}))
    assert kept.free_bytes == 0, "it had some before"
    kept.apply(data(full_update=True, server_state={"free_space_on_disk": 0}))
    assert kept.free_bytes is None, "the client was started anew"
