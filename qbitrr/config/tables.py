"""Tables of the file, read key by key into tables of the model. Problems are collected, not raised."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import UNSET

from qbitrr.config.messages import allowed, did_you_mean, shown
from qbitrr.config.model.key import PLACEHOLDER, Table, key_paths, keys_of
from qbitrr.config.values import UnfitError, read_value
from qbitrr.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qbitrr.config.model.key import ArrKind, Key

TableT = TypeVar("TableT", bound=Table)

_ADDRESSES = ("url", "own_url", "server", "host", "peer")


@dataclass(slots=True)
class Findings:
    """Problems and warnings so far.

    `variables` are the environment variables behind overridden keys; `placeholders` the keys that were left as they
    were generated.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    incomplete: list[Problem] = field(default_factory=list)
    placeholders: set[str] = field(default_factory=set)

    def problem(self, where: str, found: str, allowed: str, hint: str = "") -> None:
        """Add an error; for an overridden key under the name of its variable."""
        place = where.partition("[")[0]
        variable = self.variables.get(place) or self.variables.get(place.rpartition(".")[0])  # an entry of a mapping
        if variable:
            where, hint = variable, f"It overrides {where}."
        self.problems.append(Problem(where, found, allowed, hint))

    def warning(self, where: str, found: str, allowed: str, hint: str = "") -> None:
        """Add what works, but probably not as intended."""
        self.warnings.append(Problem(where, found, allowed, hint))


@dataclass(frozen=True, slots=True)
class Source:
    """A table of the file: its values by key name, and its dotted name.

    `defaults` are internal values that differ from those of the model, by key name; those of a table in it, or of each
    of its rows, are nested. `kind` is the Arr that the table belongs to.
    """

    values: Mapping[str, Any]
    where: str
    findings: Findings
    defaults: Mapping[str, Any] = field(default_factory=dict)
    kind: ArrKind | None = None


def read_table(model: type[TableT], source: Source, **fixed: Any) -> TableT:
    """Read a table; `fixed` are attributes that are not keys, such as the section name."""
    _warn_of_unknown_keys(model, source)
    return model(**fixed, **_attributes(model, source))


def values_of(table: Table) -> dict[str, Any]:
    """The internal values of a table by key name, in the form of `Source.defaults`."""
    values = {}
    for key in keys_of(type(table)):
        value = getattr(table, key.attribute)
        values.update(values_of(value) if key.form == "inline" else {key.name: value})
    return values


def _attributes(model: type[Table], source: Source) -> dict[str, Any]:
    return {key.attribute: _read_key(key, source) for key in keys_of(model)}


def _read_key(key: Key, source: Source) -> Any:
    if key.form == "inline" and key.table:
        return key.table(**_attributes(key.table, source))
    where = f"{source.where}.{key.name}"
    value = _given(key, where, source)
    if key.form == "table" and key.table:
        return _read_inner_table(key, key.table, {} if value is UNSET else value, where, source)
    if key.form == "rows" and key.table:
        return key.default if value is UNSET else tuple(_read_rows(key, key.table, value, where, source))
    default = source.defaults.get(key.name, key.default)
    return default if value is UNSET else _read_leaf(key, value, where, source, default)


def _given(key: Key, where: str, source: Source) -> Any:
    """The value in the file; UNSET also for a placeholder and for a key of another kind of Arr."""
    value = source.values.get(key.name, UNSET)
    if value is UNSET:
        return UNSET
    if source.kind and source.kind not in key.kinds:
        found = f"a key that means nothing for {source.kind}"
        source.findings.warning(where, found, "leaving it out", "Ignored.")
        return UNSET
    if isinstance(value, str) and value.strip().upper() == PLACEHOLDER:
        source.findings.placeholders.add(where)
        return UNSET
    return value


def _read_leaf(key: Key, value: object, where: str, source: Source, default: Any) -> Any:
    if key.many:
        return tuple(dict.fromkeys(_read_entries(key, value, where, source.findings)))
    return next(_read_one(key, value, where, source.findings), default)


def _read_one(key: Key, value: object, where: str, findings: Findings) -> Iterator[Any]:
    """The internal value; without one a problem was added."""
    try:
        yield read_value(key, value)
    except UnfitError as error:
        findings.problem(where, shown(value, secret=key.secret or _may_hold_login(key, value)), str(error))


def _may_hold_login(key: Key, value: object) -> bool:
    """Whether a text that is no address may have a login in it: where that ends nothing says."""
    return key.form in _ADDRESSES and isinstance(value, str) and "@" in value


def _read_entries(key: Key, value: object, where: str, findings: Findings) -> Iterator[Any]:
    """The entries of a list, or a single value without a list; blank entries are skipped."""
    if not isinstance(value, list):
        value, places = [value], [where]
    else:
        places = [f"{where}[{position}]" for position in range(len(value))]
    for place, entry in zip(places, value, strict=True):
        if not (isinstance(entry, str) and not entry.strip()):
            yield from _read_one(key, entry, place, findings)


def _read_inner_table(key: Key, model: type[Table], value: object, where: str, source: Source) -> Table:
    if not isinstance(value, dict):
        source.findings.problem(where, shown(value, secret=False), allowed(key))
        value = {}
    return read_table(model, replace(source, values=value, where=where, defaults=source.defaults.get(key.name, {})))


def _read_rows(key: Key, model: type[Table], value: object, where: str, source: Source) -> Iterator[Table]:
    if not isinstance(value, list):
        source.findings.problem(where, shown(value, secret=False), allowed(key))
        return
    for position, row in enumerate(value):
        place = f"{where}[{position}]"
        if isinstance(row, dict):
            defaults = source.defaults.get(key.name, {})
            yield read_table(model, replace(source, values=row, where=place, defaults=defaults))
        else:
            source.findings.problem(place, shown(row, secret=False), "a table")


_OTHER_NAMES = {"Search": "Did you mean EntrySearch?"}
"""Names in the documentation of the existing program that are none of its keys."""


def _warn_of_unknown_keys(model: type[Table], source: Source) -> None:
    keys = dict(key_paths(model))
    known = {path.partition(".")[0].removesuffix("[]") for path in keys}
    for name in source.values:
        if name not in known:
            inner = next((path for path in keys if path.endswith(f".{name}") and "[]" not in path), "")
            hint = f"It belongs in {source.where}.{inner.rpartition('.')[0]}." if inner else ""
            source.findings.warning(
                f"{source.where}.{name}",
                "an unknown key",
                f"the keys of [{source.where}]",
                hint or _OTHER_NAMES.get(name, "") or did_you_mean(name, known) or "Ignored.",
            )
