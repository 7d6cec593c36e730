"""Polling clients, and the facts that are kept of their torrents."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import msgspec
import pytest

from qbitrr.clock import Clock
from qbitrr.errors import UnreachableError
from qbitrr.ipc import ClientState
from qbitrr.qbittorrent.models import MainData
from qbitrr.rules.facts import TorrentKey
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.torrents import poll as module
from qbitrr.worker.torrents.poll import Poll

A, B = TorrentKey("qBit", "a"), TorrentKey("qBit", "b")


class Client:
    """Answers with what it is given next; an exception is raised, an event waited for before an empty answer."""

    logins = 1

    def __init__(self):
        self.answers = []
        self.at_this_address = "v5.1.0"
        self.checked = []

    async def version(self):
        return self.at_this_address

    async def check_version(self):
        self.checked.append(self.at_this_address)

    async def maindata(self, rid):
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = {}
        return msgspec.convert({"rid": rid + 1, **answer}, MainData)


class Report:
    def waits(self, *_, **__):
        pass

    def goes_on(self, *_):
        pass


@pytest.fixture
def client():
    made = Client()
    made.answers = [{"full_update": True, "torrents": {h: {"category": "mine", "name": h} for h in "ab"}}]
    return made


def poll_of(**clients):
    config = SimpleNamespace(qbit_section=None)
    context = WorkerContext(config, SimpleNamespace(qbittorrents=clients), None, Report(), Clock())
    return Poll(context, lambda category: category == "mine")


@pytest.fixture
async def poll(client):
    made = poll_of(qBit=client)
    yield made
    await made.close()


async def test_facts_are_made_once_for_each_change(poll, client):
    assert await poll.changes() == ({A, B}, set())
    before = {key: poll.facts(key) for key in (A, B)}
    client.answers = [{"torrents": {"a": {"progress": 0.5}}}]
    assert await poll.changes() == ({A}, set())
    assert poll.facts(A).progress == 0.5
    assert poll.facts(A) is poll.facts(A)
    assert poll.facts(B) is before[B]


async def test_counters_of_a_seed_are_known_at_once_and_count_as_a_change_now_and_then(poll, client, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(poll, "_clock", Clock(monotonic=lambda: now))
    await poll.changes()
    client.answers = [
        {"torrents": {"a": {"state": "uploading"}, "b": {"state": "uploading"}}},
        {"torrents": {"a": {"ratio": 1.0}, "b": {"ratio": 1.0}}},
        {"torrents": {"a": {"ratio": 1.1}}, "torrents_removed": ["b"]},
        {},
        {"torrents": {"a": {"ratio": 1.2}}},
    ]
    assert await poll.changes() == ({A, B}, set())
    assert await poll.changes() == (set(), set())
    assert poll.facts(A).seeding.ratio == 1.0
    assert await poll.changes() == (set(), {B})
    now += module._COUNTED_SECONDS
    assert await poll.changes() == ({A}, set())
    assert await poll.changes() == (set(), set())
    assert poll.facts(A).seeding.ratio == 1.2


@pytest.mark.parametrize("change", [{"torrents_removed": ["a"]}, {"torrents": {"a": {"category": "other"}}}])
async def test_nothing_is_known_of_a_torrent_that_is_gone(poll, client, change):
    await poll.changes()
    assert poll.facts(A) is not None
    client.answers = [change]
    assert await poll.changes() == (set(), {A})
    assert poll.facts(A) is None
    assert poll.present() == {B}


async def test_a_torrent_that_is_gone_from_one_client_counts_as_changed_on_another(client):
    other = Client()
    other.answers = [{"full_update": True, "torrents": {"a": {"category": "mine", "name": "a"}}}]
    poll = poll_of(qBit=client, other=other)
    await poll.changes()
    other.answers = [{"torrents_removed": ["a"]}]
    assert await poll.changes() == ({A}, {TorrentKey("other", "a")})
    await poll.close()


async def test_when_a_client_answers_again_all_counts_as_changed_and_facts_are_those_of_the_answer(poll, client):
    await poll.changes()
    before = {key: poll.facts(key) for key in (A, B)}
    client.answers = [UnreachableError("qBit", "down")]
    assert await poll.changes() == (set(), set())
    assert not poll.answers("qBit")
    poll._poll_at["qBit"] = 0
    torrents = {"a": {"category": "mine", "name": "a"}, "b": {"category": "mine", "name": "other"}}
    client.answers = [{"full_update": True, "torrents": torrents}]
    assert await poll.changes() == ({A, B}, set())
    assert poll.answers("qBit")
    assert poll.facts(A) is before[A]
    assert poll.facts(B).name == "other"


async def test_a_late_answer_asks_for_a_pass(poll, client, monkeypatch):
    await poll.changes()
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.01)
    late = asyncio.Event()
    client.answers = [late]
    await poll.changes()
    assert not poll.wake.is_set()
    late.set()
    await asyncio.wait_for(poll.wake.wait(), 5)


async def test_the_state_of_a_client_is_what_it_said_last(poll, client):
    state = {"connection_status": "connected", "dl_info_speed": 5, "up_info_speed": 6, "free_space_on_disk": 7}
    client.answers[0]["server_state"] = state
    (before,) = poll.states()
    assert (before.connection, before.version, before.free_bytes) == ("", "", None)
    await poll.changes()
    client.answers = [{"server_state": {"dl_info_speed": 9}}]
    await poll.changes()
    (known,) = poll.states()
    assert known == ClientState("qBit", "v5.1.0", "connected", 9, 6, 7, 2)


async def test_a_client_that_answers_again_may_be_another_version(poll, client):
    for _ in range(2):
        await poll.changes()
    assert client.checked == ["v5.1.0"]
    client.answers = [UnreachableError("qBit", "down")]
    await poll.changes()
    poll._poll_at["qBit"] = 0
    client.at_this_address = "v5.3.0"
    client.answers = [{"full_update": True}]
    await poll.changes()
    assert client.checked == ["v5.1.0", "v5.3.0"]
    assert poll.states()[0].version == "v5.3.0"


async def test_a_client_that_was_started_again_between_two_polls_is_asked_for_its_version_within_a_minute(
    poll, client, monkeypatch
):
    """Not each time, as one whose API key several workers share sends everything each time."""
    now = 1000.0
    monkeypatch.setattr(poll, "_clock", Clock(monotonic=lambda: now))
    await poll.changes()
    client.at_this_address = "v5.3.0"
    for _ in range(3):
        client.answers = [{"full_update": True}]
        await poll.changes()
    assert client.checked == ["v5.1.0"]
    now += module._VERSION_SECONDS
    for _ in range(3):
        await poll.changes()
    assert client.checked == ["v5.1.0", "v5.3.0"]
    assert poll.states()[0].version == "v5.3.0"


@pytest.mark.parametrize("earlier", [False, True])
async def test_a_client_that_lists_nothing_any_more_is_believed_after_ten_minutes(poll, client, monkeypatch, earlier):
    """Also when an earlier process saw its torrents."""
    now = 1000.0
    monkeypatch.setattr(poll, "_clock", Clock(monotonic=lambda: now))
    listed = client.answers[0]

    async def changes(answer):
        poll._poll_at["qBit"] = 0.0
        client.answers = [answer]
        return await poll.changes()

    if earlier:
        poll.expect({"qBit"})
    else:
        await changes(listed)
    for _ in range(3):
        assert await changes({"full_update": True}) == (set(), set())
        assert not poll.answers("qBit")
        now += module._EMPTY_SECONDS / 4
    assert await changes(listed) == ({A, B}, set())
    await changes({"full_update": True})
    now += module._EMPTY_SECONDS - 1
    assert await changes({"full_update": True}) == (set(), set())
    now += 1
    assert await changes({"full_update": True}) == (set(), {A, B})
    assert poll.answers("qBit")
    assert await changes({"full_update": True}) == (set(), set())
    await changes(listed)
    assert await changes({"torrents_removed": ["a", "b"]}) == (set(), {A, B}), "what is named as removed is gone"


async def test_a_client_that_never_had_a_torrent_is_believed_at_once(poll, client):
    client.answers = [{"full_update": True}]
    await poll.changes()
    assert poll.answers("qBit")


async def test_nothing_is_known_of_a_client_that_does_not_answer(poll, client):
    client.answers[0]["server_state"] = {"connection_status": "connected", "dl_info_speed": 5}
    await poll.changes()
    client.answers = [UnreachableError("qBit", "refused")]
    await poll.changes()
    (known,) = poll.states()
    assert (known.connection, known.download_rate, known.free_bytes, known.torrents) == ("", None, None, 2)
