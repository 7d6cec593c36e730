"""Names of the existing program, from its version 5.3 on, and their present names.

`modernised` works on the plain document; the file stays as it is. Every change that the user should know of gets a
note; keys that never had a meaning are dropped without one.
"""

from __future__ import annotations

import re
from copy import deepcopy
from itertools import count
from typing import TYPE_CHECKING, Any

from qbitrr.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Document = dict[str, Any]

_UNTOUCHED = "Read as such; the file stays as it is."
_OLD_MESSAGE = "Not a preferred word upgrade"
_MESSAGE = "Not a Custom Format upgrade for existing"
_MEANINGLESS = {
    "Settings": ("ConfigVersion",),
    "WebUI": ("GroupSonarr", "GroupLidarr"),
}


def modernised(document: Document) -> tuple[Document, list[Problem]]:
    """A document in present names, and a note for each key that was renamed, moved or repaired."""
    modern = deepcopy(document)
    return modern, [note for step in _STEPS for note in step(modern)]


def _note(where: str, now: str) -> Problem:
    return Problem(where, "an old name", now, _UNTOUCHED)


def _tables(document: Document, *prefixes: str) -> Iterator[tuple[str, Document]]:
    """The top-level tables whose names start with one of the prefixes, which are in lower case."""
    for name, table in document.items():
        if name.lower().startswith(prefixes) and isinstance(table, dict):
            yield name, table


def _table(parent: Document, name: str) -> Document:
    """A sub-table; a detached empty one when there is none."""
    table = parent.get(name)
    return table if isinstance(table, dict) else {}


def _move(name: str, source: Document, target: Document) -> bool:
    """Move a key, unless the target has it already; the source loses it in both cases."""
    if name not in source:
        return False
    target.setdefault(name, source.pop(name))
    return True


def _qbit_sections(document: Document) -> Iterator[Problem]:
    """Rename `[QBit]`, as files of 2.0 to 3.4 have it, and other spellings of the section."""
    for old in [name for name in document if name.lower() == "qbit" or name.lower().startswith("qbit-")]:
        new = f"qBit{old[4:]}"
        if new not in document:
            document[new] = document.pop(old)
            yield _note(f"[{old}]", f"[{new}]")


def _settings_to_webui(document: Document) -> Iterator[Problem]:
    settings = _table(document, "Settings")
    old = [name for name in _IN_WEBUI if name in settings]
    webui = document.setdefault("WebUI", {}) if old else {}
    for name in old if isinstance(webui, dict) else ():
        webui.setdefault(_IN_WEBUI[name], settings.pop(name))
        yield _note(f"Settings.{name}", f"WebUI.{_IN_WEBUI[name]}")


_IN_WEBUI = {
    **{name: name for name in ("Host", "Port", "Token")},
    **{f"WebUI{name}": name for name in ("Host", "Port", "Token")},
}
"""Keys that stood in `[Settings]`, and their names in `[WebUI]`."""


def _percentages(document: Document) -> Iterator[Problem]:
    """Read a share that is written as a percentage, as the documentation of 5.3 to 5.14 has it: 99 for 0.99."""
    name = "MaximumDeletablePercentage"
    for section, table in _tables(document, "settings", "radarr", "sonarr", "lidarr"):
        torrent = _table(table, "Torrent")
        value = torrent.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 1 < value <= _WHOLE:
            torrent[name] = value / _WHOLE
            yield _note(f"{section}.Torrent.{name} = {value:g}", f"{value / _WHOLE:g}")


_WHOLE = 100


def _stalled_delays(document: Document) -> Iterator[Problem]:
    """Read StalledDelay as the version means that wrote the file: from 5.14.6 on 0 removes at once.

    Before, 0 only tagged, as it does here; -1 keeps without limit in both.
    """
    if _version(document) < _SWAPPED_DELAYS:
        return
    for where, table in _all_tables(document):
        if isinstance(table.get("StalledDelay"), int | str) and str(table["StalledDelay"]).strip() == "0":
            table["StalledDelay"] = 1
            yield _note(f"{where}.StalledDelay = 0, from 5.14.6 on: remove at once", "1, which is a minute")


_SWAPPED_DELAYS = (5, 14, 6)


def _version(document: Document) -> tuple[int, ...]:
    """The version of the existing program that wrote a file; nothing when it does not say. Number n is 0.0.n."""
    version = _table(document, "Settings").get("ConfigVersion", "")
    if isinstance(version, int):
        return (0, 0, int(version))
    return tuple(map(int, re.findall(r"\d+", str(version))[:3]))


def _left_out_keys(document: Document) -> Iterator[Problem]:
    """Keep off what a file of the existing program leaves out, which is off there and on here."""
    if not _version(document):
        return
    for section, arr in _tables(document, "radarr", "sonarr", "lidarr"):
        names = []
        for path, off in _OFF_WHEN_LEFT_OUT.items():
            *tables, name = path.split(".")
            table: Any = arr
            for one in tables:
                table = table.setdefault(one, {}) if isinstance(table, dict) else {}
            if isinstance(table, dict) and name not in table:
                table[name] = off() if callable(off) else off
                names.append(path)
        if names:
            found = f"nothing of {', '.join(names)}"
            yield Problem(f"[{section}]", found, "off, as in the program that wrote the file", _UNTOUCHED)


_OFF_WHEN_LEFT_OUT: dict[str, Any] = {
    "ReSearch": False,
    "ArrErrorCodesToBlocklist": list,
    "EntrySearch.SearchMissing": False,
    "EntrySearch.SearchAgainOnSearchCompletion": False,
    "Torrent.FolderExclusionRegex": list,
    "Torrent.FileNameExclusionRegex": list,
    "Torrent.FileExtensionAllowlist": list,
}
"""Keys of an Arr that the existing program takes for off, or for an empty list, when they are not in its file."""


def _webui_names(document: Document) -> Iterator[Problem]:
    webui = _table(document, "WebUI")
    if "SecureCookies" in webui:
        webui.setdefault("BehindHttpsProxy", webui.pop("SecureCookies"))
        yield _note("WebUI.SecureCookies", "WebUI.BehindHttpsProxy")
    oidc = _table(webui, "OIDC")
    for name in ("LiveArr", "Theme", "ViewDensity"):
        if _move(name, oidc, webui):
            yield _note(f"WebUI.OIDC.{name}", f"WebUI.{name}")


def _meaningless_keys(document: Document) -> Iterator[Problem]:
    for section, names in _MEANINGLESS.items():
        for name in names:
            _table(document, section).pop(name, None)
    for _, arr in _tables(document, "radarr", "sonarr"):
        _table(_table(arr, "EntrySearch"), "Ombi").pop("Is4K", None)
    yield from ()


def _animarr_sections(document: Document) -> Iterator[Problem]:
    """Rename Animarr, which was a Sonarr. Its default category came from the section name, so it is written down."""
    for old, arr in list(_tables(document, "animarr")):
        new = next(name for name in _sonarr_names(old[len("animarr") :]) if name not in document)
        arr.setdefault("Category", old.lower())
        document[new] = document.pop(old)
        yield _note(f"[{old}]", f"[{new}]")


def _sonarr_names(suffix: str) -> Iterator[str]:
    """Names for a section that was `Animarr<suffix>`, the preferred one first."""
    second = f"Sonarr{suffix}-migrated" if suffix else "Sonarr-Animarr"
    yield f"Sonarr{suffix}"
    yield second
    yield from (f"{second}-{number}" for number in count(2))


def _profile_lists(document: Document) -> Iterator[Problem]:
    """Turn two lists paired by position into one mapping."""
    for section, arr in _tables(document, "radarr", "sonarr", "lidarr"):
        search = _table(arr, "EntrySearch")
        where = f"{section}.EntrySearch"
        main, temp = (
            [value] if isinstance(value, str) else value
            for value in (search.pop("MainQualityProfile", []), search.pop("TempQualityProfile", []))
        )
        if (not main and not temp) or search.get("QualityProfileMappings"):
            continue
        if isinstance(main, list) and isinstance(temp, list) and len(main) == len(temp):
            search["QualityProfileMappings"] = {str(old): new for old, new in zip(main, temp, strict=True)}
            yield _note(f"{where}.MainQualityProfile", f"{where}.QualityProfileMappings")
        else:
            yield Problem(
                f"{where}.MainQualityProfile",
                "lists of different length",
                "as many entries as TempQualityProfile, or better QualityProfileMappings",
                "Ignored.",
            )


def _dead_tracker_keys(document: Document) -> Iterator[Problem]:
    for section, arr in _tables(document, "radarr", "sonarr", "lidarr"):
        torrent = _table(arr, "Torrent")
        for name in ("RemoveDeadTrackers", "RemoveTrackerWithMessage"):
            seeding = torrent.setdefault("SeedingMode", {}) if name in torrent else None
            if isinstance(seeding, dict) and _move(name, torrent, seeding):
                yield _note(f"{section}.Torrent.{name}", f"{section}.Torrent.SeedingMode.{name}")


def _hit_and_run_switch(document: Document) -> Iterator[Problem]:
    """Join a switch and a key for how to combine in one key; off stays off."""
    for where, table in _all_tables(document):
        if "HitAndRunClearMode" in table:
            how = table.pop("HitAndRunClearMode")
            if table.get("HitAndRunMode", True) is True:
                table["HitAndRunMode"] = ("or", "and")[how] if isinstance(how, bool) else how
            yield _note(f"{where}.HitAndRunClearMode", f"{where}.HitAndRunMode")


def _preferred_words(document: Document) -> Iterator[Problem]:
    """Rename a message of the Arrs' queues: custom formats have taken the place of preferred words."""
    for section, arr in _tables(document, "radarr", "sonarr", "lidarr"):
        messages = arr.get("ArrErrorCodesToBlocklist")
        if not isinstance(messages, list):
            continue
        for position, message in enumerate(messages):
            if isinstance(message, str) and message.startswith(_OLD_MESSAGE):
                messages[position] = _MESSAGE
                yield _note(f"{section}.ArrErrorCodesToBlocklist[{position}]", _MESSAGE)


def _doubled_backslashes(document: Document) -> Iterator[Problem]:
    r"""Repair generated patterns for creditless openings: they have `\\d`, a backslash and a "d", for a digit."""
    for section, arr in _tables(document, "radarr", "sonarr", "lidarr"):
        for name in ("FolderExclusionRegex", "FileNameExclusionRegex"):
            patterns = _table(arr, "Torrent").get(name)
            if not isinstance(patterns, list):
                continue
            for position, pattern in enumerate(patterns):
                if isinstance(pattern, str) and "nc" in pattern and r"\\d" in pattern:
                    repaired = pattern.replace(r"\\d", r"\d")
                    patterns[position] = repaired
                    found = "a backslash where a digit is meant"
                    yield Problem(f"{section}.Torrent.{name}[{position}]", found, repaired, _UNTOUCHED)


def _all_tables(value: Any, where: str = "") -> Iterator[tuple[str, Document]]:
    """Every table of the document at any depth, also in arrays, with its dotted name."""
    if isinstance(value, dict):
        yield where, value
        for name, inner in value.items():
            yield from _all_tables(inner, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _all_tables(inner, f"{where}[{position}]")


_STEPS: tuple[Callable[[Document], Iterator[Problem]], ...] = (
    _qbit_sections,
    _stalled_delays,
    _percentages,
    _left_out_keys,
    _meaningless_keys,
    _settings_to_webui,
    _webui_names,
    _animarr_sections,
    _profile_lists,
    _dead_tracker_keys,
    _hit_and_run_switch,
    _preferred_words,
    _doubled_backslashes,
)
