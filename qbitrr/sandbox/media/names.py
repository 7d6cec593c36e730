"""Invented titles, derived from a number, so that they need not be stored.

Each holds an invented place name, which keeps it from being the title of a real work.
"""

from __future__ import annotations

import re


def _listed(words: str) -> list[str]:
    return words.split()


_ADJECTIVES = _listed(
    "Amber Ashen Azure Bitter Brazen Broken Candid Copper Crimson Distant Dusty Early Eastern Emerald Endless Faded"
    " Fallen Final Flying Frozen Gentle Gilded Golden Hidden Hollow Humble Idle Iron Ivory Jagged Kindled Last"
    " Lonely Lost Lunar Marble Mellow Misty Narrow Northern Opal Pale Patient Painted Quiet Radiant Restless Rising"
    " Rusted Sacred Salted Scarlet Secret Silent Silver Sleeping Solemn Southern Tangled Velvet Wandering Western"
    " Wicked Winter"
)
_NOUNS = _listed(
    "Anchors Archers Bakers Beacons Bells Bridges Canyons Captains Carpets Cellars Chimneys Clocks Comets Corridors"
    " Couriers Cranes Divers Echoes Engines Ferries Foxes Gardens Gates Ghosts Harbours Herons Islands Kettles Keys"
    " Ladders Lanterns Lighthouses Magpies Maps Meadows Mirrors Moths Orchards Otters Parades Pianos Pilots Puzzles"
    " Quarries Ravens Rivers Rooftops Sailors Satellites Shadows Shepherds Signals Sparrows Stations Stories"
    " Swimmers Teacups Tides Towers Trains Umbrellas Violins Voyagers Windmills"
)
_PLACES = [
    first + last
    for first in ("Ver", "Quel", "Brim", "Tal", "Ostra", "Nim", "Dar", "Phel")
    for last in ("rin", "dova", "mund", "lisk", "gard", "weth", "zora", "vane")
]
_GROUPS = ("QUILL", "NARWHAL", "TIN", "OXBOW", "LUMEN", "MARZIPAN", "HALYARD", "PEBBLE")
_GENRES = ("Adventure", "Comedy", "Crime", "Drama", "Family", "Mystery", "Romance", "Thriller")

_BITS = 18
_SPREAD = 40_503  # odd, so that numbers below 2**18 give as many different titles


def _words(number: int) -> tuple[str, str, str]:
    spread = (number * _SPREAD) % (1 << _BITS)
    return _ADJECTIVES[spread >> 12], _NOUNS[(spread >> 6) & 63], _PLACES[spread & 63]


def movie_title(number: int) -> str:
    """Different for each number below 262,144."""
    adjective, noun, place = _words(number)
    patterns = (f"The {adjective} {noun} of {place}", f"{place}: {adjective} {noun}", f"{adjective} {noun} in {place}")
    return patterns[number % 3]


def series_title(number: int) -> str:
    """Different for each number below 262,144."""
    adjective, noun, place = _words(number + 1)
    return (f"{place} {noun}, {adjective}", f"{adjective} {place} {noun}")[number % 2]


def episode_title(number: int) -> str:
    """The title of one episode."""
    adjective, noun, place = _words(number * 7 + 2)
    return (f"{adjective} {noun}, {place}", f"{place} and the {noun}")[number % 2]


def artist_name(number: int) -> str:
    """Different for each number below 262,144."""
    adjective, noun, place = _words(number + 3)
    return f"{place} & the {adjective} {noun}"


def album_title(number: int) -> str:
    """The title of one album."""
    adjective, noun, place = _words(number * 5 + 4)
    return (f"{adjective} {place}", f"{noun} over {place}", f"{place} {noun}")[number % 3]


def track_title(number: int) -> str:
    """The title of one track."""
    _, noun, place = _words(number * 3 + 5)
    return f"{place} {noun}"


def group(number: int) -> str:
    """A release group."""
    return _GROUPS[number % len(_GROUPS)]


def genre(number: int) -> str:
    """A genre."""
    return _GENRES[number % len(_GENRES)]


def slug(title: str) -> str:
    """`the-amber-keys-of-verrin`, as in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def dotted(title: str) -> str:
    """`The.Amber.Keys.of.Verrin`, as in release names."""
    return re.sub(r"[^A-Za-z0-9]+", ".", title).strip(".")
