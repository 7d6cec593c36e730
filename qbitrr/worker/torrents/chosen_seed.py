"""The one seed of a worker that goes now for the space of a download."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.rules.seed_value import RoomChoice


class _Chosen(NamedTuple):
    key: TorrentKey
    added_at: float
    choice: RoomChoice
    at: float


class ChosenSeed:
    """Which seed goes, if any. It is chosen again and again as long as its space is needed."""

    def __init__(self) -> None:
        self._chosen: _Chosen | None = None
        self._changed: set[TorrentKey] = set()

    def choose(self, key: TorrentKey, added_at: float, choice: RoomChoice, now: float) -> None:
        """Choose a seed, in place of another one; `now` in monotonic seconds."""
        if self._chosen is not None and self._chosen.key != key:
            self.clear()
        if self._chosen is None:
            self._changed.add(key)
        self._chosen = _Chosen(key, added_at, choice, now)

    def renew(self, key: TorrentKey, now: float) -> None:
        """Note that a seed is still the right one, if it is chosen."""
        if self._chosen is not None and self._chosen.key == key:
            self._chosen = self._chosen._replace(at=now)

    def clear(self) -> None:
        """Choose none."""
        if self._chosen is not None:
            self._changed.add(self._chosen.key)
            self._chosen = None

    def choice_of(self, torrent: TorrentFacts) -> RoomChoice | None:
        """Return the choice if it is this torrent that goes."""
        chosen = self._chosen
        if chosen is None or (chosen.key, chosen.added_at) != (torrent.key, torrent.added_at):
            return None
        return chosen.choice

    @property
    def chosen_at(self) -> float | None:
        """When it was chosen the last time, in monotonic seconds."""
        return None if self._chosen is None else self._chosen.at

    def changes(self) -> set[TorrentKey]:
        """Return the torrents that were chosen, or are no longer, since the last call."""
        changed, self._changed = self._changed, set()
        return changed
