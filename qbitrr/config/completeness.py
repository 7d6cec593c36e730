"""What only the user knows and has not filled in yet. It is no error: the section concerned waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbitrr.config.model import Arr, Config, Ombi, Overseerr, QBit
    from qbitrr.config.read import Findings


def list_incomplete(config: Config, findings: Findings) -> None:
    """Note every such key that is in the way of something, with what belongs there."""
    for where, needed in _missing(config):
        found = "CHANGE_ME" if where in findings.placeholders else "nothing"
        findings.incomplete.append(Problem(where, found, needed))


def _missing(config: Config) -> Iterator[tuple[str, str]]:
    if not config.settings.completed_download_folder:
        yield "Settings.CompletedDownloadFolder", "the folder in which qBittorrent puts finished downloads"
    for qbit in config.qbits.values():
        yield from _missing_in_qbit(qbit)
    for arr in config.arrs.values():
        yield from _missing_in_arr(arr)


def _missing_in_qbit(qbit: QBit) -> Iterator[tuple[str, str]]:
    if not qbit.disabled and not qbit.complete:
        yield f"{qbit.section}.Host", 'where qBittorrent\'s Web UI is, such as "localhost"; UserName and Password too'


def _missing_in_arr(arr: Arr) -> Iterator[tuple[str, str]]:
    if not arr.managed:
        return
    name = arr.kind.capitalize()
    if not arr.uri:
        yield f"{arr.section}.URI", f'the address of {name}, such as "http://localhost:{_PORTS[arr.kind]}"'
    if not arr.api_key:
        yield f"{arr.section}.APIKey", f"the API key that {name} shows under Settings, General"
    search = f"{arr.section}.EntrySearch"
    yield from _missing_in_requester(arr.entry_search.ombi, f"{search}.Ombi.Ombi", "Ombi")
    yield from _missing_in_requester(arr.entry_search.overseerr, f"{search}.Overseerr.Overseerr", "Overseerr")


def _missing_in_requester(requester: Ombi | Overseerr, where: str, name: str) -> Iterator[tuple[str, str]]:
    if requester.search_requests and not requester.uri:
        yield f"{where}URI", f"the address of {name}"
    if requester.search_requests and not requester.api_key:
        yield f"{where}APIKey", f"the API key of {name}"


_PORTS = {"radarr": 7878, "sonarr": 8989, "lidarr": 8686}
