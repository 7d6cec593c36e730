"""`stats`: flat numbers for the dashboards that show one value per field."""

from msgspec import Struct

from control.context import HandlerContext
from control.handlers import inbox, qbittorrents
from control.handlers.shared import Nothing
from qbitrr.rules.verdict import Action
from qbitrr.state import ledger
from supervisor.lifecycle import Phase

_DAY_SECONDS = 86400


class Stats(Struct, frozen=True, rename="camel"):
    """Numbers of now, and of what was done within the last 24 hours.

    Rates are in bytes per second, of the qBittorrents that answer. `torrents` are those of the categories of all
    workers. `workersWell` run, and no service that they need is away. `needsYou` is the length of the inbox. `failed`
    were blocklisted and removed; `removed` had seeded enough, or went for another reason that is no failure.
    """

    workers: int
    workers_well: int
    qbittorrents: int
    qbittorrents_connected: int
    torrents: int
    download_rate: int
    upload_rate: int
    needs_you: int
    imported: int
    failed: int
    removed: int
    paused: int


async def read(context: HandlerContext, _request: Nothing) -> Stats:
    """Read the numbers of a dashboard: what runs, what waits for the user, and what was done in a day."""
    clients = qbittorrents.all_of(context).qbittorrents
    phases = [process.state.phase for process in context.workers.processes.values()]
    done = await ledger.done_since(context.database, context.clock.wall() - _DAY_SECONDS)
    return Stats(
        workers=len(phases),
        workers_well=phases.count(Phase.RUNNING),
        qbittorrents=len(clients),
        qbittorrents_connected=sum(one.connection in ("connected", "firewalled") for one in clients),
        torrents=sum(one.torrents for one in clients),
        download_rate=sum(one.download_rate or 0 for one in clients),
        upload_rate=sum(one.upload_rate or 0 for one in clients),
        needs_you=len((await inbox.read(context, Nothing())).entries),
        imported=done.get(Action.IMPORT, 0),
        failed=done.get(Action.FAIL, 0),
        removed=done.get(Action.REMOVE, 0),
        paused=done.get(Action.PAUSE, 0),
    )
