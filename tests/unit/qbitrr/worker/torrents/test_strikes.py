"""Timers against a script of polls: what is counted is what was seen, also over restarts."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.strikes import NOT_SEEN, Elapsed, Observed, StrikeKind
from qbitrr.state import torrents
from qbitrr.state.database import open_writer
from qbitrr.worker.torrents.strikes import StrikeTimers, gap_seconds
from tests.factories import UNLIMITED, policy, torrent
from tests.support.state import migrated

STALLED = torrent(state="stalledDL")
KEY = (STALLED.instance, STALLED.infohash)
POLICY = policy(maximum_eta_seconds=3600)


class Script:
    """One client with one torrent, polled by processes that follow each other."""

    def __init__(self, database, category="movies"):
        self.database, self.category = database, category
        self.now = 5000.0
        self.timers = StrikeTimers(POLICY)
        self.observed = None

    def poll(self, torrent=STALLED, after=0.0, *, standstill=False):
        """As the observer does: observe what changed, and everything where the timers ask for it."""
        self.now += after
        if self.timers.polled(torrent.instance, self.now, standstill=standstill) or torrent != self.observed:
            self.timers.observe(Observed(torrent, UNLIMITED))
            self.observed = torrent

    def lost(self, after=0.0):
        self.now += after
        self.timers.lost("qBit")

    async def restart(self, after=0.0, *, saved=True):
        if saved:
            await self.timers.save(self.database, self.category)
        self.now = 100.0 + after  # monotonic time is another one in each process
        self.timers, self.observed = StrikeTimers(POLICY), None
        await self.timers.load(self.database, self.category)

    def shows(self, trouble=StrikeKind.STALLED):
        return self.timers.elapsed(KEY, trouble)


@pytest.fixture
async def script(database):
    return Script(database)


@pytest.fixture
async def database(tmp_path):
    migrated(tmp_path / "state.db")
    async with open_writer(tmp_path / "state.db") as opened:
        yield opened


def test_nothing_is_counted_before_the_first_poll():
    timers = StrikeTimers(POLICY)
    timers.observe(Observed(STALLED, UNLIMITED))
    assert timers.elapsed(KEY, StrikeKind.STALLED) == NOT_SEEN


async def test_a_timer_runs_from_poll_to_poll(script):
    script.poll()
    assert script.shows() == Elapsed(0, 1)
    for _ in range(5):
        script.poll(after=10)
    assert script.shows() == Elapsed(50, 6)


async def test_time_after_the_last_poll_is_not_counted(script):
    script.poll()
    script.poll(after=10)
    script.now += 50  # no poll since
    assert script.shows() == Elapsed(10, 2)


@pytest.mark.parametrize(("gap", "counted"), [(59, 59), (60, 60), (60.1, 0), (10**6, 0)])
async def test_a_gap_of_more_than_a_minute_is_not_counted(script, gap, counted):
    script.poll()
    script.poll(after=10)
    script.poll(after=gap)
    assert script.shows() == Elapsed(10 + counted, 3)
    script.poll(after=5)
    assert script.shows() == Elapsed(15 + counted, 4)


async def test_a_timer_stands_while_the_client_is_silent(script):
    script.poll()
    script.poll(after=10)
    script.lost(after=20)
    script.lost(after=20)
    assert script.shows() == Elapsed(10, 2)
    script.poll(after=1)  # it answers, less than a minute after the last poll
    assert script.shows() == Elapsed(10, 3)
    script.poll(after=10)
    assert script.shows() == Elapsed(20, 4)


async def test_a_timer_stands_while_nothing_can_be_said_of_the_client(script):
    script.poll()
    script.poll(after=10)
    for _ in range(9):
        script.poll(after=30, standstill=True)
    assert script.shows() == Elapsed(10, 2)
    script.poll(after=30)
    assert script.shows() == Elapsed(10, 3)
    script.poll(after=30)
    assert script.shows() == Elapsed(40, 4)


async def test_timers_of_another_client_run_on(script):
    other = replace(STALLED, key=TorrentKey("other", STALLED.infohash))
    script.poll()
    script.poll(other)
    script.lost(after=10)
    script.poll(other, after=10)
    assert script.shows() == Elapsed(0, 1)
    assert script.timers.elapsed(("other", STALLED.infohash), StrikeKind.STALLED) == Elapsed(20, 2)


@pytest.mark.parametrize("state", ["stoppedDL", "queuedDL", "forcedDL", "checkingDL", "downloading"])
async def test_a_timer_stands_while_the_torrent_does_not_try(script, state):
    """A download that came back without a byte has not got on."""
    script.poll()
    script.poll(after=10)
    for _ in range(3):
        script.poll(replace(STALLED, state=state), after=30)
    stood = script.shows()
    assert stood.observations == 2
    script.poll(after=30)
    script.poll(after=10)
    assert script.shows() == Elapsed(stood.seconds + 10, 4)


async def test_progress_begins_anew(script):
    script.poll()
    script.poll(after=30)
    further = replace(STALLED, left_bytes=499)
    script.poll(further, after=30)
    assert script.shows() == Elapsed(0, 1)
    script.poll(further, after=30)
    assert script.shows() == Elapsed(30, 2)


async def test_progress_while_it_was_stopped_or_the_client_silent_is_seen_too(script):
    script.poll()
    script.poll(after=30)
    script.lost()
    script.poll(replace(STALLED, left_bytes=1), after=300)
    assert script.shows() == Elapsed(0, 1)


async def test_another_torrent_with_the_same_infohash_begins_anew(script):
    script.poll()
    script.poll(after=30)
    script.poll(replace(STALLED, added_at=STALLED.added_at + 5), after=30)
    assert script.shows() == Elapsed(0, 1)


async def test_each_trouble_has_its_clock(script):
    slow = torrent(eta_seconds=9999, availability=0.5)
    script.poll(slow)
    script.poll(slow, after=10)
    script.poll(replace(slow, eta_seconds=10), after=10)
    assert script.shows(StrikeKind.STALLED) == NOT_SEEN
    assert script.shows(StrikeKind.SLOW) == NOT_SEEN
    assert script.shows(StrikeKind.UNAVAILABLE) == Elapsed(20, 3)


async def test_what_was_counted_survives_a_restart_and_the_time_between_does_not_count(script):
    script.poll()
    script.poll(after=30)
    await script.restart(after=10**6)
    assert script.shows() == Elapsed(30, 2)
    script.poll()
    assert script.shows() == Elapsed(30, 3)
    script.poll(after=30)
    assert script.shows() == Elapsed(60, 4)


async def test_a_restart_does_not_hide_progress(script):
    script.poll()
    script.poll(after=30)
    await script.restart()
    script.poll(replace(STALLED, left_bytes=7))
    assert script.shows() == Elapsed(0, 1)


async def test_a_process_that_is_killed_loses_what_was_not_saved_and_makes_up_nothing(script):
    script.poll()
    script.poll(after=30)
    await script.timers.save(script.database, script.category)
    script.poll(after=30)
    await script.restart(saved=False)
    assert script.shows() == Elapsed(30, 2)


async def test_a_timer_that_was_reset_is_reset_in_the_state_file_too(script):
    slow = torrent(eta_seconds=9999)
    script.poll(slow)
    script.poll(slow, after=30)
    await script.restart()
    script.poll(replace(slow, eta_seconds=10))
    await script.restart()
    assert script.shows(StrikeKind.SLOW) == NOT_SEEN


async def test_a_timer_that_stands_is_kept_over_two_restarts(script):
    script.poll()
    script.poll(after=30)
    script.poll(replace(STALLED, state="queuedDL"), after=1)
    stood = script.shows()
    await script.restart()
    script.poll(replace(STALLED, state="queuedDL"))
    await script.restart()
    assert script.shows() == stood


async def test_what_is_forgotten_is_not_written_again(script):
    script.poll()
    await script.timers.save(script.database, script.category)
    script.poll(after=10)
    await torrents.forget(script.database, script.category, {KEY}, 1.0)
    script.timers.forget({KEY})
    await script.restart()
    assert script.shows() == NOT_SEEN


async def test_what_could_not_be_saved_is_saved_the_next_time(script, database):
    slow = torrent(eta_seconds=9999)
    script.poll(slow)
    script.poll(slow, after=30)
    await script.timers.save(database, script.category)
    script.poll(replace(slow, eta_seconds=10), after=5)  # the stored timer has to go
    await database.write("ALTER TABLE strikes RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        await script.timers.save(database, script.category)
    await database.write("ALTER TABLE away RENAME TO strikes")
    await script.restart()
    assert script.shows(StrikeKind.SLOW) == NOT_SEEN


# -- against a model --------------------------------------------------------------------------------------------

GAPS = st.sampled_from([0.0, 0.5, 5.0, 30.0, 60.0, 61.0, 600.0])
EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("look"), GAPS, st.sampled_from(["stalledDL"] * 3 + ["downloading", "queuedDL"]), st.booleans()
        ),
        st.tuples(st.just("progress"), GAPS),
        st.tuples(st.just("lose"), GAPS),
        st.tuples(st.just("restart"), GAPS),
    ),
    max_size=25,
)


class Model:
    """What anybody could have seen: the time from each look that saw the trouble to the look after it."""

    def __init__(self):
        self.seen = NOT_SEEN
        self.trouble_at = None  # of the last look, when it saw the trouble

    def poll(self, now, *, trouble, standstill):
        seconds, observations = self.seen.seconds, self.seen.observations
        if not standstill and self.trouble_at is not None and now - self.trouble_at <= 60:
            seconds += now - self.trouble_at
        saw_it = trouble and not standstill
        self.seen = Elapsed(seconds, observations + saw_it)
        self.trouble_at = now if saw_it else None


@pytest.fixture(scope="module")
def state_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("clocks") / "state.db"
    migrated(path)
    return path


async def follow(state_file, events):
    async with open_writer(state_file) as database:
        await database.write("DELETE FROM strikes")
        script, model, left = Script(database), Model(), 500
        for kind, gap, *rest in events:
            if kind == "look":
                state, standstill = rest
                script.poll(replace(STALLED, state=state, left_bytes=left), gap, standstill=standstill)
                model.poll(script.now, trouble=state == "stalledDL", standstill=standstill)
            elif kind == "progress":
                left -= 1
                script.poll(replace(STALLED, left_bytes=left), gap)
                model.seen, model.trouble_at = Elapsed(0, 1), script.now
            elif kind == "lose":
                script.lost(gap)
                model.trouble_at = None
            else:
                await script.restart(gap)
                model.trouble_at = None
            assert script.shows() == model.seen


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_a_timer_shows_no_more_and_no_less_than_what_was_seen(state_file, events):
    asyncio.run(follow(state_file, events))


async def test_a_long_pause_between_passes_is_no_gap(script):
    script.timers = StrikeTimers(POLICY, gap_seconds(300))
    script.poll()
    for _ in range(10):
        script.poll(after=300)
    assert script.shows().seconds == 3000


def test_a_gap_is_more_than_a_minute_and_more_than_two_passes():
    assert (gap_seconds(5), gap_seconds(120)) == (60, 240)


async def test_time_stands_while_a_torrent_waits_for_its_trackers(script):
    script.poll()
    script.poll(after=50)
    script.timers.observe(Observed(STALLED, UNLIMITED), waits=True)
    script.now += 50
    script.timers.polled("qBit", script.now, standstill=False)
    assert script.shows().seconds == 50


async def test_a_kind_that_another_version_wrote_keeps_no_worker_from_its_start(script):
    script.poll()
    script.poll(after=30)
    await script.timers.save(script.database, script.category)
    sql = (
        "INSERT INTO strikes SELECT category, instance, infohash, 'newer', added_at, seconds, observations, left_bytes"
    )
    await script.database.write(f"{sql} FROM strikes")
    await script.restart()
