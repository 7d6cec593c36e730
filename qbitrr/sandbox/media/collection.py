"""What the libraries of the three Arrs have in common. An *item* is what is searched for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from qbitrr.sandbox.media.quality import PROFILES, File, below_cutoff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qbitrr.sandbox.media.quality import Profile


class Item(Protocol):
    """A movie, an episode or an album. `file` is None as long as something is missing from it."""

    id: int
    monitored: bool
    file: File | None
    last_search: int | None


ItemT = TypeVar("ItemT", bound=Item)


class Collection(ABC, Generic[ItemT]):
    """The items of one Arr, by id."""

    kind: ClassVar[str]

    def __init__(self, items: Iterable[ItemT]) -> None:
        self.items = {item.id: item for item in items}
        self.profiles = {profile.id: profile for profile in PROFILES[self.kind]}
        self._by_name: dict[str, list[ItemT]] | None = None

    @abstractmethod
    def profile_of(self, item: ItemT) -> Profile:
        """The quality profile that applies."""

    @abstractmethod
    def parent_of(self, item: ItemT) -> int:
        """The movie itself, or the series or artist that an item belongs to."""

    def drop(self, parent_id: int) -> None:
        """A movie, series or artist is gone, with all that belongs to it."""
        self.items = {number: item for number, item in self.items.items() if self.parent_of(item) != parent_id}

    @abstractmethod
    def is_monitored(self, item: ItemT) -> bool:
        """Monitored, and so is what it belongs to."""

    @abstractmethod
    def is_out(self, item: ItemT, now: float) -> bool:
        """Released or aired, so that there can be something to find."""

    @abstractmethod
    def name(self, items: Sequence[ItemT]) -> str:
        """How a release's name of these items starts: `Title.2019`, `Title.S01E03`, `Title.S01`, `Artist-Album`."""

    @abstractmethod
    def contents(self, items: Sequence[ItemT], release: str) -> list[str]:
        """The paths of the files in such a release."""

    @abstractmethod
    def searched_by(self, command: str, body: Mapping[str, Any], now: float) -> list[list[ItemT]]:
        """What a search command searches, each list to be found as one release."""

    @abstractmethod
    def search_again(self, item_ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
        """The search command, and its body, for the items of a download that has failed."""

    @abstractmethod
    def named_groups(self) -> Iterable[Sequence[ItemT]]:
        """All items that a release may be named after (see `name`), each alone or several together."""

    def parse(self, release: str) -> list[ItemT]:
        """What a release is of, by its name; nothing when it shows none."""
        if self._by_name is None:
            self._by_name = {self.name(items).lower(): list(items) for items in self.named_groups()}
        name = release.lower()
        while name and name not in self._by_name:
            name = name.rpartition(".")[0]
        return [item for item in self._by_name.get(name, []) if item.id in self.items]

    def is_missing(self, item: ItemT) -> bool:
        """Without a file, or without a part of it."""
        return item.file is None

    def is_wanted(self, item: ItemT, now: float) -> bool:
        """Whether the Arr searches for it by itself."""
        return self.is_missing(item) and self.is_monitored(item) and self.is_out(item, now)

    def wanted(self, now: float) -> Iterator[ItemT]:
        """The items that are monitored, out and missing."""
        return (item for item in self.items.values() if self.is_wanted(item, now))

    def below_cutoff(self) -> Iterator[ItemT]:
        """The items whose file should be replaced by one of better quality."""
        return (
            item
            for item in self.items.values()
            if item.file is not None and below_cutoff(self.kind, self.profile_of(item), item.file)
        )

    def existing(self, ids: object, now: float) -> list[ItemT]:
        """Those items of a command's list of ids that exist and are out."""
        numbers = ids if isinstance(ids, list) else []
        found = [self.items[number] for number in numbers if number in self.items]
        return [item for item in found if self.is_out(item, now)]


def singly(items: Iterable[ItemT]) -> list[list[ItemT]]:
    """Each item as a group of one."""
    return [[item] for item in items]
