import msgspec
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.qbittorrent.mirror import Mirror
from qbitrr.qbittorrent.models import MainData, Torrent, read_maindata, read_rows
from qbitrr.rules.speed import ClientSpeed


def data(**fields):
    return msgspec.convert({"rid": 1, **fields}, MainData)


def answer(**fields):
    return read_maindata(msgspec.json.encode({"rid": 1, **fields}))


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
    assert kept.apply(data()) == (set(), set(), set(), set())
    assert kept.apply(data(torrents={"a": {"category": "mine"}})).changed == set()


def test_counters_of_a_torrent_that_seeds_are_no_change_of_it():
    kept = mirror("a", "b")
    kept.apply(data(torrents={"a": {"state": "uploading"}, "b": {"state": "downloading"}}))
    counted = {"ratio": 1.5, "seeding_time": 60, "last_activity": 7, "eta": 5, "availability": 2.0, "dlspeed": 0}
    assert kept.apply(data(torrents={"a": counted, "b": counted})) == ({"b"}, set(), set(), {"a"})
    assert kept.torrents["a"].ratio == 1.5
    for change in ({"state": "stalledUP"}, {"tags": "kept"}, {"ratio_limit": 2.0}, {"progress": 0.5}):
        assert kept.apply(data(torrents={"a": {"ratio": 2.0, **change}})).changed == {"a"}


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


def test_a_null_in_one_row_leaves_the_others_readable_and_that_torrent_unknown():
    kept = mirror("a", "b")
    kept.apply(data(torrents={"a": {"state": "stalledDL"}, "b": {"state": "stalledDL"}}))
    found = answer(torrents={"a": {"availability": None, "progress": 0.1}, "b": {"progress": 0.2}})
    assert found.unreadable == {"a"}
    assert kept.apply(found).changed == {"a", "b"}
    assert (kept.torrents["a"].state, kept.torrents["a"].progress) == ("unknown", 0.0)
    assert (kept.torrents["b"].state, kept.torrents["b"].progress) == ("stalledDL", 0.2)


def test_an_unreadable_torrent_is_read_whole_before_it_counts_again():
    kept = mirror("a")
    kept.apply(answer(torrents={"a": {"tags": None}}))
    assert kept.apply(data(torrents={"a": {"state": "downloading"}})).unknown == {"a"}
    assert kept.torrents["a"].state == "unknown"
    kept.add([("a", Torrent(category="mine", state="downloading", tags="kept"))])
    assert kept.apply(data(torrents={"a": {"progress": 0.5}})).unknown == set()
    assert (kept.torrents["a"].state, kept.torrents["a"].tags) == ("downloading", "kept")


def test_an_unreadable_row_of_a_full_answer_is_no_sign_that_the_torrent_is_gone():
    kept = mirror("a", "b")
    rows = {"a": {"category": "mine", "added_on": None}, "b": {"category": "mine", "name": "b"}}
    assert kept.apply(answer(full_update=True, torrents=rows)).removed == set()
    assert set(kept.torrents) == {"a", "b"}


def test_rows_of_torrents_info_are_read_one_by_one():
    rows = read_rows(msgspec.json.encode([{"hash": "a", "state": None}, {"hash": "b", "size": 5}]))
    assert [(row.hash, row.size) for row in rows] == [("b", 5)]


def test_free_space_that_is_not_known_is_no_full_disk():
    kept = mirror()
    kept.apply(data(full_update=True, server_state={"free_space_on_disk": 6_000_000_000_000}))
    assert kept.free_bytes == 6_000_000_000_000
    kept.apply(data(server_state={"free_space_on_disk": -1}))
    assert kept.free_bytes is None
    kept.apply(data(server_state={"free_space_on_disk": 5}))
    kept.apply(data(server_state={"free_space_on_disk": 0}))
    assert kept.free_bytes == 0


def test_the_speed_of_a_client_is_known_once_it_said_all_of_it():
    kept = mirror()
    assert kept.speed == ClientSpeed()
    kept.apply(data(server_state={"use_alt_speed_limits": True, "dl_rate_limit": 1024, "dl_info_speed": 5}))
    assert kept.speed == ClientSpeed(alternative=True, limit=1024, total=5)
    kept.apply(data(server_state={"dl_info_speed": 7}))
    assert kept.speed == ClientSpeed(alternative=True, limit=1024, total=7)
    kept.apply(data(server_state={"use_alt_speed_limits": False, "dl_rate_limit": 0}))
    assert kept.speed == ClientSpeed(alternative=False, limit=0, total=7)


def test_what_departed_is_known_as_it_was_seen_last_until_the_next_answer():
    kept = mirror("a", "b", "c")
    kept.apply(data(torrents={"a": {"state": "stalledDL"}}))
    kept.apply(data(torrents_removed=["a"], torrents={"b": {"category": "other"}}))
    departed = {infohash: (torrent.state, torrent.category) for infohash, torrent in kept.departed.items()}
    assert departed == {"a": ("stalledDL", "mine"), "b": ("unknown", "other")}
    assert set(kept.torrents) == {"c"}
    kept.apply(data())
    assert kept.departed == {}
    kept.apply(data(full_update=True))
    assert kept.departed.keys() == {"c"}
