"""Environment variables that override the file, named after the keys of the model.

`QBITRR_<SECTION>_<KEY>`, in capitals with underscores: `QBITRR_SETTINGS_FREE_SPACE`, `QBITRR_RADARR_MOVIES_URI`. A
variable counts when it is not blank; `false` and `0` are values. That of a secret may name a file instead, with `_FILE`
behind it.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from qbitrr.config.messages import did_you_mean
from qbitrr.config.model import ARR_KINDS, Arr, Notifications, Prowlarr, QBit, Settings, WebUI, arr_kind, is_qbit
from qbitrr.config.model.key import keys_of
from qbitrr.config.values import read_flag
from qbitrr.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qbitrr.config.model.key import ArrKind, Key, Table

QBIT_DISABLED = "QBITRR_QBIT_DISABLED"
SEARCH_ONLY = "QBITRR_OVERRIDES_SEARCH_ONLY"
PROCESSING_ONLY = "QBITRR_OVERRIDES_PROCESSING_ONLY"
DATA_PATH = "QBITRR_OVERRIDES_DATA_PATH"
"""Read by `qbitrr.data_dir`."""
UPDATE_KEY = "QBITRR_UPDATE_KEY"
"""Older name of `QBITRR_SETTINGS_UPDATE_KEY`, which wins."""
FILE_SUFFIX = "_FILE"
LONGEST_SECRET = 65_536  # bytes of a file

SWITCHES = (QBIT_DISABLED, SEARCH_ONLY, PROCESSING_ONLY)
DROPPED: Mapping[str, str] = {
    "QBITRR_SETTINGS_GITHUB_TOKEN": "Updates come from a package index, without a login. Ignored.",
}
"""Variables of the older program that nothing here reads, and why."""

_ONCE: Mapping[str, tuple[str, type[Table]]] = {
    "SETTINGS": ("Settings", Settings),
    "WEBUI": ("WebUI", WebUI),
    "NOTIFICATIONS": ("Notifications", Notifications),
    "PROWLARR": ("Prowlarr", Prowlarr),
}
_QBIT = "QBIT"
_FAMILIES = tuple(f"QBITRR_{name}" for name in (*_ONCE, _QBIT, *map(str.upper, ARR_KINDS), "OVERRIDES"))
_IRREGULAR = {"FFprobeAutoUpdate": "FFPROBE_AUTO_UPDATE", "UserName": "USERNAME", "Is4K": "IS_4K"}
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


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


@dataclass(frozen=True, slots=True)
class _Meant:
    """The key that a variable means: in a section of the file, or in a new one."""

    section: str
    path: str
    key: Key
    from_file: bool


def override(document: Mapping[str, Any], environ: Mapping[str, str]) -> Overridden:
    """Override a copy of a document in present names by the environment, and by the files that it names."""
    result = Overridden(document)
    variables = {name: value for name, value in environ.items() if name.startswith("QBITRR_") and value.strip()}
    if UPDATE_KEY in variables:
        result.put(("Settings", "UpdateKey"), _entries(variables[UPDATE_KEY]), UPDATE_KEY)
    _override_keys(result, variables)
    _override_modes(result, variables)
    return result


@cache
def suffixes(table: type[Table], kind: ArrKind | None = None) -> Mapping[str, tuple[str, Key]]:
    """The end of the variable of each key of a table: its dotted path and the key. Arrays of tables have none.

    >>> suffixes(QBit)["CATEGORY_SEEDING_MAX_UPLOAD_RATIO"][0]
    'CategorySeeding.MaxUploadRatio'
    """
    return {"_".join(map(_in_capitals, path)): (".".join(path), key) for path, key in _leaves(table, kind)}


def _leaves(table: type[Table], kind: ArrKind | None) -> Iterator[tuple[tuple[str, ...], Key]]:
    """The keys with one value or a list of values, in the tables that mean something for this kind of Arr."""
    for key in keys_of(table):
        if key.form == "rows" or (kind and kind not in key.kinds):
            continue
        above = (key.name,) if key.form != "inline" else ()
        if key.table is None:
            yield above, key
        else:
            yield from (((*above, *path), inner) for path, inner in _leaves(key.table, kind))


def _in_capitals(name: str) -> str:
    return _IRREGULAR.get(name) or _WORDS.sub("_", name).upper()


def _override_keys(result: Overridden, variables: Mapping[str, str]) -> None:
    """Override the keys of all sections, also of new ones whose address is among the variables."""
    names = [name for name in variables if name not in (*SWITCHES, DATA_PATH, UPDATE_KEY)]
    meant = {name: one for name in names if (one := _meant(name, result.document))}
    found = {(one.section, one.path) for one in meant.values()}
    for variable, one in meant.items():
        needed = _address(one.section)
        if one.section not in result.document and needed and (one.section, needed) not in found:
            along = f"{variable.removesuffix(_ending(one))}{needed.upper()} along with it"
            result.warnings.append(Problem(variable, f"no section [{one.section}] to override", along, "Ignored."))
        else:
            _override_key(result, variable, one, variables)
    for variable in names:
        if variable in DROPPED:
            what = "a variable that nothing reads"
            result.warnings.append(Problem(variable, what, "leaving it out", DROPPED[variable]))
        elif variable not in meant and variable.startswith(_FAMILIES):
            hint = _hint(variable, set(known_variables(result.document)))
            result.warnings.append(Problem(variable, "an unknown variable", "those in docs/environment.md", hint))


def _override_key(result: Overridden, variable: str, meant: _Meant, variables: Mapping[str, str]) -> None:
    text = variables[variable]
    if meant.from_file:
        plain = variable.removesuffix(FILE_SUFFIX)
        if plain in variables:
            result.problems.append(Problem(variable, f"a file, and {plain} is set too", "one of the two"))
            return
        try:
            text = _secret_in(text)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            # what the variable says is not repeated: by mistake it may be the secret
            hint = f"The secret itself belongs into {plain}."
            result.problems.append(Problem(variable, f"a path ({why})", "a readable file with the secret", hint))
            return
    result.put((meant.section, *meant.path.split(".")), _value(meant.key, text), variable)


def _meant(variable: str, document: Mapping[str, Any]) -> _Meant | None:
    """The key that a variable means; None for an unknown one.

    The name of a section that the file has counts before any other reading; then the longest name of a key.
    """
    name = variable.removeprefix("QBITRR_")
    for section, table, kind, rest in _readings(name, document):
        ends = suffixes(table, kind)
        if rest in ends:
            return _Meant(section, *ends[rest], from_file=False)
        if rest.endswith(FILE_SUFFIX) and (end := ends.get(rest.removesuffix(FILE_SUFFIX))) and end[1].secret:
            return _Meant(section, *end, from_file=True)
    return None


def _readings(name: str, document: Mapping[str, Any]) -> Iterator[tuple[str, type[Table], ArrKind | None, str]]:
    """What a name can be: a section, its model and kind, and the name of a key in it, which may not exist."""
    for prefix, (section, table) in _ONCE.items():
        if name.startswith(f"{prefix}_"):
            yield section, table, None, name.removeprefix(f"{prefix}_")
    for section in sorted(document, key=len, reverse=True):
        prefix = _prefix(section)
        if name.startswith(prefix) and (is_qbit(section) or arr_kind(section)):
            yield section, *_model(section), name.removeprefix(prefix)
    first, *words = name.split("_")
    if first == _QBIT or first.lower() in ARR_KINDS:
        stem = "qBit" if first == _QBIT else first.capitalize()
        for position in range(_longest_name(words) + 1):
            section = "-".join([stem, *(word.capitalize() for word in words[:position])])
            yield section, *_model(section), "_".join(words[position:])


def _longest_name(words: list[str]) -> int:
    """How many words of a variable can be the name of a new section: the name of a table ends it."""
    tables = [_in_capitals(key.name).split("_") for key in (*keys_of(Arr), *keys_of(QBit)) if key.form == "table"]
    begins = (at for at in range(len(words)) for table in tables if words[at : at + len(table)] == table)
    return min(begins, default=len(words) - 1)


def _prefix(section: str) -> str:
    return re.sub(r"\W", "_", section).upper() + "_"


def _model(section: str) -> tuple[type[Table], ArrKind | None]:
    return (QBit, None) if is_qbit(section) else (Arr, arr_kind(section))


def _address(section: str) -> str | None:
    """The key without which a section does not begin."""
    return "Host" if is_qbit(section) else "URI" if arr_kind(section) else None


def _ending(meant: _Meant) -> str:
    ending = "_".join(map(_in_capitals, meant.path.split(".")))
    return f"{ending}{FILE_SUFFIX}" if meant.from_file else ending


def _value(key: Key, text: str) -> object:
    """The text of a variable in the form of the file. A list or table may be JSON, or have commas between entries."""
    if key.form == "mapping":
        given = _json(text, dict[str, str])
        pairs = [entry.partition("=") for entry in text.split(",")]
        if given is None and all(equals for _, equals, _ in pairs):
            return {name.strip(): value.strip() for name, _, value in pairs}
        return text if given is None else given
    return _entries(text) if key.many else text


def _entries(text: str) -> list[str]:
    given: list[str] | None = _json(text, list[str])
    return text.replace("\n", ",").split(",") if given is None else given


def _json(text: str, kind: Any) -> Any:
    """What a text is as JSON of a kind; None for another text."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, ValueError):
        return None


def _secret_in(path: str) -> str:
    """The text of a file without the end of its last line. Raises OSError or ValueError without its content."""
    descriptor = os.open(path.strip(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would be waited for
    with open(descriptor, "rb") as file:  # noqa: PTH123 - not a path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        content = file.read(LONGEST_SECRET + 1)
    if len(content) > LONGEST_SECRET:
        raise ValueError(f"it is longer than {LONGEST_SECRET} bytes")
    try:
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("it is no text") from None
    if not text.strip():
        raise ValueError("it is empty")
    return text


def _override_modes(result: Overridden, variables: Mapping[str, str]) -> None:
    disabled = _switch(QBIT_DISABLED, result, variables)
    if disabled:  # means all of them, as in the existing program
        _disable_qbits(result, QBIT_DISABLED)
    elif disabled is False and "qBit" in result.document:
        result.put(("qBit", "Disabled"), value=False, variable=QBIT_DISABLED)
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


def _with(table: Mapping[str, Any], path: tuple[str, ...], value: object) -> Mapping[str, Any]:
    """Copy a table with one value set. Another value in place of a table is kept, and reported when it is read."""
    name, *rest = path
    if not rest:
        return {**table, name: value}
    inner = table.get(name, {})
    return {**table, name: _with(inner, tuple(rest), value)} if isinstance(inner, dict) else table


def known_variables(sections: Iterable[str]) -> Iterator[str]:
    """Every variable for these sections of the file, and for those that each file has."""
    for section in dict.fromkeys((*(name for name, _ in _ONCE.values()), "qBit", *sections)):
        once = section.upper() in _ONCE
        if once or is_qbit(section) or arr_kind(section):
            ends = suffixes(_ONCE[section.upper()][1]) if once else suffixes(*_model(section))
            yield from (f"QBITRR_{_prefix(section)}{end}" for end in ends)
    yield from (*SWITCHES, DATA_PATH, UPDATE_KEY)


def _hint(variable: str, known: set[str]) -> str:
    """A suggestion of a known variable of the same family, when the name is similar."""
    if variable.endswith(FILE_SUFFIX) and variable.removesuffix(FILE_SUFFIX) in known:
        return "Only a secret can be read from a file. Ignored."
    family = next(family for family in _FAMILIES if variable.startswith(family))
    theirs = [name.removeprefix(family) for name in known if name.startswith(family)]
    nearest = did_you_mean(variable.removeprefix(family), theirs)
    return nearest.replace("Did you mean ", f"Did you mean {family}") if nearest else "Ignored."
