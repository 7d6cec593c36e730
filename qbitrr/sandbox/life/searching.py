"""What a search finds: for the same items always the same releases in the same order."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.fate import Fate, Odds, draw_fate
from qbitrr.sandbox.life.records import Release
from qbitrr.sandbox.media import names
from qbitrr.sandbox.media.draw import rng
from qbitrr.sandbox.media.quality import BY_ID, FORMAT_SETS, SCORES, formats_in, is_wanted, quality_in, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qbitrr.sandbox.media.collection import Collection

RELEASES = 12  # how many releases of one thing there are on all indexers together
INDEXERS = ("Example Tracker", "Invented Index")


def find(
    key: str, collection: Collection[Any], items: Sequence[Any], odds: Odds, is_barred: Callable[[str], bool]
) -> tuple[Release, Fate] | None:
    """The first release of `items` that the Arr would grab, and what will become of it.

    `key` is that of the Arr; `is_barred` says of an infohash that it cannot be grabbed.
    """
    ids = "+".join(str(item.id) for item in items)
    if rng(key, ids, "luck").random() >= odds.found:
        return None
    profile = collection.profile_of(items[0])
    for number in range(RELEASES):
        draw = rng(key, ids, number)
        quality, formats = draw.choice(profile.allowed), draw.randrange(len(SCORES))
        infohash = infohash_of(key, ids, number)
        if is_barred(infohash):
            continue
        if is_wanted(collection.kind, profile, items[0].file, quality, SCORES[formats]):
            size = size_of(collection.kind, quality, draw.random()) * len(items)
            release = make_release(collection, items, infohash, quality, formats, size)
            return release, draw_fate(draw, odds)
    return None


def make_release(
    collection: Collection[Any], items: Sequence[Any], infohash: str, quality: int, formats: int, size: int
) -> Release:
    """A release of `items`, named as such releases are: quality and custom formats can be read off it."""
    group = names.group(int(infohash[:4], 16))
    marks = ".".join([names.dotted(BY_ID[collection.kind][quality].name), *(one.mark for one in FORMAT_SETS[formats])])
    return Release(
        title=f"{collection.name(items)}.{marks}-{group}",
        infohash=infohash,
        quality=quality,
        formats=formats,
        size=size,
        indexer=INDEXERS[int(infohash[0], 16) % len(INDEXERS)],
        group=group,
    )


def release_named(kind: str, title: str, infohash: str, size: int = 0) -> Release:
    """A release that is not from here, by what its name shows."""
    group = title.rpartition("-")[2]
    return Release(title, infohash.lower(), quality_in(kind, title), formats_in(title), size, INDEXERS[0], group)


def infohash_of(*key: object) -> str:
    """An infohash that only this key has."""
    return hashlib.sha1("/".join(map(str, key)).encode(), usedforsecurity=False).hexdigest()
