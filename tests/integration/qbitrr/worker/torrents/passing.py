"""Having a worker pass over its torrents until something is so."""

import inspect

from qbitrr.state import ledger
from tests.support.polling import until


async def passes_until(opened, holds, what, seconds=20):
    """One pass after the other; `holds` may be a coroutine function. Returns its first true answer."""

    async def one_pass():
        await opened.one_pass()
        answer = holds()
        return await answer if inspect.isawaitable(answer) else answer

    return await until(one_pass, seconds, what)


async def settled(opened, number=3):
    """Some passes, and every action of theirs that does not wait for something has ended."""
    for _ in range(number):
        await opened.one_pass()
        await until(lambda: not opened.loop.runner.busy, 20, "an action did not end")


async def entries(opened, action):
    """What the ledger tells of one kind of action, oldest first."""
    columns = "infohash, state, step, outcome, id"
    return await opened.database.rows(f"SELECT {columns} FROM ledger WHERE action = ? ORDER BY id", (action,))


async def latest(opened, limit):
    """The newest entries of the ledger, newest first."""
    return (await ledger.page(opened.database, limit, ledger.LedgerFilter())).entries


async def judged(opened):
    """The infohashes of all torrents that have a verdict."""
    return {infohash for (infohash,) in await opened.database.rows("SELECT infohash FROM verdicts")}


def ended(opened, action, state="done"):
    """Whether the ledger has such an action that ended so, to wait for."""

    async def found():
        return [row for row in await entries(opened, action) if row[1] == state]

    return found


def posts(stand_in, path):
    """The bodies of what was posted to a path of a stand-in."""
    return [r.body for r in stand_in.requests if r.method == "POST" and r.path.endswith(path)]


async def end_quarantines(opened):
    """Have the time of every quarantine be over, by both clocks."""
    sql = "UPDATE ledger SET notes = json_set(notes, '$.until', 1, '$.seconds', 0) WHERE step != 'done'"
    await opened.database.write(sql)
    opened.loop.action_context.quarantine_ends.clear()
