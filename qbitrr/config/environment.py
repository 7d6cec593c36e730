"""Environment variables that override the file.

A variable counts when it is not empty; `false` and `0` are values. `OTHER_VARIABLES` of the same family are read
elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qbitrr.config.messages import did_you_mean
from qbitrr.config.model import arr_kind, is_qbit
from qbitrr.config.values import read_flag
from qbitrr.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS: Mapping[str, str] = {
    "QBITRR_SETTINGS_CONSOLE_LEVEL": "ConsoleLevel",
    "QBITRR_SETTINGS_LOGGING": "Logging",
    "QBITRR_SETTINGS_COMPLETED_DOWNLOAD_FOLDER": "CompletedDownloadFolder",
    "QBITRR_SETTINGS_FREE_SPACE": "FreeSpace",
    "QBITRR_SETTINGS_FREE_SPACE_FOLDER": "FreeSpaceFolder",
    "QBITRR_SETTINGS_AUTO_PAUSE_RESUME": "AutoPauseResume",
    "QBITRR_SETTINGS_NO_INTERNET_SLEEP_TIMER": "NoInternetSleepTimer",
    "QBITRR_SETTINGS_LOOP_SLEEP_TIMER": "LoopSleepTimer",
    "QBITRR_SETTINGS_SEARCH_LOOP_DELAY": "SearchLoopDelay",
    "QBITRR_SETTINGS_IGNORE_TORRENTS_YOUNGER_THAN": "IgnoreTorrentsYoungerThan",
    "QBITRR_SETTINGS_FAILED_CATEGORY": "FailedCategory",
    "QBITRR_SETTINGS_RECHECK_CATEGORY": "RecheckCategory",
    "QBITRR_SETTINGS_TAGLESS": "Tagless",
    "QBITRR_SETTINGS_PING_URLS": "PingURLS",
    "QBITRR_SETTINGS_FFPROBE_AUTO_UPDATE": "FFprobeAutoUpdate",
    "QBITRR_SETTINGS_AUTO_UPDATE_ENABLED": "AutoUpdateEnabled",
    "QBITRR_SETTINGS_AUTO_UPDATE_CRON": "AutoUpdateCron",
    "QBITRR_SETTINGS_AUTO_UPDATE_CHANNEL": "AutoUpdateChannel",
    "QBITRR_UPDATE_KEY": "UpdateKey",
}
"""Keys of `[Settings]`."""

QBIT: Mapping[str, str] = {
    "QBITRR_QBIT_HOST": "Host",
    "QBITRR_QBIT_PORT": "Port",
    "QBITRR_QBIT_USERNAME": "UserName",
    "QBITRR_QBIT_PASSWORD": "Password",
}
"""Keys of `[qBit]`."""

QBIT_DISABLED = "QBITRR_QBIT_DISABLED"
SEARCH_ONLY = "QBITRR_OVERRIDES_SEARCH_ONLY"
PROCESSING_ONLY = "QBITRR_OVERRIDES_PROCESSING_ONLY"
DATA_PATH = "QBITRR_OVERRIDES_DATA_PATH"

OTHER_VARIABLES = (DATA_PATH, "QBITRR_SETTINGS_GITHUB_TOKEN")

_LISTS = ("PingURLS", "UpdateKey")
_FAMILIES = ("QBITRR_SETTINGS_", "QBITRR_QBIT", "QBITRR_OVERRIDES_")
_KNOWN = (*SETTINGS, *QBIT, QBIT_DISABLED, SEARCH_ONLY, PROCESSING_ONLY, *OTHER_VARIABLES)


@dataclass(slots=True)
class Overridden:
    """A document with its overrides, and the variable behind each overridden dotted key."""

    document: Mapping[str, Any]
    variables: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def put(self, path: tuple[str, ...], value: object, variable: str) -> None:
        """Set the key at `path`; missing tables on the way are created."""
        self.document = _with(self.document, path, value)
        self.variables[".".join(path)] = variable


def override(document: Mapping[str, Any], environ: Mapping[str, str]) -> Overridden:
    """Override a copy of a document in present names by the environment."""
    result = Overridden(document)
    variables = {name: value for name, value in environ.items() if value.strip()}
    _override_settings(result, variables)
    _override_qbit(result, variables)
    _override_modes(result, variables)
    _warn_of_unknown_variables(result, variables)
    return result


def _override_settings(result: Overridden, variables: Mapping[str, str]) -> None:
    for variable, name in SETTINGS.items():
        if variable in variables:
            value = variables[variable].split(",") if name in _LISTS else variables[variable]
            result.put(("Settings", name), value, variable)


def _override_qbit(result: Overridden, variables: Mapping[str, str]) -> None:
    missing = "qBit" not in result.document and "QBITRR_QBIT_HOST" not in variables
    for variable, name in QBIT.items():
        if variable in variables and missing:
            found, needed = "no [qBit] section to override", "QBITRR_QBIT_HOST along with it"
            result.warnings.append(Problem(variable, found, needed, "Ignored."))
        elif variable in variables:
            result.put(("qBit", name), variables[variable], variable)
    disabled = _switch(QBIT_DISABLED, result, variables)
    if disabled:  # means all of them, as in the existing program
        _disable_qbits(result, QBIT_DISABLED)
    elif disabled is False and "qBit" in result.document:
        result.put(("qBit", "Disabled"), value=False, variable=QBIT_DISABLED)


def _override_modes(result: Overridden, variables: Mapping[str, str]) -> None:
    search_only = _switch(SEARCH_ONLY, result, variables)
    processing_only = _switch(PROCESSING_ONLY, result, variables)
    if search_only and processing_only:
        result.problems.append(Problem(PROCESSING_ONLY, f"true, and so is {SEARCH_ONLY}", "one of the two"))
    if search_only:
        _disable_qbits(result, SEARCH_ONLY)
    if processing_only:
        for section in filter(arr_kind, result.document):
            path = (section, "EntrySearch", "SearchMissing")
            result.put(path, value=False, variable=PROCESSING_ONLY)


def _disable_qbits(result: Overridden, variable: str) -> None:
    for section in filter(is_qbit, result.document):
        result.put((section, "Disabled"), value=True, variable=variable)


def _switch(variable: str, result: Overridden, variables: Mapping[str, str]) -> bool | None:
    """Read a variable that is true or false; None when it is not set, or neither."""
    if variable not in variables:
        return None
    try:
        return read_flag(variables[variable])
    except ValueError:
        result.problems.append(Problem(variable, f'"{variables[variable]}"', "true or false"))
        return None


def _warn_of_unknown_variables(result: Overridden, variables: Mapping[str, str]) -> None:
    for variable in variables:
        if variable.startswith(_FAMILIES) and variable not in _KNOWN:
            hint = _hint(variable)
            result.warnings.append(Problem(variable, "an unknown variable", "those in the manual", hint))


def _with(table: Mapping[str, Any], path: tuple[str, ...], value: object) -> Mapping[str, Any]:
    """Copy a table with one value set. Another value in place of a table is kept, and reported when it is read."""
    name, *rest = path
    if not rest:
        return {**table, name: value}
    inner = table.get(name, {})
    return {**table, name: _with(inner, tuple(rest), value)} if isinstance(inner, dict) else table


def _hint(variable: str) -> str:
    """A suggestion of a known variable of the same family, when the name is similar."""
    family = next(family for family in _FAMILIES if variable.startswith(family))
    theirs = {known.removeprefix(family): known for known in _KNOWN if known.startswith(family)}
    nearest = did_you_mean(variable.removeprefix(family), theirs)
    return nearest.replace("Did you mean ", f"Did you mean {family}") if nearest else "Ignored."
