"""Settings of an Arr that contradict ours: what they do, and the remedy.

What was not read is no contradiction. Sources: `config/downloadclient`, `downloadclient`, `remotepathmapping`,
`tag` and `health` of Radarr 6.1, Sonarr 4.0 and 5, and Lidarr 2.14.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules.ownership import owner
from qbitrr.rules.paths import PathMapping  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.search.tags import missing_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = "Settings, Download Clients"
"""Where an Arr has what concerns downloads."""
_UNAVAILABLE = frozenset({"DownloadClientCheck", "DownloadClientStatusCheck"})
_ALL_CLIENTS = "All download clients"
_PATHS = "RemotePathMappingCheck"


class ContradictionKind(StrEnum):
    """What is contradictory."""

    NO_COMPLETED_HANDLING = "no_completed_download_handling"
    REMOVES_COMPLETED = "removes_completed"
    REMOVES_FAILED = "removes_failed"
    POST_IMPORT_CATEGORY = "post_import_category"
    OTHER_CATEGORY = "other_category"
    TWO_CLIENTS = "two_clients_of_one_address"
    UNAVAILABLE = "client_unavailable"
    PATHS_DIFFER = "paths_differ"
    UNKNOWN_TAG = "unknown_tag"


PASSING = frozenset({ContradictionKind.UNAVAILABLE})
"""What may be over in a moment, as after a restart of qBittorrent."""


class Contradiction(Struct, frozen=True):
    """One contradiction. `words` are the Arr's own, if it has any; `text` and `remedy` name no host and no path."""

    kind: ContradictionKind
    text: str
    remedy: str
    words: str = ""


class ClientSettings(Struct, frozen=True):
    """A qBittorrent among the download clients of an Arr that is enabled there."""

    name: str
    host: str
    port: int
    category: str
    imported_category: str = ""
    """The category that a torrent gets after its import; empty when it keeps its own."""
    removes_completed: bool = False
    removes_failed: bool = False


class HealthIssue(Struct, frozen=True):
    """What a check of the Arr found wrong. `page` is the address of its help, which is the same in all languages."""

    source: str
    message: str
    severity: str = ""
    page: str = ""


class ArrSettings(Struct, frozen=True):
    """Settings and state of an Arr as far as they were read: None for what was not."""

    handles_completed: bool | None = None
    clients: tuple[ClientSettings, ...] | None = None
    mappings: tuple[PathMapping, ...] | None = None
    health: tuple[HealthIssue, ...] | None = None
    tags: frozenset[str] | None = None


class OurSettings(Struct, frozen=True):
    """Our side: the part of the configuration that an Arr's settings can contradict.

    `managed` are all categories that a worker watches, `with_subcategories` those that stand for theirs too.
    """

    app: str
    section: str
    category: str
    managed: frozenset[str]
    with_subcategories: frozenset[str] = frozenset()
    quarantine: bool = False
    hit_and_run: bool = False
    seeding_limits: bool = False
    include_tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()


def contradictions(arr: ArrSettings, ours: OurSettings) -> list[Contradiction]:
    """Find what contradicts, the worst first."""
    mine = tuple(one for one in arr.clients or () if _is_ours(one.category, ours))
    return [
        *_category(arr, mine, ours),
        *_paths(arr, mine, ours),
        *_removal(mine, ours),
        *_post_import_category(mine, ours),
        *_completed_handling(arr, ours),
        *_two_clients(mine, ours),
        *_unavailable(arr, mine, ours),
        *_unknown_tags(arr, ours),
    ]


def _is_ours(category: str, ours: OurSettings) -> bool:
    return owner(category, ours.managed | {ours.category}, ours.with_subcategories) == ours.category


def _category(arr: ArrSettings, mine: tuple[ClientSettings, ...], ours: OurSettings) -> Iterator[Contradiction]:
    if arr.clients is None or mine:
        return
    kind = ContradictionKind.OTHER_CATEGORY
    if not arr.clients:
        text = f"{ours.app} has no qBittorrent among its enabled download clients: nothing that it grabs arrives here"
        yield Contradiction(kind, text, f'Add one in {ours.app} ({PLACE}), with the category "{ours.category}"')
        return
    theirs = " and ".join(f'"{category}"' for category in sorted({one.category for one in arr.clients}))
    text = f'{ours.app} gives its downloads the category {theirs}, and [{ours.section}] watches "{ours.category}"'
    yield Contradiction(kind, text, f"Set Category of [{ours.section}] to that of {ours.app}, or the other way round")


def _paths(arr: ArrSettings, mine: tuple[ClientSettings, ...], ours: OurSettings) -> Iterator[Contradiction]:
    """The Arr does not find where qBittorrent puts its downloads, as its own check says."""
    said = [one.message for one in arr.health or () if one.source == _PATHS and _concerns(one.message, mine)]
    if not said:
        return
    text = f"{ours.app} does not see the folder in which qBittorrent puts its downloads: it can import nothing"
    hosts = {one.host.casefold() for one in mine}
    if any(mapping.host.casefold() in hosts for mapping in arr.mappings or ()):
        remedy = f"Correct the remote path mapping in {ours.app} ({PLACE}), or let it see its local path"
    else:
        remedy = (
            f"Add a remote path mapping in {ours.app} ({PLACE}): the host as it stands in the download client, "
            f"the folder as qBittorrent sees it, and the same folder as {ours.app} sees it"
        )
    yield Contradiction(ContradictionKind.PATHS_DIFFER, text, remedy, "; ".join(said))


def _concerns(message: str, mine: tuple[ClientSettings, ...]) -> bool:
    """Whether a message of the Arr is about one of our clients, which it calls by name."""
    return bool(mine) and (message.startswith(_ALL_CLIENTS) or any(one.name in message for one in mine))


def _removal(mine: tuple[ClientSettings, ...], ours: OurSettings) -> Iterator[Contradiction]:
    """What an Arr removes it removes with its files, past quarantine and hit-and-run minimums.

    It removes what was imported and stopped at its limit, unless that went to another category, and what failed.
    """
    rules = {
        "Quarantine": ours.quarantine,
        "HitAndRunMode": ours.hit_and_run,
        "the seeding limits": ours.seeding_limits,
    }
    by_passed = [name for name, is_set in rules.items() if is_set]
    for client in mine if by_passed else ():
        stays = client.imported_category in ("", client.category)
        if client.removes_completed and stays:
            text = (
                f'{ours.app} deletes imported torrents that stopped at a limit ("Remove Completed" of '
                f'"{client.name}"), whatever is set here: {", ".join(by_passed)}'
            )
            remedy = (
                f'Switch "Remove Completed" off in {ours.app} ({PLACE}, {client.name}): qbitrr removes by its rules'
            )
            yield Contradiction(ContradictionKind.REMOVES_COMPLETED, text, remedy)
        if client.removes_completed and client.removes_failed and (ours.quarantine or ours.hit_and_run):
            text = (
                f'{ours.app} deletes torrents that are blocklisted after they stopped at a limit ("Remove Failed" of '
                f'"{client.name}"), past Quarantine and hit-and-run minimums'
            )
            remedy = f'Switch "Remove Failed" off in {ours.app} ({PLACE}, {client.name})'
            yield Contradiction(ContradictionKind.REMOVES_FAILED, text, remedy)


def _post_import_category(mine: tuple[ClientSettings, ...], ours: OurSettings) -> Iterator[Contradiction]:
    managed = ours.managed | {ours.category}
    for category in sorted({one.imported_category for one in mine if one.imported_category}):
        if owner(category, managed, ours.with_subcategories) is None:
            text = (
                f'{ours.app} puts imported torrents into the category "{category}", which no section manages: '
                "seeding and hit-and-run rules end there"
            )
            remedy = f'Add "{category}" to ManagedCategories of the qBittorrent, or leave "Post-Import Category" empty'
            yield Contradiction(ContradictionKind.POST_IMPORT_CATEGORY, text, remedy)


def _completed_handling(arr: ArrSettings, ours: OurSettings) -> Iterator[Contradiction]:
    if arr.handles_completed is False:
        text = (
            f"Completed Download Handling is off in {ours.app}: it imports nothing by itself, "
            "and does so only when qbitrr has it scan a download"
        )
        remedy = f"Switch it on in {ours.app} ({PLACE}, Completed Download Handling), unless something else imports"
        yield Contradiction(ContradictionKind.NO_COMPLETED_HANDLING, text, remedy)


def _two_clients(mine: tuple[ClientSettings, ...], ours: OurSettings) -> Iterator[Contradiction]:
    """Two clients with the same address and category: the Arr knows a download by its infohash only."""
    addresses = Counter((one.host.casefold(), one.port, one.category) for one in mine)
    for address in (address for address, count in addresses.items() if count > 1):
        names = [one.name for one in mine if (one.host.casefold(), one.port, one.category) == address]
        listed = " and ".join(f'"{name}"' for name in names)
        text = f"{listed} of {ours.app} are one qBittorrent with one category: each download is listed twice"
        remedy = f"Give them different categories, or delete all but one ({PLACE})"
        yield Contradiction(ContradictionKind.TWO_CLIENTS, text, remedy)


def _unavailable(arr: ArrSettings, mine: tuple[ClientSettings, ...], ours: OurSettings) -> Iterator[Contradiction]:
    said = [one.message for one in arr.health or () if one.source in _UNAVAILABLE and _concerns(one.message, mine)]
    if said:
        text = f"{ours.app} does not reach its qBittorrent: it grabs, lists and imports nothing meanwhile"
        remedy = f"Test the client in {ours.app} ({PLACE}); after a failure it is tried again only after minutes"
        yield Contradiction(ContradictionKind.UNAVAILABLE, text, remedy, "; ".join(said))


def _unknown_tags(arr: ArrSettings, ours: OurSettings) -> Iterator[Contradiction]:
    """Labels that the Arr has not: nothing has such a tag, so that nothing is included, or left out, by it."""
    if arr.tags is None:
        return
    for key, labels in (("IncludeTags", ours.include_tags), ("ExcludeTags", ours.exclude_tags)):
        missing = missing_labels(labels, arr.tags)
        if missing:
            listed = " and ".join(f'"{label}"' for label in missing)
            is_all = key == "IncludeTags" and len(missing) == len(set(labels))
            effect = "nothing is searched" if is_all else "that has no effect"
            text = f"{key} of [{ours.section}] names {listed}, which is no tag of {ours.app}: {effect}"
            remedy = f"Create the tag in {ours.app} (Settings, Tags), or correct {key} of [{ours.section}.EntrySearch]"
            yield Contradiction(ContradictionKind.UNKNOWN_TAG, text, remedy)
