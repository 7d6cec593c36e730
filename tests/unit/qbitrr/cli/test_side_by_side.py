"""The report of `qbitrr side-by-side`."""

import pytest

from qbitrr.cli.side_by_side import report
from qbitrr.errors import StateError
from qbitrr.rules.other_tools import ForeignAct, ForeignKind
from qbitrr.rules.verdict import Action
from qbitrr.state import foreign_acts, shadow, torrents, verdicts
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import LastSeen, StoredTorrent
from qbitrr.state.verdicts import Forecast, StoredVerdict
from tests.unit.qbitrr.state.entries import decision

NOW = 1_700_000_000.0
DAY = 86400.0
ADDED = NOW - 9 * DAY


async def test_without_anything_to_compare_there_is_no_report(state_file):
    assert await report(state_file, None, NOW) is None


async def test_it_counts_the_classes_and_says_of_each_torrent_what_both_sides_did(state_file):
    async with open_writer(state_file) as database:
        for letter in "abc":
            row = StoredTorrent("qBit", letter * 40, ADDED, "movies")
            await torrents.save(database, "movies", StoredTorrent, [row])
            fields = ("movies", "qBit", letter * 40, f"Film.{letter}", "nothing", "stalled", "it is stalled", [], ADDED)
            later = Forecast("fail", "stalled", "it was stalled for too long")
            await verdicts.store(database, [StoredVerdict(*fields, revisit_at=NOW + DAY, forecast=later)])
        words = {"name": "Film.a", "action": Action.FAIL, "rule": "slow", "because": "it was slow"}
        decided = decision(infohash="a" * 40, added_at=ADDED, **words)
        await shadow.record(database, decided, NOW - 3 * DAY)
        for letter, at, seen in (
            ("a", NOW - DAY, LastSeen(NOW - DAY - 5.0, "downloading")),
            ("b", NOW - 60.0, LastSeen(NOW - 65.0, "stalledDL")),
            ("c", NOW - 50.0, LastSeen(NOW - 55.0, "metaDL", "")),
        ):
            key = ("qBit", letter * 40)
            await torrents.forget(database, "movies", [key], at, {key: seen})
        await foreign_acts.record(database, "tv", [ForeignAct(ForeignKind.BLOCKLISTING, "A Show", NOW, "f" * 40)])
    text = await report(state_file, "movies", NOW)
    assert text.splitlines() == [
        "     1  Shadow would have been earlier",
        "     1  Shadow would have been later",
        "     1  not known",
        "",
        "2023-11-14T22:12:30Z Film.c (qBit, movies): not known: it was moved to another category, where it is not seen",
        "    here:   by stalled: it is stalled; at 2023-11-15T22:13:20Z it would have been removed",
        "    others: 2023-11-14T22:12:30Z it was moved to the category '', seen last at 2023-11-14T22:12:25Z as metaDL",
        "2023-11-14T22:12:20Z Film.b (qBit, movies): Shadow would have been later (1 day, 0:01:00)",
        "    here:   by stalled: it is stalled; at 2023-11-15T22:13:20Z it would have been removed",
        "    others: 2023-11-14T22:12:20Z it left its client, seen last at 2023-11-14T22:12:15Z as stalledDL",
        "2023-11-13T22:13:20Z Film.a (qBit, movies): Shadow would have been earlier (2 days, 0:00:00)",
        "    here:   2023-11-11T22:13:20Z would fail it by slow: it was slow",
        "    others: 2023-11-13T22:13:20Z it left its client, seen last at 2023-11-13T22:13:15Z as downloading",
    ]
    assert "A Show" not in text
    assert "A Show (tv)" in (await report(state_file, None, NOW))


async def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StateError):
        await report(path, None, NOW)
