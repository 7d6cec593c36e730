"""Whose quality profile is switched, and which one it had; and who may need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


Memory = tuple[int, int, str, float]
"""Original profile, temporary profile, stage, began at: the fields of `rules.search.profile_switch.StoredSwitch`."""


async def memories(database: Database, category: str) -> dict[int, Memory]:
    """What is remembered, by the id of the movie, series or artist."""
    sql = "SELECT id, original_id, temporary_id, stage, at FROM profile_switches WHERE category = ?"
    return {number: (*rest,) for number, *rest in await database.rows(sql, (category,))}


async def parents(
    database: Database, category: str, kind: str, profiles: Iterable[str], *, unmonitored: bool
) -> list[tuple[int, str, str, bool]]:
    """Those that have one of the profiles, and those that are remembered.

    Each with its title, the name of its profile, and whether something is missing.
    """
    names = list(profiles)
    rows = await database.rows(
        f"""SELECT id, title, ifnull(quality_profile, ''), id IN ({_WITH_MISSING[kind]}) FROM {_PARENTS[kind]}
            WHERE category = ?1 AND (quality_profile IN ({", ".join(f"?{n}" for n in range(3, len(names) + 3))})
                OR id IN (SELECT id FROM profile_switches WHERE category = ?1))""",
        (category, unmonitored, *names),
    )
    return [(number, title, profile, bool(missing)) for number, title, profile, missing in rows]


async def remember(database: Database, category: str, changes: Mapping[int, Memory | None]) -> None:
    """Write down what is to be remembered from now on; None for nothing any more."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            "DELETE FROM profile_switches WHERE category = ? AND id = ?", [(category, number) for number in changes]
        )
        await transaction.execute_many(
            "INSERT INTO profile_switches VALUES (?, ?, ?, ?, ?, ?)",
            [(category, number, *memory) for number, memory in changes.items() if memory is not None],
        )


async def switched(database: Database, category: str, kind: str, ids: Iterable[int], profile: str) -> None:
    """The Arr took another profile for some of its movies, series or artists."""
    async with database.transaction() as transaction:
        await transaction.execute_many(
            f"UPDATE {_PARENTS[kind]} SET quality_profile = ? WHERE category = ? AND id = ?",
            [(profile, category, number) for number in ids],
        )


async def forget_gone(database: Database, category: str, kind: str) -> None:
    """Forget what the Arr has no more."""
    await database.write(
        f"""DELETE FROM profile_switches WHERE category = ?1
            AND id NOT IN (SELECT id FROM {_PARENTS[kind]} WHERE category = ?1)""",
        (category,),
    )
