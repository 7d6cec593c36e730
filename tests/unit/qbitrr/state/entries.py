"""Entries of the ledger."""

from qbitrr.rules.facts import TorrentKey
from qbitrr.state import ledger
from tests import factories


def decision(*, instance="qBit", infohash="a" * 40, **changes):
    return factories.decision(key=TorrentKey(instance, infohash), **changes)


async def plan(database, *, notes=None, now=10.0, state="planned", step=ledger.FIRST_STEP, **changes):
    return await ledger.plan(database, decision(**changes), notes or {}, now, state=state, step=step)


async def newest(database, limit, **chosen):
    return (await ledger.page(database, limit, ledger.LedgerFilter(**chosen))).entries
