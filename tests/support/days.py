"""Days that pass in leaps over a sandbox and the daemon that looks after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.rules.verdict import OPEN
from tests.support.polling import until

if TYPE_CHECKING:
    from qbitrr.sandbox.sandbox import Sandbox
    from tests.support.daemon import Daemon
    from tests.support.passing_time import PassingTime

HOUR, DAY = 3600.0, 86400.0
PATIENCE_SECONDS = 120.0  # on a machine that does other things as well
_PASSES = 2  # of each worker, after each leap


class Days:
    """A daemon, its services and their time; a day has so many `leaps`."""

    def __init__(self, sandbox: Sandbox, daemon: Daemon, time: PassingTime, leaps: int) -> None:
        self.sandbox, self.daemon, self.time, self.leaps = sandbox, daemon, time, leaps

    def pass_hours(self) -> None:
        """Let the hours of a leap pass at once."""
        self.time.leap(DAY / self.leaps)

    async def leap(self) -> None:
        """Let hours pass, and have every worker see what they brought."""
        self.pass_hours()
        for folder in ("evidence", "quarantine"):
            self.time.date_files(self.daemon.folder / folder)
        await self.see()

    async def see(self) -> None:
        """Have every worker see what there is now."""
        counts, route = self.sandbox.qbittorrent.counts, "GET /api/v2/sync/maindata"
        enough = counts[route] + _PASSES * len(await self.daemon.workers())
        await until(lambda: counts[route] >= enough, PATIENCE_SECONDS, self.log)

    async def decide(self) -> None:
        """Decide what cannot wait for the evening: by default nothing."""

    async def all_run(self, workers: int) -> None:
        """Wait until there are so many workers, all of which run; one that is held is decided about meanwhile."""

        async def running() -> bool:
            try:
                await self.decide()
                found = await self.daemon.workers()
            except OSError:
                return False
            return len(found) == workers and all(one["state"] == "running" and one["pid"] for one in found.values())

        await until(running, PATIENCE_SECONDS, self.log)

    async def decisions(self, **chosen: str) -> list[dict[str, Any]]:
        """The ledger, page by page."""
        found, before = [], "0"
        while True:
            page = await self.daemon.get("/web/decisions", limit="500", before=before, **chosen)
            found += page["decisions"]
            if page["next"] is None:
                return found
            before = str(page["next"])

    async def open_decisions(self) -> list[dict[str, Any]]:
        """What has not ended."""
        return [one for state in OPEN for one in await self.decisions(state=state)]

    def log(self) -> str:
        """The end of the supervisor's log."""
        return self.daemon.log()[-3000:]
