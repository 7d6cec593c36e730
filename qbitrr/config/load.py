"""Loading of the configuration: file, old names, environment, model, checks, in this order.

All problems are reported at once. Nothing is written: a file of an older version stays as it is.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qbitrr.config import environment, legacy
from qbitrr.config.checks import check_together, list_incomplete
from qbitrr.config.derived_defaults import arr_defaults, qbit_defaults
from qbitrr.config.messages import did_you_mean, shown
from qbitrr.config.model import (
    Arr,
    CategoryRules,
    Config,
    Notifications,
    Prowlarr,
    QBit,
    Settings,
    TrackerRow,
    WebUI,
    arr_kind,
    is_qbit,
)
from qbitrr.config.tables import Findings, Source, read_table, values_of
from qbitrr.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qbitrr.config.model.key import ArrKind

_ONCE = ("Settings", "WebUI", "Notifications", "Prowlarr")
_SECTIONS = (*_ONCE, "qBit", "Radarr", "Sonarr", "Lidarr")
_NOT_IN_SECTION_NAMES = re.compile(r"[./\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, and what the user should know about it.

    `incomplete` are the keys to fill in; their sections do not run. `overridden` maps dotted keys to the environment
    variable that decides them. `document` is what the file says, in present names.
    """

    config: Config
    warnings: tuple[Problem, ...]
    incomplete: tuple[Problem, ...]
    overridden: Mapping[str, str]
    document: Mapping[str, Any]


def load_file(path: Path, environ: Mapping[str, str]) -> Loaded:
    """The configuration in a file. Raises ConfigError, also when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), f"bytes at {error.start} that are not text", "UTF-8")]) from None
    except OSError as error:
        raise ConfigError([Problem(str(path), error.strerror or str(error), "a readable file")]) from None
    return load_text(text, environ)


def load_text(text: str, environ: Mapping[str, str]) -> Loaded:
    """The configuration in a TOML text, with the environment over it. Raises ConfigError."""
    return load_document(parse(text), environ)


def parse(text: str) -> dict[str, Any]:
    """The document in a TOML text. Raises ConfigError."""
    try:
        return tomllib.loads(text, parse_float=_float)
    except (ValueError, RecursionError) as error:
        raise ConfigError([_syntax_problem(error)]) from None


def _float(text: str) -> float:
    """Read a float; every NaN is the same object, so that a document equals itself."""
    number = float(text)
    return math.nan if math.isnan(number) else number


def load_document(document: dict[str, Any], environ: Mapping[str, str]) -> Loaded:
    """The configuration in a parsed document, which stays unchanged. Raises ConfigError."""
    modern, notes = legacy.modernised(document)
    overridden = environment.override(modern, environ)
    findings = Findings(
        variables=overridden.variables,
        problems=overridden.problems,
        warnings=[*notes, *overridden.warnings],
    )
    config = _config(overridden.document, findings)
    check_together(config, findings)
    list_incomplete(config, findings)
    if findings.problems:
        raise ConfigError(findings.problems, findings.warnings)
    return Loaded(
        config=config,
        warnings=tuple(findings.warnings),
        incomplete=tuple(findings.incomplete),
        overridden=overridden.variables,
        document=modern,
    )


def _syntax_problem(error: Exception) -> Problem:
    what, _, where = (str(error) or type(error).__name__).partition(" (at ")
    place = where.removesuffix(")")
    hint = _BACKSLASH if "escape" in what.lower() or "hex" in what.lower() else ""
    return Problem(f"config.toml, {place}" if place else "config.toml", f"a fault ({what})", "TOML", hint)


_BACKSLASH = "A path of Windows needs single quotes, 'C:\\Users', or / in place of each backslash."


def _config(document: Mapping[str, Any], findings: Findings) -> Config:
    tables = {name: table for name, table in document.items() if _is_section(name, table, findings)}
    settings = read_table(Settings, Source(tables.get("Settings", {}), "Settings", findings))
    settings = replace(settings, free_space_folder=settings.free_space_folder or settings.completed_download_folder)
    return Config(
        settings=settings,
        webui=read_table(WebUI, Source(tables.get("WebUI", {}), "WebUI", findings)),
        notifications=read_table(Notifications, Source(tables.get("Notifications", {}), "Notifications", findings)),
        prowlarr=read_table(Prowlarr, Source(tables.get("Prowlarr", {}), "Prowlarr", findings)),
        qbits={name: _qbit(name, table, settings, findings) for name, table in tables.items() if is_qbit(name)},
        arrs={
            name: _arr(name, kind, table, settings, findings)
            for name, table in tables.items()
            if (kind := arr_kind(name))
        },
    )


def _is_section(name: str, table: object, findings: Findings) -> bool:
    """Whether this is a table of the model. Adds a problem or warning when it is not."""
    if name.lower().startswith("readarr"):
        findings.warning(name, "a Readarr section", "Radarr, Sonarr and Lidarr", "Not supported, ignored.")
        return False
    if not (name in _ONCE or is_qbit(name) or arr_kind(name)):
        hint = did_you_mean(name.partition("-")[0], _SECTIONS) or "Ignored."
        findings.warning(name, "an unknown section", f"{', '.join(_SECTIONS)}, with -<name> from qBit on", hint)
        return False
    if not isinstance(table, dict):
        findings.problem(name, shown(table, secret=True), f"a table [{name}]")
        return False
    if _NOT_IN_SECTION_NAMES.search(name):
        findings.problem(name, "a section name with a dot or slash", "letters, digits, blanks, - and _")
        return False
    return True


def _qbit(section: str, table: dict[str, Any], settings: Settings, findings: Findings) -> QBit:
    defaults = qbit_defaults(settings)
    rules = table.get("CategorySeeding")
    if isinstance(rules, dict):  # its rows inherit from it; its own problems are found below
        silent = Source(rules, section, Findings(), defaults["CategorySeeding"])
        defaults["CategorySeeding"]["Categories"] = values_of(read_table(CategoryRules, silent))
    qbit = read_table(QBit, Source(table, section, findings, defaults), section=section)
    return replace(qbit, trackers=_with_host(qbit.trackers, f"{section}.Trackers", findings))


def _arr(section: str, kind: ArrKind, table: dict[str, Any], settings: Settings, findings: Findings) -> Arr:
    defaults = arr_defaults(section, kind, settings)
    arr = read_table(Arr, Source(table, section, findings, defaults, kind), section=section, kind=kind)
    trackers = _with_host(arr.torrent.trackers, f"{section}.Torrent.Trackers", findings)
    return replace(arr, torrent=replace(arr.torrent, trackers=trackers))


def _with_host(rows: tuple[TrackerRow, ...], where: str, findings: Findings) -> tuple[TrackerRow, ...]:
    """The rows that name a tracker; others never match and are dropped."""
    kept = []
    for position, row in enumerate(rows):
        if row.host:
            kept.append(row)
        else:
            found = "a text without a host" if row.uri else "no URI"
            findings.warning(f"{where}[{position}].URI", found, "an announce address or host name", "Row ignored.")
    return tuple(kept)
