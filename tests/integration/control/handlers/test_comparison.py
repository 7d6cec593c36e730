"""What Shadow would have done beside what others did, over HTTP: pages, classes, days, searches and gaps."""

import pytest
from msgspec.structs import replace

from control.handlers import comparison
from qbitrr.clock import to_iso
from qbitrr.rules.other_tools import ForeignAct, ForeignKind
from qbitrr.state import foreign_acts, shadow, shadow_searches, torrents, verdicts, watch_periods
from qbitrr.state.database import open_writer
from qbitrr.state.shadow_searches import ShadowSearch
from qbitrr.state.torrents import LastSeen, StoredTorrent
from qbitrr.state.verdicts import StoredVerdict
from tests.integration.control.asking import get
from tests.integration.control.sample import NOW, decision
from tests.support.state import migrated

DAY = 86400.0
ADDED = NOW - 20 * DAY


class Others:
    """Torrents of the category `movies` and what others do to them; the state file is `database`."""

    def __init__(self, database):
        self.database = database

    async def torrent(self, letter, category="movies"):
        key = ("qBit", letter * 40)
        await torrents.save(self.database, category, StoredTorrent, [StoredTorrent(*key, ADDED, category)])
        verdict = StoredVerdict(category, *key, f"Film.{letter}", "nothing", "seeding", "it seeds", [], ADDED)
        await verdicts.store(self.database, [verdict])

    async def shadow_removes(self, letter, at, category="movies"):
        decided = replace(decision(category, letter * 40, {}), action="remove", added_at=ADDED)
        await shadow.record(self.database, decided, at)

    async def remove(self, letter, left_at, category="movies", **seen):
        gone = {("qBit", letter * 40): LastSeen(**{"at": left_at - 2.0, "state": "stalledUP", **seen})}
        await torrents.forget(self.database, category, gone, left_at, gone)


@pytest.fixture
async def others(tmp_path):
    async with open_writer(migrated(tmp_path / "compared.db")) as database:
        yield Others(database)


@pytest.fixture
async def household(others):
    """One torrent of each class."""
    for letter in "abcdef":
        await others.torrent(letter)
    await others.torrent("1", "tv/anime")
    for letter in "acd":
        await others.shadow_removes(letter, NOW - 3 * DAY)
    await watch_periods.extend(others.database, "movies", {"qBit": NOW - 9 * DAY})
    await watch_periods.extend(others.database, "movies", {"qBit": NOW - 5.0})
    await others.remove("a", NOW - 3 * DAY + 60.0)
    await others.remove("b", NOW - 2 * DAY)
    await others.remove("d", NOW - DAY)
    await others.remove("e", NOW - 100.0, at=NOW - 8 * DAY)
    await others.remove("1", NOW - 50.0, "tv/anime")
    blocklisted = ForeignAct(ForeignKind.BLOCKLISTING, "Film.f", NOW - 10.0, "f" * 40)
    await foreign_acts.record(others.database, "movies", [blocklisted])
    return others


@pytest.fixture
async def client(household, make_context_over, connect):
    async with connect(make_context_over(household.database)) as opened:
        yield opened


KINDS = {
    "f": "only_theirs",
    "1": "only_theirs",
    "e": "not_known",
    "d": "earlier",
    "b": "only_theirs",
    "a": "agree",
    "c": "only_ours",
}


def letters(page):
    return [one["hash"][0] for one in page["torrents"]]


async def test_each_torrent_is_listed_once_with_both_sides_the_newest_first(client):
    page = await get(client, "/web/comparison")
    assert {one["hash"][0]: one["kind"] for one in page["torrents"]} == KINDS
    assert letters(page) == list(KINDS)
    assert page["next"] is None
    rows = {one["hash"][0]: one for one in page["torrents"]}
    assert rows["d"]["seconds"] == 2 * DAY
    assert rows["d"]["ours"] == {
        "action": "remove",
        "rule": "stalled",
        "because": "it is stalled",
        "at": to_iso(NOW - 3 * DAY),
        "expectedAt": None,
    }
    assert rows["b"]["ours"]["because"] == "it seeds"
    assert rows["b"]["theirs"] == {
        "removedAt": to_iso(NOW - 2 * DAY),
        "seenAt": to_iso(NOW - 2 * DAY - 2),
        "state": "stalledUP",
        "movedTo": None,
        "blocklistedAt": None,
        "ignoredAt": None,
        "pausedAt": None,
        "taggedAt": None,
        "tags": [],
    }
    assert rows["c"]["theirs"]["seenAt"] == to_iso(NOW - 5)
    assert rows["e"]["because"].startswith("it was not seen for 11,5")
    assert rows["f"]["theirs"]["blocklistedAt"] == to_iso(NOW - 10)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kind": "only_theirs"}, "f1b"),
        ({"kind": "only_theirs", "category": "movies"}, "fb"),
        ({"category": "tv/anime"}, "1"),
        ({"since": to_iso(NOW - 2 * DAY)}, "f1edb"),
        ({"until": to_iso(NOW - 2 * DAY)}, "ac"),
        ({"kind": "later"}, ""),
    ],
)
async def test_conditions(client, query, expected):
    assert letters(await get(client, "/web/comparison", params=query)) == list(expected)


@pytest.mark.parametrize("kind", ["", "only_theirs"])
async def test_pages_go_on_where_the_one_before_ended(client, kind):
    whole = await get(client, "/web/comparison", params={"kind": kind})
    found, after = [], ""
    while after is not None:
        page = await get(client, "/web/comparison", params={"kind": kind, "limit": 1, "after": after})
        found += page["torrents"]
        after = page["next"]
    assert found == whole["torrents"]


async def test_a_page_of_one_class_ends_after_what_it_reads_at_once(client, monkeypatch):
    monkeypatch.setattr(comparison, "_AT_ONCE", 2)
    monkeypatch.setattr(comparison, "READ_AT_ONCE", 2)
    page = await get(client, "/web/comparison", params={"kind": "agree"})
    assert page["torrents"] == []
    assert page["next"] is not None


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"kind": "same"}, "kind"),
        ({"since": "x"}, "since"),
        ({"until": "x"}, "until"),
        ({"after": "{}"}, "after"),
        ({"after": f"[1.0, 1, {2**70}]"}, "after"),
        ({"after": f"[1.0, {-(2**60)}, 1]"}, "after"),
    ],
)
async def test_what_cannot_be_understood_is_refused(client, query, parameter):
    answer = await get(client, "/web/comparison", 400, params=query)
    assert answer["details"]["parameter"] == parameter


async def test_days_are_counted_by_class(client):
    found = await get(client, "/web/comparison/days", params={"days": 7})
    today = to_iso(NOW)[:10]
    assert (found["last"], found["counted_since"]) == (today, None)
    assert sum(one["number"] for one in found["counts"]) == len(KINDS)
    of_today = {(one["category"], one["kind"]): one["number"] for one in found["counts"] if one["day"] == today}
    assert of_today == {("movies", "only_theirs"): 1, ("movies", "not_known"): 1, ("tv/anime", "only_theirs"): 1}
    fewer = await get(client, "/web/comparison/days", params={"days": 2, "category": "movies"})
    assert {(one["kind"], one["number"]) for one in fewer["counts"]} == {
        ("only_theirs", 1),
        ("not_known", 1),
        ("earlier", 1),
    }


async def test_a_day_is_one_of_the_callers_zone(client):
    day = {}
    for offset in (0, 120):
        found = await get(client, "/web/comparison/days", params={"offset_minutes": offset, "category": "tv/anime"})
        (day[offset],) = [one["day"] for one in found["counts"]]
    assert (day[0], day[120]) == ("2023-11-14", "2023-11-15")


async def test_it_is_said_when_there_are_more_than_are_counted(client, monkeypatch):
    monkeypatch.setattr(comparison, "_AT_ONCE", 2)
    monkeypatch.setattr(comparison, "MOST_COUNTED", 4)
    found = await get(client, "/web/comparison/days")
    assert sum(one["number"] for one in found["counts"]) == 4
    assert found["counted_since"] == to_iso(NOW - DAY)


async def test_gaps_are_those_in_which_a_qbittorrent_was_not_seen(client, household):
    (gap,) = (await get(client, "/web/comparison/days"))["gaps"]
    assert gap == {
        "category": "movies",
        "instance": "qBit",
        "since": to_iso(NOW - 9 * DAY),
        "until": to_iso(NOW - 5),
    }
    await watch_periods.extend(household.database, "tv/anime", {"qBit": NOW - 601.0})
    await watch_periods.extend(household.database, "music", {"qBit": NOW - 600.0})
    gaps = (await get(client, "/web/comparison/days"))["gaps"]
    assert [(one["category"], one["until"]) for one in gaps if one != gap] == [("tv/anime", to_iso(NOW))]


async def test_searches_of_both_are_counted(client, household):
    theirs = [ForeignAct(ForeignKind.SEARCH, "MoviesSearch", NOW - 60.0, items=items) for items in ((1, 2), (3,), ())]
    await foreign_acts.record(household.database, "movies", theirs)
    for items in ((2,), (3,), (4, 5)):
        await shadow_searches.record(household.database, ShadowSearch("movies", NOW - 30.0, "A Film", "missing", items))
    await shadow_searches.record(household.database, ShadowSearch("music", NOW - 30.0, "An Album", "missing", (2,)))
    found = (await get(client, "/web/comparison/days"))["searches"]
    assert [(one["category"], one["theirs"], one["ours"], one["both"]) for one in found] == [
        ("movies", 3, 3, 2),
        ("music", 0, 1, 0),
    ]
    only = (await get(client, "/web/comparison/days", params={"category": "music"}))["searches"]
    assert [one["category"] for one in only] == ["music"]
