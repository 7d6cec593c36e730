import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.sandbox.services.qbittorrent_sync import Snapshot, SyncMemory

ROWS = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries({"state": st.sampled_from(["downloading", "stalledDL"]), "progress": st.integers(0, 3)}),
)
SNAPSHOTS = st.builds(
    Snapshot,
    torrents=ROWS,
    categories=ROWS,
    trackers=st.dictionaries(st.sampled_from("xy"), st.lists(st.sampled_from("abcd"))),
    tags=st.frozensets(st.sampled_from("tuv")),
    server_state=st.fixed_dictionaries({"dl_info_speed": st.integers(0, 3)}),
)


class Caller:
    """A client that asks and puts the answers together."""

    def __init__(self, memory):
        self._memory = memory
        self.rid = 0
        self.torrents, self.tags, self.state = {}, set(), {}

    def ask(self, now, *, lose_the_answer=False):
        answer = self._memory.answer(self.rid, now)
        if lose_the_answer:
            return answer
        if answer.get("full_update"):
            self.torrents, self.tags, self.state = {}, set(), {}
        for infohash, fields in answer.get("torrents", {}).items():
            self.torrents[infohash] = self.torrents.get(infohash, {}) | fields
        for infohash in answer.get("torrents_removed", []):
            del self.torrents[infohash]
        self.tags = (self.tags | set(answer.get("tags", []))) - set(answer.get("tags_removed", []))
        self.state |= answer.get("server_state", {})
        self.rid = answer["rid"]
        return answer


@given(moments=st.lists(st.tuples(SNAPSHOTS, st.booleans()), min_size=1, max_size=8))
def test_whoever_puts_the_answers_together_knows_everything_even_when_some_get_lost(moments):
    caller = Caller(SyncMemory(empty_sections=False))
    for snapshot, lost in moments:
        caller.ask(snapshot, lose_the_answer=lost)
        if not lost:
            assert caller.torrents == snapshot.torrents
            assert caller.tags == snapshot.tags
            assert caller.state == snapshot.server_state


def test_without_changes_there_is_only_a_number():
    now = Snapshot({"a": {"state": "stalledDL"}}, {}, {}, frozenset("t"), {"dl_info_speed": 0})
    caller = Caller(SyncMemory(empty_sections=False))
    assert caller.ask(now)["full_update"] is True
    assert caller.ask(now) == {"rid": 2}
    assert caller.ask(now) == {"rid": 3}


def test_only_changed_fields_are_told():
    before = Snapshot({"a": {"state": "x", "progress": 0}}, {}, {}, frozenset(), {})
    after = Snapshot({"a": {"state": "x", "progress": 1}}, {}, {}, frozenset(), {})
    caller = Caller(SyncMemory(empty_sections=False))
    caller.ask(before)
    assert caller.ask(after) == {"rid": 2, "torrents": {"a": {"progress": 1}}}


@pytest.mark.parametrize("rid", [777, 0])
def test_an_unknown_number_gives_everything(rid):
    now = Snapshot({"a": {"state": "x"}}, {}, {}, frozenset(), {})
    memory = SyncMemory(empty_sections=False)
    memory.answer(0, now)
    assert memory.answer(rid, now) == {"full_update": True, "torrents": {"a": {"state": "x"}}, "rid": 2}


def test_old_versions_send_sections_without_entries():
    nothing = Snapshot({}, {}, {}, frozenset(), {})
    answer = SyncMemory(empty_sections=True).answer(0, nothing)
    assert answer == {"full_update": True, "rid": 1, "categories": {}, "tags": [], "torrents": {}, "trackers": {}}
