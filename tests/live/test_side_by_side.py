"""Shadow beside a program that removes torrents from a real qBittorrent: the test is that program."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.live.test_decisions import dead, scene
from tests.support.polling import until
from tests.support.real_arr import grabbed

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from tests.live.test_decisions import Scene
    from tests.support.qbittorrent import QbittorrentNox
    from tests.support.tracker import Tracker

_TWO_HOURS = 7200


async def compared(on: Scene) -> dict[str, dict[str, Any]]:
    """Return the comparison of each torrent by its infohash."""
    async with on.daemon._session.get(f"{on.daemon.url}/web/comparison") as response:
        assert response.status == 200
        return {one["hash"]: one for one in (await response.json())["torrents"]}


async def printed(folder: Path) -> str:
    """Return what `qbitrr side-by-side` prints."""
    command = (sys.executable, "-P", "-m", "qbitrr", "--data-dir", str(folder), "side-by-side", "radarr-hd")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    return output.decode()


async def test_what_another_program_removes_and_leaves_is_compared_with_what_shadow_would_have_done(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    async with scene(tmp_path, judged, {"qBit": qbittorrent}, {"Shadow": True, "ProtectTags": ["keep"]}) as on:
        both = await dead(qbittorrent, tmp_path, "Both.2001", tracker)
        ours = await dead(qbittorrent, tmp_path, "Ours.2002", tracker)
        theirs = await dead(qbittorrent, tmp_path, "Theirs.2003", tracker, tags="keep")
        for number, torrent in enumerate((both, ours, theirs), 1):
            grabbed(on.radarr, number, torrent.name, torrent.infohash)
        await on.decided(theirs, "ignored_by_user")

        async def are_recorded() -> bool:
            return {both.infohash, ours.infohash} <= (await compared(on)).keys()

        await until(are_recorded, 40, "two removals that Shadow would have done")
        assert theirs.infohash not in await compared(on)
        await qbittorrent.post("torrents/addTags", hashes=ours.infohash, tags="Obsolete")
        for torrent in (both, theirs):
            await qbittorrent.post("torrents/delete", hashes=torrent.infohash, deleteFiles="true")

        async def are_missed() -> bool:
            found = await compared(on)
            gone = [found.get(one.infohash, {}).get("theirs", {}).get("removedAt") for one in (both, theirs)]
            return all(gone) and found[ours.infohash]["theirs"]["tags"] == ["Obsolete"]

        await until(are_missed, 20, "two torrents that left, and one with a tag")
        found = await compared(on)
        assert {infohash: row["kind"] for infohash, row in found.items()} == {
            both.infohash: "agree",
            theirs.infohash: "only_theirs",
            ours.infohash: "not_known",
        }
        assert found[ours.infohash]["because"] == "the others may still follow"
        assert found[both.infohash]["ours"]["action"] == "fail"
        assert found[both.infohash]["theirs"]["state"] in ("stalledDL", "metaDL", "downloading")
        assert (found[theirs.infohash]["ours"]["rule"], found[theirs.infohash]["ours"]["at"]) == (
            "ignored_by_user",
            None,
        )
        await on.daemon.stop()
        with closing(sqlite3.connect(on.daemon.folder / "state.db")) as connection, connection:
            sql = "UPDATE shadow SET decided_at = decided_at - ? WHERE infohash = ?"
            connection.execute(sql, (_TWO_HOURS, ours.infohash))
        await on.daemon.start()
        await on.daemon.all_running()

        async def is_only_ours() -> bool:
            row = (await compared(on))[ours.infohash]
            return row["kind"] == "only_ours" and row["seconds"] >= _TWO_HOURS - 60

        await until(is_only_ours, 20, "that the others keep what Shadow would have removed two hours ago")
        text = await printed(on.daemon.folder)
        assert text.splitlines()[:3] == [
            "     1  both ended it",
            "     1  only the others ended it",
            "     1  only Shadow would have ended it",
        ]
        assert await qbittorrent.torrent(ours.infohash) is not None
