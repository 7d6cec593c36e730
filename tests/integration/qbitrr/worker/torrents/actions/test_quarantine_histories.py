"""Every quarantine ends in a removal or in a complete return, whatever happens in it and in whatever order."""

import asyncio
import dataclasses
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from qbitrr import ipc
from qbitrr.rules.tags import TAG_IGNORED, TAG_IMPORTED, TAG_QUARANTINE
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.sandbox import Sandbox
from qbitrr.sandbox.services.faults import Status
from tests.integration.qbitrr.worker.conftest import MOVIES, rooms
from tests.integration.qbitrr.worker.torrents.passing import end_quarantines, entries, passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import only, stalled

LONG = {"Quarantine": "1h"}
NEVER_STALLED = {"StalledDelay": "1d"}
USER_TAGS = {"mine"}


class Story:
    """A torrent in quarantine, and what the user, the services and the worker's process do meanwhile."""

    def __init__(self, sandbox, folder):
        self.sandbox, self.client = sandbox, sandbox.world.client
        self.torrent = stalled(sandbox.world)
        self.arr = only(sandbox.world, self.torrent)
        self.client.categories["elsewhere"] = ""
        self.torrent.tags |= USER_TAGS
        self.torrent.download_limit, self.torrent.upload_limit, self.torrent.ratio_limit = 5000, 6000, 2.5
        self.before = self.kept()
        self.ledger_is_lost = False
        self._rooms = rooms(sandbox, folder)
        self._stack = AsyncExitStack()
        self.opened = None

    def kept(self):
        torrent = self.client.torrents.get(self.torrent.infohash)
        return torrent and (
            torrent.category, torrent.tags - {TAG_IMPORTED}, torrent.stopped, torrent.download_limit,
            torrent.upload_limit, torrent.ratio_limit,
        )  # fmt: skip

    async def open(self, wrap=lambda services: services, **keys):
        """Start the worker, as after the end of another process."""
        await self.close()
        self._stack = AsyncExitStack()
        shadow = {"Shadow": True} if keys.pop("shadow", False) else {}
        self.opened = await self._stack.enter_async_context(self._rooms(wrap, settings=LONG | shadow, **keys))
        await self.opened.loop.load()

    async def close(self):
        await self._stack.aclose()

    async def begin(self):
        await self.open()
        await passes_until(
            self.opened, lambda: TAG_QUARANTINE in self.torrent.tags and self.torrent.stopped, "it was not put aside"
        )

    # -- what may happen ----------------------------------------------------------------------------------------------

    async def user_starts_it(self):
        self.torrent.stopped = False

    async def user_removes_the_tag(self):
        self.torrent.tags.discard(TAG_QUARANTINE)

    async def user_moves_it(self):
        self.torrent.category = "elsewhere"

    async def user_moves_it_back(self):
        self.torrent.category = self.before[0]

    async def user_protects_it(self):
        self.torrent.tags.add(TAG_IGNORED)

    async def user_protects_it_no_more(self):
        self.torrent.tags.discard(TAG_IGNORED)

    async def user_deletes_it(self):
        self.client.torrents.pop(self.torrent.infohash, None)

    async def user_undoes_it(self):
        rows = await entries(self.opened, "fail")
        self.opened.loop.approvals.submit(ipc.Undo(rows[-1][4]))

    async def it_completes(self):
        self.torrent.progress, self.torrent.completion_on = 1.0, self.client.now

    async def time_is_over(self):
        await end_quarantines(self.opened)

    async def arr_is_away(self):
        await self.sandbox.stand_ins["Radarr-HD"].fail(Status(503))

    async def arr_is_back(self):
        await self.sandbox.stand_ins["Radarr-HD"].heal()

    async def qbittorrent_is_away(self):
        await self.sandbox.stand_ins["qBit"].fail(Status(500))

    async def qbittorrent_is_back(self):
        await self.sandbox.stand_ins["qBit"].heal()

    async def worker_restarts(self):
        await self.open()

    async def its_rule_is_switched_off(self):
        await self.open(**NEVER_STALLED)

    async def shadow_is_switched_on(self):
        await self.open(shadow=True)

    async def section_is_removed(self):
        await self.open(lambda services: dataclasses.replace(services, qbittorrents={}))

    async def older_state_file_is_restored(self):
        await self.close()
        await self.open()
        await self.opened.database.write("DELETE FROM ledger")
        await self.open()
        self.ledger_is_lost = True

    # -- how it ends --------------------------------------------------------------------------------------------------

    async def ends(self):
        """Have everything in order again, the time over, and no rule that asks for another removal."""
        await self.arr_is_back()
        await self.qbittorrent_is_back()
        await self.user_protects_it_no_more()
        await self.user_moves_it_back()
        await self.open(**NEVER_STALLED)
        await self.time_is_over()

        async def all_ended():
            rows = await self.opened.database.rows("SELECT state, action FROM ledger")
            return not any(state in ("planned", "awaiting_approval") for state, _ in rows)

        await passes_until(self.opened, all_ended, "an action is still open")
        await settled(self.opened)
        await passes_until(self.opened, all_ended, "an action is still open")


EVENTS = sorted(name for name in vars(Story) if "_" in name.strip("_") and not name.startswith("_"))


async def played(events):
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(MOVIES) as sandbox:
            sandbox.world.arrs["Radarr-HD"].tempo = sandbox.world.client.tempo = Tempo(20)
            story = Story(sandbox, Path(folder))
            try:
                await story.begin()
                for name in events:
                    await getattr(story, name)()
                    await settled(story.opened, 2)
                await story.ends()
            finally:
                await story.close()
            return story


@settings(max_examples=25, deadline=None)
@given(events=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=5))
@example(events=["section_is_removed", "worker_restarts"])
@example(events=["user_protects_it", "older_state_file_is_restored"])
@example(events=["arr_is_away", "time_is_over", "user_undoes_it"])
@example(events=["user_deletes_it", "user_undoes_it"])
@example(events=["qbittorrent_is_away", "user_undoes_it", "shadow_is_switched_on", "qbittorrent_is_back"])
def test_it_is_removed_or_as_it_was(events):
    story = asyncio.run(played(events))
    if story.kept() is None:
        return
    category, tags, stopped, *limits = story.kept()
    assert (category, tags, limits) == (story.before[0], story.before[1], list(story.before[3:]))
    # without the ledger it is not known who stopped it
    assert not stopped or story.ledger_is_lost


def test_every_event_is_played():
    assert {"user_starts_it", "section_is_removed", "older_state_file_is_restored", "it_completes"} <= set(EVENTS)
    assert not {"open", "close", "begin", "ends", "kept"} & set(EVENTS)
