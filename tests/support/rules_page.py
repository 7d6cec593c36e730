"""The page that lists all rules in order, made from their docstrings and the model of the configuration.

`docs/rules.md` is this text: `make docs`.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from qbitrr.config.derived_defaults import arr_defaults
from qbitrr.config.messages import unit_and_choices
from qbitrr.config.model import Arr, QBit, Settings
from qbitrr.config.model.key import key_paths
from qbitrr.config.values import write_value
from qbitrr.rules.torrents import RULES, Rule, Scope
from qbitrr.rules.torrents.failure import fails

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qbitrr.config.model.key import Key

_PREAMBLE = """\
# The rules

Every torrent in the category of an Arr, or in one of the `ManagedCategories` of a qBittorrent, is judged by these
rules, from top to bottom. The first that does not pass decides: either nothing is to be done, or one action.
`qbitrr explain <hash>` shows for a torrent which rules were asked, what each found, and by which facts.

Whether a torrent is private is read from qBittorrent, before 5.0 from the row of the DHT among its trackers. Until that
is known the milder one of `PrivatePolicy` and `PublicPolicy` counts.

Their modes, the mildest first: `off`, nothing is done, and no later rule acts in its place; `shadow`, it is recorded;
`ask`, it waits in the inbox until you answer, at most 100 in each category, and expires with its reason; `tag`, the
torrent gets `qBitrr-useless`; `act`. What you answer to leave is not asked about again by that rule; an answer for good
is about all torrents of the tracker until you have it forgotten (About, `…/answers/forget`). `default` counts
for rules that fail a torrent. While a mode does not allow an action, none of its steps is carried out.

A torrent is judged again when it changes, when its records in the Arr's queue change, and when time alone may have
changed the verdict. Right before an action it is read and judged once more.

Keys are written as in `config.example.toml`: `Settings.…` stand in `[Settings]`, all others in the section of the Arr,
`Torrent.…` in `[<Arr>.Torrent]` and so on. Lists that are too long for this page stand there with all their entries."""

_FAILING = """\
## Before a torrent fails

A rule that fails a torrent asks this last. A failed torrent is blocklisted in its Arr, deleted from its qBittorrent,
and searched again once where `ReSearch` is on."""

_SCOPES: dict[Scope, tuple[str, ...]] = {
    Scope.BOTH: (),
    Scope.WITH_ARR: ("*Only in the category of an Arr.*",),
    Scope.WITHOUT_ARR: ("*Only in `ManagedCategories`.*",),
}

_NAMES_A_KEY = re.compile(r"(?:[A-Z]\w*|importMode)(?:\.\w+)*")


def render() -> str:
    """The whole page. ValueError when a docstring names a key that there is not."""
    sections = [_section(number, rule) for number, rule in enumerate(RULES, 1)]
    needed = _docstring(fails).partition("\n\n")[2]
    return (
        "\n\n".join([_PREAMBLE, *sections, "\n\n".join((_FAILING, *_with_keys(needed, f"`ReSearch` {needed}")))]) + "\n"
    )


def keys_in(text: str) -> list[str]:
    """The configuration keys that a text names in backticks, as `Settings.<key>` or by their path below an Arr.

    The beginning of a path may be left out. The name of a whole table is passed over.
    """
    known, tables = _keys(), _tables()
    found: dict[str, None] = {}
    for name in re.findall(r"`([^`]+)`", text):
        if _NAMES_A_KEY.fullmatch(name) and name not in tables:
            path = name if name in known else _ending_in(name, known)
            if path is None:
                raise ValueError(f"there is no key {name}")
            found[path] = None
    return list(found)


def _ending_in(name: str, known: Iterable[str]) -> str | None:
    """The first path below an Arr that ends so, rows of trackers left aside."""
    return next((p for p in known if p.endswith(f".{name}") and "[]" not in p and not p.startswith("Settings.")), None)


def _tables() -> set[str]:
    paths = [path for table in (Arr, QBit) for path, _ in key_paths(table)]
    return {part.removesuffix("[]") for path in paths for part in path.split(".")[:-1]}


def _section(number: int, rule: Rule) -> str:
    text = _docstring(rule.check)
    evidence = _evidence(rule)
    return "\n\n".join((f"## {number}. `{rule.name}`", *_SCOPES[rule.scope], evidence, *_with_keys(text, text)))


def _evidence(rule: Rule) -> str:
    """What a rule needs before it acts, what it does to private torrents, and why its default cannot hurt."""
    if not rule.proof:
        return "It never acts."
    private = "by `PrivatePolicy`, which leaves them unless it says otherwise" if rule.by_privacy else "the same"
    modes = [f"Modes: {', '.join(f'`{mode}`' for mode in rule.modes)}."] if rule.modes else []
    lines = [f"Proof: {rule.proof}", f"Private torrents: {private}.", *modes, f"Default: {rule.harmless}"]
    return "\n".join(f"- {line}" for line in lines)


def _with_keys(text: str, naming: str) -> Iterator[str]:
    """A text, and below it the keys that `naming` names."""
    yield text
    known, lines = _keys(), []
    for path in keys_in(naming):
        key, default = known[path]
        unit = unit_and_choices(key)
        lines.append(f"| `{path}` | {_shown(key, default)} | {key.why}{f' ({unit})' if unit else ''} |")
    if lines:
        yield "\n".join(("| Key | Default | What it is for |", "|---|---|---|", *lines))


def _docstring(function: object) -> str:
    return inspect.getdoc(function) or ""


def _keys() -> dict[str, tuple[Key, Any]]:
    """All keys that rules may name, with the default that holds for most Arrs."""
    settings = {f"Settings.{path}": (key, key.default) for path, key in key_paths(Settings)}
    defaults = arr_defaults("Radarr", "radarr", Settings())
    return settings | {path: (key, _at(defaults, path, key.default)) for path, key in key_paths(Arr)}


def _at(defaults: dict[str, Any], path: str, otherwise: Any) -> Any:
    """The default at a dotted path, where it depends on the section."""
    table, _, name = path.rpartition(".")
    return (defaults.get(table, {}) if table else defaults).get(name, otherwise)


def _shown(key: Key, default: Any) -> str:
    written = write_value(key, default)
    if isinstance(written, list) and (len(written) > 1 or key.table is not None):
        return "1 entry" if len(written) == 1 else f"{len(written)} entries"
    if isinstance(written, bool):
        return f"`{str(written).lower()}`"
    return f'`"{written}"`' if isinstance(written, str) else f"`{written}`"
