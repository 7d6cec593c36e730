"""Lists of verdicts: pages in each order, conditions, and counts."""

import pytest

from qbitrr.state import verdict_list, verdicts
from qbitrr.state.verdict_list import VerdictFilter


def verdict(number, name, *, category="movies", rule="stalled", action="nothing", because="it waits", revisit=None):
    forecast = None if revisit is None else verdicts.Forecast("fail", "stalled", "it is stalled")
    return verdicts.StoredVerdict(
        category, "qBit", f"{number:040}", name, action, rule, because, [{"rule": rule}], 100.0 - number, 200.0,
        revisit, forecast,
    )  # fmt: skip


ALL = [
    verdict(1, "beta", revisit=50.0),
    verdict(2, "Alpha"),
    verdict(3, "alpha", category="tv", rule="imported"),
    verdict(4, "gamma", revisit=40.0, action="fail"),
    verdict(5, "delta", category="tv"),
]


@pytest.fixture
async def filled(database):
    await verdicts.store(database, ALL)
    return database


async def names(database, order="name", limit=10, after=None, **chosen):
    page = await verdict_list.page(database, limit, order, VerdictFilter(**chosen), after)
    return [row.name for row in page]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("name", ["Alpha", "alpha", "beta", "delta", "gamma"]),
        ("since", ["beta", "Alpha", "alpha", "gamma", "delta"]),
        ("next", ["gamma", "beta"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 10])
async def test_pages_follow_each_other_in_each_order(filled, order, expected, limit):
    found, after = [], None
    while True:
        page = await verdict_list.page(filled, limit, order, VerdictFilter(), after)
        found += [row.name for row in page]
        if len(page) < limit:
            break
        after = page[-1].place(order)
    assert found == expected


async def test_conditions(filled):
    assert await names(filled, category="tv") == ["alpha", "delta"]
    assert await names(filled, rule="imported") == ["alpha"]
    assert await names(filled, action="fail") == ["gamma"]
    assert await names(filled, text="ALPH") == ["Alpha", "alpha"]
    assert await names(filled, text="%") == []
    assert await names(filled, instance="qBit-nas") == []


async def test_a_row_has_its_forecast_and_no_trace(filled):
    (row,) = await verdict_list.page(filled, 1, "next", VerdictFilter())
    assert row.forecast == verdicts.Forecast("fail", "stalled", "it is stalled")
    assert not hasattr(row, "trace")


async def test_counts(filled):
    kinds = await verdict_list.kinds(filled)
    assert sum(kind.number for kind in kinds) == len(ALL)
    assert verdict_list.Kind("imported", "nothing", "tv", "qBit", 1) in kinds


async def test_reasons_of_a_rule_that_leaves_a_torrent_alone(filled):
    found = await verdict_list.because(filled, {"stalled": "it waits", "imported": "another"}, 10)
    assert [row.name for row in found] == ["beta", "Alpha", "delta"]


@pytest.mark.parametrize(
    ("order", "index"), [("name", "verdicts_by_name"), ("since", "verdicts_by_since"), ("next", "verdicts_by_revisit")]
)
async def test_a_page_is_read_from_an_index_without_sorting(filled, monkeypatch, order, index):
    asked = []

    async def rows(sql, values=()):
        asked.append((sql, values))
        return []

    monkeypatch.setattr(filled, "rows", rows)
    place = ALL[0]
    after = verdict_list.Place({"name": "a"}.get(order, 1.0), place.category, place.instance, place.infohash)
    await verdict_list.page(filled, 10, order, VerdictFilter(), after)
    monkeypatch.undo()
    ((sql, values),) = asked
    plan = " ".join(row[3] for row in await filled.rows(f"EXPLAIN QUERY PLAN {sql}", values))
    assert f"SEARCH verdicts USING INDEX {index}" in plan
    assert "TEMP B-TREE" not in plan
