"""Every route that the stand-ins offer has been judged, with everything in the answer that can be there."""

from __future__ import annotations

import aiohttp
import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section

SECTIONS = (
    Section("Radarr", "radarr", 120),
    Section("Sonarr", "sonarr", 10, episodes=240),
    Section("Lidarr", "lidarr", 20),
)
PAGE = {"page": "1", "pageSize": "200", "sortDirection": "descending"}
QUERIES = {
    "queue": PAGE,
    "history": PAGE,
    "blocklist": PAGE,
    "wanted/missing": PAGE,
    "wanted/cutoff": PAGE,
    "history/since": {"date": "2020-01-01T00:00:00Z"},
    "moviefile": [("movieId", str(number)) for number in range(1, 60)],
    "episode": {"seriesId": "1", "includeEpisodeFile": "true", "includeSeries": "true"},
    "episodefile": {"seriesId": "1"},
    "track": {"artistId": "1"},
    "trackfile": {"artistId": "1"},
}


def example_id(path, arr):
    """An id that exists."""
    items = arr.collection.items.values()
    known = {
        "queue/{id}": lambda: next(iter(arr.queue)),
        "history/failed/{id}": lambda: next(event.id for event in arr.history if event.event_type == "grabbed"),
        "command/{id}": lambda: next(iter(arr.commands.commands)),
        "blocklist/{id}": lambda: arr.blocklist[0].id,
        "moviefile/{id}": lambda: next(item.file.id for item in items if item.file),
        "episodefile/{id}": lambda: next(item.file.id for item in items if item.file),
        "track/{id}": lambda: next(item.track(1).id for item in items if item.present),
        "trackfile/{id}": lambda: next(item.track(1).id for item in items if item.present),
    }
    return known.get(path, lambda: 1)()


@pytest.mark.parametrize("name", [section.name for section in SECTIONS])
async def test_every_route_is_judged(judge, name):
    async with Sandbox(SECTIONS, middlewares=[judge.middleware]) as sandbox:
        stand_in = sandbox.arrs[name]
        record = next(iter(stand_in.arr.queue.values()))
        stand_in.arr.remove(record.id, from_client=False, blocklist=True, skip_redownload=True)
        headers = {"X-Api-Key": stand_in.api_key}
        # commands first, so that there is one to be listed; deletions last; nothing describes the push channel
        described = [route for route in stand_in.routes() if route.path.startswith("/api/")]
        routes = sorted(described, key=lambda route: ("POST", "GET", "PUT", "DELETE").index(route.method))
        async with aiohttp.ClientSession(stand_in.url, headers=headers) as session:
            for route in routes:
                path = route.path.removeprefix(f"/{stand_in.api}/")
                url = route.path.replace("{id}", str(example_id(path, stand_in.arr))).replace(
                    "{filename}", "poster.jpg"
                )
                body = {"name": "RssSync"} if route.method == "POST" else None
                if path.endswith("editor"):
                    body = {f"{path.partition('/')[0]}Ids": [1], "qualityProfileId": stand_in.parents[1].profile_id}
                async with session.request(route.method, url, params=QUERIES.get(path), json=body) as response:
                    assert response.ok, (route, response.status)
    assert judge.routes == {(stand_in.kind, route.method, route.path) for route in described}
