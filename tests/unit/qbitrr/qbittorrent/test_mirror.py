import msgspec
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.qbittorrent.mirror import Mirror
from qbitrr.qbittorrent.models import MainData, Torrent


def data(**fields):
    return msgspec.convert({"rid": 1, **fields}, MainData)


def mirror(*torrents):
    kept = Mirror(lambda category: category == "mine")
    kept.apply(data(full_update=True, torrents={h: {"category": "mine", "name": h} for h in torrents}))
    return kept


def test_only_torrents_of_wanted_categories_are_kept():
    kept = Mirror(lambda category: category == "mine")
    changes = kept.apply(data(full_update=True, torrents={"a": {"category": "mine"}, "b": {"category": "other"}}))
    assert (set(kept.torrents), changes.changed, changes.removed, changes.unknown) == ({"a"}, {"a"}, set(), set())


def test_a_delta_changes_only_its_fields():
    kept = mirror("a")
    changes = kept.apply(data(torrents={"a": {"progress": 0.5}}))
    assert changes.changed == {"a"}
    assert kept.torrents["a"] == Torrent(name="a", category="mine", progress=0.5)


def test_a_delta_without_news_changes_nothing():
    kept = mirror("a")
    assert kept.apply(data()) == (set(), set(), set())
    assert kept.apply(data(torrents={"a": {"category": "mine"}})).changed == set()


def test_states_have_the_new_names_whatever_the_version():
    kept = mirror("a")
    kept.apply(data(torrents={"a": {"state": "pausedDL"}}))
    assert kept.torrents["a"].state == "stoppedDL"
    assert kept.apply(data(torrents={"a": {"state": "pausedDL"}})).changed == set()


def test_a_torrent_that_enters_the_category_is_asked_for():
    kept = mirror()
    assert kept.apply(data(torrents={"b": {"category": "mine"}})).unknown == {"b"}
    assert kept.apply(data(torrents={"c": {"progress": 1}})).unknown == set()
    assert kept.add([("b", Torrent(category="mine", state="pausedUP")), ("d", Torrent(category="other"))]) == {"b"}
    assert kept.torrents["b"].state == "stoppedUP"


def test_a_torrent_that_leaves_is_removed_whether_deleted_or_moved():
    kept = mirror("a", "b", "c")
    changes = kept.apply(data(torrents_removed=["a", "x"], torrents={"b": {"category": "other"}}))
    assert changes.removed == {"a", "b"}
    assert set(kept.torrents) == {"c"}


def test_after_a_full_answer_what_it_does_not_list_is_gone():
    kept = mirror("a", "b")
    assert kept.apply(data(full_update=True, torrents={"b": {"category": "mine", "name": "b"}})) == (
        set(),
        {"a"},
        set(),
    )


def test_the_state_of_the_client_is_kept_between_deltas_without_it():
    kept = mirror()
    assert not kept.connected
    kept.apply(data(server_state={"connection_status": "firewalled"}))
    kept.apply(data())
    assert kept.connected
    kept.apply(data(server_state={"connection_status": "disconnected"}))
    assert not kept.connected


ROWS = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries({"category": st.sampled_from(["mine", "other"]), "progress": st.sampled_from([0.0, 0.5])}),
)


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_deltas_lead_to_the_same_picture_as_full_answers(pictures):
    kept, before = Mirror(lambda category: category == "mine"), {}
    for number, picture in enumerate(pictures):
        delta = {
            infohash: {k: v for k, v in row.items() if before.get(infohash, {}).get(k) != v}
            for infohash, row in picture.items()
        }
        removed = [infohash for infohash in before if infohash not in picture]
        changes = kept.apply(data(full_update=number == 0, torrents=delta, torrents_removed=removed))
        kept.add((h, msgspec.convert(picture[h], Torrent)) for h in changes.unknown)
        before = picture
        expected = {h: msgspec.convert(row, Torrent) for h, row in picture.items() if row["category"] == "mine"}
        assert kept.torrents == expected
