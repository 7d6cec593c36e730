"""How often an item was searched, and what became of its downloads."""

import pytest
from msgspec.structs import replace

from qbitrr.state import ledger, searches
from qbitrr.state.database import open_reader, open_writer
from tests.integration.control.asking import get
from tests.integration.control.sample import NOW, decision


async def act(database, letter, action, state, items, category="movies"):
    asked = replace(decision(category, letter + "7" * 39, {}), action=action)
    entry = await ledger.plan(database, asked, {"item_ids": items}, NOW)
    if state != "planned":
        await ledger.close(database, entry, state, "it was so", NOW)


async def test_searches_downloads_and_decisions_of_an_item(filled_state, tmp_path, make_context_over, connect):
    copy = tmp_path / "copy.db"
    copy.write_bytes(filled_state.read_bytes())
    async with open_writer(copy) as database:
        await searches.restore(database, "movies", [7], [("movies", 7, NOW, 3, None, None)])
        await act(database, "1", "import", "failed", [7])
        await act(database, "1", "fail", "done", [7, 8])
        await act(database, "2", "manual_import", "done", [7])
        await act(database, "3", "fail", "planned", [7])
        await act(database, "4", "fail", "done", [8])
        await act(database, "5", "fail", "done", [7], "music")
    async with open_reader(copy) as database, connect(make_context_over(database)) as client:
        found = await get(client, "/web/arr/movies/items/7/history")
        other = await get(client, "/web/arr/movies/items/9/history")
    assert (found["searches"], found["downloads"], found["imported"], found["failed"]) == (3, 3, 1, 1)
    assert [one["hash"][0] for one in found["decisions"]] == ["3", "2", "1", "1"]
    assert (other["searches"], other["searchedAt"], other["downloads"], other["decisions"]) == (0, None, 0, [])


@pytest.mark.parametrize(
    ("section", "item", "code"), [("nothing", "7", 404), ("movies", "x", 400), ("movies", "9" * 19, 400)]
)
async def test_what_is_no_item(client, section, item, code):
    await get(client, f"/web/arr/{section}/items/{item}/history", code)
