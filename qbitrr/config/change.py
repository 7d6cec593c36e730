"""ConfigChange: a change of the text of config.toml, checked as a whole, with its differences.

Nothing is read but the secrets of files that the environment names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qbitrr.config import environment, legacy
from qbitrr.config.diff import differences, fixed_secrets, kept_secrets, restored
from qbitrr.config.dotted_keys import Edits, value_at
from qbitrr.config.load import load_document, parse
from qbitrr.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qbitrr.config.diff import KeyChange
    from qbitrr.config.load import Loaded

_TOKEN = ("WebUI", "Token")


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A change that can be applied.

    `differences` are by present key names, with secrets hidden.
    """

    before: str
    after: str
    loaded: Loaded
    differences: list[KeyChange]


def edit_text(
    text: str,
    edits: Edits,
    environ: Mapping[str, str],
    problems: Sequence[Problem] = (),
    renames: Mapping[str, str] | None = None,
) -> ConfigChange:
    """Rename sections, then make edits; no edits at all is a change too. `environ` overrides the file, as ever.

    Raises ConfigError with `problems`, which were found before, and all others, one for each key.
    """
    from qbitrr.config.edit import edited  # noqa: PLC0415 - tomlkit is slow and large, and seldom needed

    base = text
    if renames:
        from qbitrr.config.rename import renamed  # noqa: PLC0415 - as above

        base = renamed(text, renames, environ)
    document = parse(base)
    puts = {path: restored(value, value_at(document, path)) for path, value in edits.puts.items()}
    edits = Edits(puts, edits.drops)
    change = _checked(base, edited(base, edits), environ, edits, problems)
    return replace(change, before=text, differences=_differences(text, change.after)) if renames else change


def replace_text(text: str, after: str, environ: Mapping[str, str]) -> ConfigChange:
    """Replace the whole text by an earlier version of it. Raises ConfigError."""
    return _checked(text, after, environ, None, ())


def _checked(
    before: str, after: str, environ: Mapping[str, str], edits: Edits | None, problems: Iterable[Problem]
) -> ConfigChange:
    document = parse(after)
    old, new = _in_present_names(parse(before)), _in_present_names(document)
    found = list(problems)
    if edits is not None:  # an earlier version had its secrets for its addresses
        found += kept_secrets(old, new, edits)
    found += fixed_secrets(old, new, environment.override(new, environ).variables)
    loaded: Loaded | None = None
    try:
        loaded = load_document(document, environ)
    except ConfigError as error:
        known = {problem.key for problem in found}
        found += [problem for problem in error.problems if problem.key not in known]
    found += _lost_token(old, new, loaded)
    if found or loaded is None:
        raise ConfigError(found)
    return ConfigChange(before, after, loaded, differences(old, new))


def _differences(before: str, after: str) -> list[KeyChange]:
    return differences(_in_present_names(parse(before)), _in_present_names(parse(after)))


def _lost_token(old: Mapping[str, Any], new: Mapping[str, Any], loaded: Loaded | None) -> Iterator[Problem]:
    """Without a token everyone could change everything: a change may replace it only."""
    remaining = loaded.config.webui.token if loaded else value_at(new, _TOKEN)
    if value_at(old, _TOKEN) and not remaining:
        yield Problem("WebUI.Token", "nothing", "a token; it cannot be removed over HTTP")


def _in_present_names(document: dict[str, Any]) -> dict[str, Any]:
    return legacy.modernised(document)[0]
