"""Custom format scores of movies and episodes, as the catalogue knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.state.database import Database

# Lidarr tells no scores of albums.
_TABLES = {"radarr": "movies", "sonarr": "episodes"}
_AT_ONCE = 500


class StoredScores(NamedTuple):
    """The score of an item's file, None without one, and the minimum of its profile, None when it is not known."""

    of_file: int | None
    minimum: int | None


async def of_items(database: Database, category: str, kind: str, items: Iterable[int]) -> dict[int, StoredScores]:
    """The scores of those items that the catalogue knows; `kind` is radarr, sonarr or lidarr."""
    table = _TABLES.get(kind)
    wanted = sorted(set(items)) if table else []
    found: dict[int, StoredScores] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = await database.rows(
            f"""SELECT id, has_file, custom_format_score, min_custom_format_score FROM {table}
                WHERE category = ? AND id IN ({", ".join("?" * len(some))})""",
            (category, *some),
        )
        found |= {item: StoredScores(score if has_file else None, least) for item, has_file, score, least in rows}
    return found
