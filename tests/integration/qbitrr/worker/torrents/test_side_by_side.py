"""What the worker stores of torrents that others remove beside Shadow: each is compared rightly."""

import pytest

from qbitrr.clock import Clock
from qbitrr.errors import StateError
from qbitrr.rules.side_by_side import UNSEEN_SECONDS, Class, compare
from qbitrr.state import side_by_side, verdicts, watch_periods
from qbitrr.state.side_by_side import Span
from tests.integration.qbitrr.worker.torrents.passing import passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled

EVER = Span(0.0, 1e12)


async def rows(opened):
    return {one.infohash: one for one in (await side_by_side.page(opened.database, 99, EVER)).rows}


def row_of(opened, torrent, holds=lambda row: True):
    async def found():
        row = (await rows(opened)).get(torrent.infohash)
        return row if row is not None and holds(row) else None

    return found


def left(row):
    return row.removed_at is not None


def kind(row, now):
    return compare(row.ours, row.theirs, now).kind


async def test_the_same_torrent_removed_by_others_and_recorded_by_shadow_is_agreement(sandbox, bench):
    torrent = stalled(sandbox.world)
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()
        row = await passes_until(opened, row_of(opened, torrent), "no removal is recorded")
        assert kind(row, row.removes_at) is Class.NOT_KNOWN  # it is too early to say
        await opened.loop.save_watch_times()
        (row,) = [one for one in (await rows(opened)).values() if one.infohash == torrent.infohash]
        assert row.seen_at is not None
        del sandbox.world.client.torrents[torrent.infohash]
        row = await passes_until(opened, row_of(opened, torrent, left), "it is not noticed that it left")
    assert (kind(row, row.removed_at), row.opinion.action, row.state) == (Class.AGREE, "fail", "stalledDL")
    assert row.seen_at <= row.removed_at <= row.seen_at + 30


async def test_what_shadow_would_have_kept_is_only_theirs_with_the_verdict_seen_last(sandbox, bench):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()

        async def judged():
            return await verdicts.of_torrent(opened.database, torrent.infohash)

        (verdict, *_) = await passes_until(opened, judged, "it was not judged")
        del sandbox.world.client.torrents[torrent.infohash]
        row = await passes_until(opened, row_of(opened, torrent, left), "it is not noticed that it left")
    assert (kind(row, row.removed_at), row.opinion.rule) == (Class.ONLY_THEIRS, verdict.rule)


async def test_that_a_client_answers_is_written_down_as_soon_as_it_does(sandbox, bench):
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()
        await opened.loop.save_watch_times()
        assert await watch_periods.last(opened.database, opened.config.name) == {}
        assert opened.loop.seconds_until_watched() < 60
        await opened.one_pass()
        await opened.loop.save_watch_times()
        assert (await watch_periods.last(opened.database, opened.config.name)).keys() == {"qBit"}
        assert opened.loop.seconds_until_watched() == float("inf")


async def test_that_a_client_answered_is_written_down_at_the_end_although_another_part_cannot_be(sandbox, bench):
    async def full_disk():
        raise StateError("no space left")

    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()
        await opened.one_pass()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opened.loop.observer, "close", full_disk)
            with pytest.raises(StateError):
                await opened.loop.close()
        assert (await watch_periods.last(opened.database, opened.config.name)).keys() == {"qBit"}


async def test_what_is_moved_to_a_category_of_no_one_is_not_known(sandbox, bench):
    torrent = stalled(sandbox.world)
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()
        await passes_until(opened, row_of(opened, torrent), "no removal is recorded")
        sandbox.world.client.categories["elsewhere"] = ""
        torrent.category = "elsewhere"
        row = await passes_until(opened, row_of(opened, torrent, left), "it is not noticed that it left")
    assert (kind(row, row.removed_at), row.moved_to) == (Class.NOT_KNOWN, "elsewhere")


@pytest.mark.parametrize(
    ("away", "expected"), [(UNSEEN_SECONDS / 2, Class.ONLY_THEIRS), (UNSEEN_SECONDS * 3, Class.NOT_KNOWN)]
)
async def test_what_left_while_no_worker_ran_is_known_as_well_as_it_was_seen(sandbox, bench, away, expected):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()

        async def judged():
            return await verdicts.of_torrent(opened.database, torrent.infohash)

        await passes_until(opened, judged, "it was not judged")
        await settled(opened, 1)
        await opened.loop.close()
    del sandbox.world.client.torrents[torrent.infohash]
    clock = Clock()
    later = Clock(wall=lambda: clock.wall() + away)
    async with bench(settings={"Shadow": True}, clock=later) as opened:
        await opened.loop.load()
        row = await passes_until(opened, row_of(opened, torrent, left), "it is not noticed that it left")
    assert kind(row, row.removed_at) is expected
    assert away - 5 <= row.removed_at - row.seen_at <= away + 60


async def test_under_shadow_every_verdict_that_time_may_change_says_to_what(sandbox, bench):
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()
        await settled(opened, 2)
        changing = "SELECT count(*), count(forecast) FROM verdicts WHERE revisit_at IS NOT NULL AND rule <> 'error'"
        ((number, with_forecast),) = await opened.database.rows(changing)
    assert number == with_forecast > 0


async def test_stops_and_tags_of_others_are_seen_under_shadow_and_not_what_was_there_before(sandbox, bench):
    torrent = stalled(sandbox.world)
    torrent.tags.add("before")
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()
        await passes_until(opened, row_of(opened, torrent), "no removal is recorded")
        torrent.tags.add("Obsolete")
        await passes_until(opened, row_of(opened, torrent, lambda row: row.tags), "the tag is not seen")
        torrent.stopped = True
        row = await passes_until(opened, row_of(opened, torrent, lambda row: row.paused_at), "the stop is not seen")
        for stopped, tags in ((False, {"before"}), (True, {"before", "Obsolete"})):
            torrent.stopped, torrent.tags = stopped, tags
            await opened.one_pass()
        (number,) = await opened.database.row("SELECT count(*) FROM foreign_acts")
    assert number == 2, "the same again is not stored again"
    assert row.tags == ("Obsolete",)
    assert row.tagged_at <= row.paused_at
    assert row.theirs.removed_at is None


async def test_without_shadow_stops_and_tags_may_be_our_own(sandbox, bench):
    torrent = stalled(sandbox.world)
    async with bench() as opened:
        await opened.loop.load()
        await settled(opened, 1)
        torrent.tags.add("mine")
        await settled(opened, 2)
        assert await opened.database.rows("SELECT * FROM foreign_acts") == []
