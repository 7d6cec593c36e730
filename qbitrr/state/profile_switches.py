"""Temporary quality profiles: which movies, series and artists have one, and which may get one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules.search.profile_switch import StoredSwitch, SwitchStage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qbitrr.state.database import Database

_PARENTS = {"radarr": "movies", "sonarr": "series", "lidarr": "artists"}
_MISSING = "category = ?1 AND (monitored OR ?2) AND released AND NOT has_file"
_WITH_MISSING = {
    "radarr": f"SELECT id FROM movies WHERE {_MISSING}",
    "sonarr": f"SELECT series_id FROM episodes WHERE {_MISSING}",
    "lidarr": f"SELECT artist_id FROM albums WHERE {_MISSING}",
}


async def read(database: Database, category: str) -> dict[int, StoredSwitch]:
    """Read the stored switches, by the id of the movie, series or artist."""
    sql = "SELECT id, original_id, temporary_id, stage, at FROM profile_switches WHERE category = ?"
    return {
        number: StoredSwitch(original_id, temporary_id, SwitchStage(stage), at)
        for number, original_id, temporary_id, stage, at in await database.rows(sql, (category,))
    }


async def parents(
    database: Database, category: str, kind: str, profiles: Iterable[str], *, unmonitored: bool
) -> list[tuple[int, str, str, bool]]:
    """Read movies, series or artists that have one of the profiles or a stored switch.

    Each with its title, the name of its profile, and whether something of it is missing.
    """
    names = list(profiles)
    rows = await database.rows(
        f"""SELECT id, title, ifnull(quality_profile, ''), id IN ({_WITH_MISSING[kind]}) FROM {_PARENTS[kind]}
            WHERE category = ?1 AND (quality_profile IN ({", ".join(f"?{n}" for n in range(3, len(names) + 3))})
                OR id IN (SELECT id FROM profile_switches WHERE category = ?1))""",
        (category, unmonitored, *names),
    )
    return [(number, title, profile, bool(missing)) for number, title, profile, missing in rows]


async def store(database: Database, category: str, changes: Mapping[int, StoredSwitch | None]) -> None:
    """Store switches by the id of their parent; None drops one."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            "DELETE FROM profile_switches WHERE category = ? AND id = ?", [(category, number) for number in changes]
        )
        await transaction.execute_many(
            "INSERT INTO profile_switches VALUES (?, ?, ?, ?, ?, ?)",
            [(category, number, *stored) for number, stored in changes.items() if stored is not None],
        )


async def set_profile(database: Database, category: str, kind: str, ids: Iterable[int], profile: str) -> None:
    """Set the profile of movies, series or artists in the catalogue, as it was set in the Arr."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            f"UPDATE {_PARENTS[kind]} SET quality_profile = ? WHERE category = ? AND id = ?",
            [(profile, category, number) for number in ids],
        )


async def drop_gone(database: Database, category: str, kind: str) -> None:
    """Drop switches of movies, series or artists that are gone. An empty catalogue is no proof that all of them are."""
    await database.write(
        f"""DELETE FROM profile_switches WHERE category = ?1
            AND EXISTS (SELECT 1 FROM {_PARENTS[kind]} WHERE category = ?1)
            AND id NOT IN (SELECT id FROM {_PARENTS[kind]} WHERE category = ?1)""",
        (category,),
    )
