"""Orphans: the files that no torrent knows, the last listing, and where the Arrs have their libraries.

Only the one worker that finds orphans writes them, and each Arr's worker where its library is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from qbitrr.rules.orphan_folders import ArrFolders
from qbitrr.rules.orphans import ENDED, IN_PLACE, FileFacts, ListingReport, Orphan, OrphanState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from qbitrr.state.database import Database, Row

MOST_ENDED = 1000
"""Of those that were purged or are gone; beyond that the oldest go."""
_COLUMNS = """id, folder, path, size_bytes, inode, modified_ns, changed_ns, links, first_seen_at, seen_seconds,
    listings, state, approved, aside, aside_at, aside_seconds"""
_AT_ONCE = 500


class OrphanRow(NamedTuple):
    """An orphan with what is shown of it. `due`: nothing but the mode and the user keeps it from being moved."""

    orphan: Orphan
    due: bool
    because: str
    proof: dict[str, Any]
    problem: str
    updated_at: float


class OrphanTotal(NamedTuple):
    """Orphans of one state."""

    files: int
    size_bytes: int
    due_files: int
    due_bytes: int


async def in_states(database: Database, states: Collection[OrphanState]) -> list[Orphan]:
    """Read all orphans of some states."""
    sql = f"SELECT {_COLUMNS} FROM orphans WHERE state IN ({_marks(states)}) ORDER BY id"
    return [_orphan(row) for row in await database.rows(sql, [str(state) for state in states])]


async def of_ids(database: Database, ids: Sequence[int]) -> list[Orphan]:
    """Read orphans by their ids, at most 500, without those that do not exist."""
    sql = f"SELECT {_COLUMNS} FROM orphans WHERE id IN ({_marks(ids)}) ORDER BY id"
    return [_orphan(row) for row in await database.rows(sql, ids)]


async def store_listing(
    database: Database, found: Iterable[tuple[Orphan, bool]], dropped: Sequence[int], now: float
) -> None:
    """Store the orphans of a complete listing with whether each is due, and drop those that are in place no more."""
    rows = [
        (one.id or None, one.folder, one.path, *_file(one.file), one.first_seen_at, one.seen_seconds, one.listings,
         str(one.state), one.approved, due, now)
        for one, due in found
    ]  # fmt: skip
    async with database.transaction() as transaction:
        for start in range(0, len(dropped), _AT_ONCE):
            some = dropped[start : start + _AT_ONCE]
            await transaction.execute(
                f"DELETE FROM orphans WHERE id IN ({_marks(some)}) AND state IN ({_quoted(IN_PLACE)})", some
            )
        await transaction.execute_many(
            """INSERT INTO orphans (id, folder, path, size_bytes, inode, modified_ns, changed_ns, links, first_seen_at,
                   seen_seconds, listings, state, approved, due, updated_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET
                   size_bytes = excluded.size_bytes, inode = excluded.inode, modified_ns = excluded.modified_ns,
                   changed_ns = excluded.changed_ns, links = excluded.links, first_seen_at = excluded.first_seen_at,
                   seen_seconds = excluded.seen_seconds, listings = excluded.listings, state = excluded.state,
                   approved = excluded.approved, due = excluded.due""",
            rows,
        )


async def change(
    database: Database,
    orphan: Orphan,
    now: float,
    *,
    because: str = "",
    proof: dict[str, Any] | None = None,
    problem: str = "",
) -> None:
    """Store the state of an orphan and what led to it; a proof stays until there is another one."""
    async with database.transaction() as transaction:
        if orphan.state in IN_PLACE:  # another one may have been seen there meanwhile
            await transaction.execute(
                f"""DELETE FROM orphans
                    WHERE folder = ? AND path = ? AND id <> ? AND state IN ({_quoted(IN_PLACE)})""",
                (orphan.folder, orphan.path, orphan.id),
            )
        await transaction.execute(
            """UPDATE orphans SET state = ?, approved = ?, due = due AND ? = 'found', aside = ?, aside_at = ?,
               aside_seconds = ?, because = ?, proof = coalesce(?, proof), problem = ?, updated_at = ? WHERE id = ?""",
            (
                str(orphan.state),
                orphan.approved,
                str(orphan.state),
                orphan.aside,
                orphan.aside_at,
                orphan.aside_seconds,
                because,
                None if proof is None else msgspec.json.encode(proof).decode(),
                problem,
                now,
                orphan.id,
            ),
        )


async def count_aside(database: Database, seconds: float) -> None:
    """Count time for all that is aside."""
    await database.write("UPDATE orphans SET aside_seconds = aside_seconds + ? WHERE state = 'aside'", (seconds,))


async def drop_ended(database: Database) -> None:
    """Drop the oldest of those that were purged or are gone when there are too many."""
    await database.write(
        f"""DELETE FROM orphans WHERE state IN ({_quoted(ENDED)}) AND id <=
            (SELECT id FROM orphans WHERE state IN ({_quoted(ENDED)}) ORDER BY id DESC LIMIT 1 OFFSET {MOST_ENDED})"""
    )


async def moved_since(database: Database, since: float) -> list[int]:
    """Read the sizes of what was moved aside after a time, also of what was restored or purged since."""
    sql = "SELECT size_bytes FROM orphans WHERE aside_at > ?"
    return [row[0] for row in await database.rows(sql, (since,))]


async def purged_since(database: Database, since: float) -> list[int]:
    """Read the sizes of what was purged after a time."""
    sql = "SELECT size_bytes FROM orphans WHERE state IN ('purged', 'purging') AND updated_at > ?"
    return [row[0] for row in await database.rows(sql, (since,))]


async def page(
    database: Database, states: Collection[str], limit: int, after: tuple[int, int] | None
) -> list[OrphanRow]:
    """Read orphans of some states, or of all for none, the largest first, after one given by its size and id."""
    conditions = [f"state IN ({_marks(states)})"] if states else []
    values: list[object] = list(states)
    if after is not None:
        conditions.append("(size_bytes, id) < (?, ?)")
        values += after
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = await database.rows(
        f"""SELECT {_COLUMNS}, due, because, proof, problem, updated_at FROM orphans {where}
            ORDER BY size_bytes DESC, id DESC LIMIT ?""",
        (*values, limit),
    )
    return [
        OrphanRow(_orphan(row[:16]), bool(row[16]), row[17], msgspec.json.decode(row[18]), row[19], row[20])
        for row in rows
    ]


async def totals(database: Database) -> dict[str, OrphanTotal]:
    """Count orphans by state."""
    rows = await database.rows(
        """SELECT state, count(*), sum(size_bytes), sum(due), sum(due * size_bytes) FROM orphans GROUP BY state"""
    )
    return {row[0]: OrphanTotal(*row[1:]) for row in rows}


async def waiting(database: Database) -> tuple[int, int, float] | None:
    """Count the files that the user is to decide on and their bytes, with when the first was seen; None without any."""
    row = await database.row(
        """SELECT count(*), sum(size_bytes), min(first_seen_at) FROM orphans
           WHERE state = 'found' AND due AND NOT approved"""
    )
    return None if row is None or not row[0] else (row[0], row[1], row[2])


async def waiting_ids(database: Database) -> list[int]:
    """Find the files that the user is to decide on."""
    sql = "SELECT id FROM orphans WHERE state = 'found' AND due AND NOT approved ORDER BY id"
    return [row[0] for row in await database.rows(sql)]


async def store_report(database: Database, report: ListingReport, now: float, *, complete: bool) -> None:
    """Store what a listing found."""
    await database.write(
        """INSERT INTO orphan_listings VALUES (1, ?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET
               listed_at = ?1, complete_at = coalesce(?2, complete_at), report = ?3""",
        (now, now if complete else None, msgspec.json.encode(report).decode()),
    )


async def listed_at(database: Database) -> float | None:
    """Read when the last listing was made; None before the first one."""
    row = await database.row("SELECT listed_at FROM orphan_listings")
    return None if row is None else row[0]


async def last_report(database: Database) -> tuple[float, float | None, ListingReport] | None:
    """Read when the last listing was made, when the last complete one, and what the last one found."""
    row = await database.row("SELECT listed_at, complete_at, report FROM orphan_listings")
    return None if row is None else (row[0], row[1], msgspec.json.decode(row[2], type=ListingReport))


async def count_failure(database: Database, reason: str) -> None:
    """Count a refusal of the disk."""
    await database.write(
        "INSERT INTO orphan_failures VALUES (?, 1) ON CONFLICT (reason) DO UPDATE SET number = number + 1", (reason,)
    )


async def failures(database: Database) -> dict[str, int]:
    """Read how often the disk refused something."""
    return {row[0]: row[1] for row in await database.rows("SELECT reason, number FROM orphan_failures ORDER BY reason")}


async def store_arr_folders(database: Database, category: str, folders: ArrFolders, now: float) -> None:
    """Store where an Arr has its library."""
    text = msgspec.json.encode(folders).decode()
    await database.write("INSERT OR REPLACE INTO arr_folders VALUES (?, ?, ?)", (category, text, now))


async def arr_folders(database: Database) -> dict[str, tuple[ArrFolders, float]]:
    """Read where each Arr has its library, and when that was read."""
    rows = await database.rows("SELECT category, folders, read_at FROM arr_folders")
    return {row[0]: (msgspec.json.decode(row[1], type=ArrFolders), row[2]) for row in rows}


def _file(file: FileFacts) -> tuple[int, str, int, int, int]:
    return file.size_bytes, str(file.inode), file.modified_ns, file.changed_ns, file.links


def _orphan(row: Row) -> Orphan:
    return Orphan(
        id=row[0],
        folder=row[1],
        path=row[2],
        file=FileFacts(row[3], int(row[4]), row[5], row[6], row[7]),
        first_seen_at=row[8],
        seen_seconds=row[9],
        listings=row[10],
        state=OrphanState(row[11]),
        approved=bool(row[12]),
        aside=row[13],
        aside_at=row[14],
        aside_seconds=row[15],
    )


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _quoted(states: Iterable[OrphanState]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))
