"""One request, whichever application it comes from."""

from __future__ import annotations

from typing import Any, NamedTuple

ALL_SEASONS = -1


class MediaRequest(NamedTuple):
    """A requested movie or series, by whichever ids are known.

    `season` is None for a movie, and ALL_SEASONS for a whole series.
    """

    tmdb_id: int | None
    tvdb_id: int | None
    imdb_id: str | None
    season: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is an id to find it by."""
        return any((self.tmdb_id, self.tvdb_id, self.imdb_id))


def number(value: Any) -> int | None:
    """Parse an id, which may be sent as text; None for anything else."""
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < 1 << 62 else None
