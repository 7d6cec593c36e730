"""Names of the existing program, from its version 5.3 on, and their present names.

`modernised` works on the plain document; the file stays as it is. Every change that the user should know of gets a
note; keys that never had a meaning are dropped without one.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import count
from typing import TYPE_CHECKING, Any

from qbitrr.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Document = dict[str, Any]

_UNTOUCHED = "Read as such; the file stays as it is."
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


def _settings_to_webui(document: Document) -> Iterator[Problem]:
    settings = _table(document, "Settings")
    old = [name for name in ("Host", "Port", "Token") if name in settings]
    webui = document.setdefault("WebUI", {}) if old else {}
    for name in old if isinstance(webui, dict) else ():
        _move(name, settings, webui)
        yield _note(f"Settings.{name}", f"WebUI.{name}")


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
    _meaningless_keys,
    _settings_to_webui,
    _webui_names,
    _animarr_sections,
    _profile_lists,
    _dead_tracker_keys,
    _hit_and_run_switch,
    _doubled_backslashes,
)
