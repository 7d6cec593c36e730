"""Edits of the text of config.toml that keep everything else in it: comments, order, blanks.

The only module that needs tomlkit, which is slow and large; workers never import it.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import suppress
from difflib import SequenceMatcher
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.container import OutOfOrderTableProxy
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, Comment, InlineTable, Null, Table, Whitespace

from qbitrr.atomic_file import replace_private
from qbitrr.config.diff import changed_addresses, hidden, is_secret
from qbitrr.config.dotted_keys import Edits, merged, value_at
from qbitrr.config.load import load_file, load_text, parse
from qbitrr.config.redact import HIDDEN, redact_text
from qbitrr.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path as FilePath

    from tomlkit import TOMLDocument
    from tomlkit.container import Container
    from tomlkit.items import Item, Key

    from qbitrr.config.dotted_keys import Path

    Places = list[tuple[list[tuple[Key | None, Item]], int]]  # in the bodies of containers


def edited(text: str, edits: Edits) -> str:
    """Make edits in a text and change nothing else.

    Raises ConfigError when the text is not TOML, or a key stands where it cannot be edited.
    """
    expected = merged(parse(text), edits)

    def edit(document: TOMLDocument) -> None:
        for path in edits.drops:
            _drop(document, path)
        for path, value in edits.puts.items():
            _put(document, path, value)

    changed = None
    with suppress(TOMLKitError):  # of keys that stand in several places
        changed = _changed(text, edit)
    if changed is None or parse(changed) != expected:
        names = ", ".join(".".join(path) for path in (*edits.puts, *edits.drops))
        raise ConfigError([Problem(names, "a place that cannot be edited", "a table of its own in the file")])
    return changed


def without_secrets(text: str) -> str:
    """The text with `***` in place of every secret, also where a comment repeats it.

    Raises ConfigError when the text is not TOML, or a secret stands where it cannot be edited.
    """
    before = parse(text)
    expected, secrets = hidden((), before), frozenset(_secrets_in((), before))
    document = tomlkit.parse(text)
    _replace(document, (), hidden)
    _redact_comments(document, secrets)
    changed = tomlkit.dumps(document)
    if parse(changed) != expected or _occurrences(changed, secrets) != _occurrences(str(expected), secrets):
        raise ConfigError([Problem("config.toml", "a secret in a place that cannot be edited", "a table of its own")])
    return changed


def with_secrets_of(text: str, present: str) -> str:
    """A text that `without_secrets` made, with the secrets of the present one.

    A secret, or an address with one, is left out where there is none now, and a secret where it would be sent to
    another address than now. Raises ConfigError when one of them is not TOML.
    """
    stored = parse(present)
    moved = {path[:-1] for path in changed_addresses(hidden((), stored), parse(text))}

    def filled(path: Path, value: Any) -> Any:
        now = value_at(stored, path)
        if is_secret(path):
            return (None if path[:-1] in moved else now) if value else value
        if isinstance(value, list):
            return [_filled_row(path, row, now if isinstance(now, list) else []) for row in value]
        if now is not None and hidden(path, now) == value:
            return now
        return None if _lacks_secret(value) else value

    return _changed(text, lambda document: _replace(document, (), filled))


def with_login_of(text: str, present: str) -> str:
    """A text with token and password of the present one: those that were replaced must not be valid again.

    Raises ConfigError when one of them is not TOML, or such a key stands where it cannot be edited.
    """
    before, webui = parse(text), parse(present).get("WebUI")
    logins: dict[Path, Any] = (
        {("WebUI", name): value for name, value in webui.items()} if isinstance(webui, dict) else {}
    )
    puts = {
        path: value
        for path, value in logins.items()
        if isinstance(value, str) and value and is_secret(path) and value != value_at(before, path)
    }
    return edited(text, Edits(puts)) if puts else text


def _filled_row(path: Path, row: Any, present: list[Any]) -> Any:
    """The row as it is now, when only its secrets differ; else without those."""
    if (now := next((each for each in present if hidden(path, each) == row), None)) is not None:
        return now
    if not isinstance(row, dict):
        return row
    return {
        name: value for name, value in row.items() if not (_lacks_secret(value) or (value and is_secret((*path, name))))
    }


def _lacks_secret(value: Any) -> bool:
    return isinstance(value, str) and HIDDEN in value


def _replace(table: MutableMapping[str, Any], above: Path, value_of: Callable[[Path, Any], Any]) -> None:
    """Replace what differs in a table of a document and in those within it; None drops a key."""
    for name in list(table):
        path, value = (*above, name), table[name]
        if isinstance(value, MutableMapping) and not is_secret(path):
            _replace(value, path, value_of)
            continue
        plain = value.unwrap() if hasattr(value, "unwrap") else value
        other = value_of(path, plain)
        if other is None:
            del table[name]
        elif other != plain:
            _set(table, name, other)


def _redact_comments(container: Container, secrets: frozenset[str]) -> None:
    """Replace secrets in comments; a value that is the same as one, such as a user's name, stays."""
    for _, item in container.body:
        if isinstance(item, Null | Whitespace):
            continue
        item.trivia.comment = redact_text(item.trivia.comment, secrets)
        tables = item.body if isinstance(item, AoT) else [item] if isinstance(item, Table | InlineTable) else []
        for table in tables:
            _redact_comments(table.value, secrets)


def _occurrences(text: str, secrets: frozenset[str]) -> int:
    return redact_text(text, secrets).count(HIDDEN) - text.count(HIDDEN)


def _secrets_in(path: Path, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _secrets_in((*path, name), each)
    elif isinstance(value, list):
        for each in value:
            yield from _secrets_in(path, each)
    elif isinstance(value, str) and value and is_secret(path):
        yield value


def ensure_token(path: FilePath) -> str:
    """The token of the file; when it has none, a new one is written first.

    Raises ConfigError when the file cannot be used, ConflictError when it is being edited, OSError when it cannot be
    read or written.
    """
    present = load_file(path, {}).config.webui.token
    if present:
        return present
    token = token_hex(32)
    text = path.read_bytes().decode("utf-8-sig")
    changed = _with_token(text, token)
    if load_text(changed, {}).config.webui.token != token:
        raise ConfigError([Problem("WebUI.Token", "a place that cannot be edited", "a table [WebUI]")])
    replace_private(path, text.encode(), changed.encode())
    return token


def _with_token(text: str, token: str) -> str:
    def add(document: TOMLDocument) -> None:
        webui = document.setdefault("WebUI", tomlkit.table())
        if isinstance(webui, MutableMapping):
            webui["Token"] = token

    return _changed(text, add)


def _changed(text: str, change: Callable[[TOMLDocument], None]) -> str:
    """The text after a change of its document, with the blanks and comments above each header where they are.

    For tomlkit they are the end of the table before: they would go with it, and stand above what is added to it.
    """
    document = tomlkit.parse(text)
    headings = list(_without_headings(document, []))
    change(document)
    for table, heading in headings:
        table.trivia.indent = heading + table.trivia.indent.lstrip("\r\n")
    return tomlkit.dumps(document)


def _without_headings(container: Container, above: Places) -> Iterator[tuple[Table, str]]:
    """Take the blanks and comments above each header out of a container, and yield the table with them.

    `above` are the places of those that were passed since the last key or header.
    """
    for place, (key, item) in enumerate(container.body):
        if isinstance(item, Comment | Whitespace):
            above.append((container.body, place))
            continue
        has_header = not (isinstance(item, Table) and (item.is_super_table() or (key and key.is_dotted())))
        for table in item.body if isinstance(item, AoT) else [item] if isinstance(item, Table) else []:
            if has_header:
                yield table, _heading(above)
                above.clear()
            yield from _without_headings(table.value, above)
        if not isinstance(item, Table | AoT | Null):
            above.clear()


def _heading(above: Places) -> str:
    """Take from the end of `above` what stands right above a header."""
    heading = ""
    for kind in (Comment, Whitespace):  # comments right above a header, and the blanks above those
        while above and isinstance(above[-1][0][above[-1][1]][1], kind):
            body, place = above.pop()
            heading = body[place][1].as_string() + heading
            body[place] = (None, Null())
    return f"{heading}\n" if heading and not heading.endswith("\n") else heading  # it was the end of the file


def _set(table: MutableMapping[str, Any], name: str, value: Any) -> None:
    """Set a key. Of a list the entries that stay keep their comments, of its rows also the keys that stay."""
    present = table.get(name)
    is_rows = isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
    is_whole = not isinstance(table, OutOfOrderTableProxy)  # that shows copies of what stands in several places
    if is_whole and isinstance(present, AoT if is_rows else Array) and isinstance(value, list):
        _set_entries(present, value)
    else:
        table[name] = value


def _set_entries(entries: AoT | Array, wanted: list[Any]) -> None:
    before, after = ([*map(repr, each)] for each in (entries.unwrap(), wanted))
    for what, start, end, first, last in reversed(SequenceMatcher(None, before, after, autojunk=False).get_opcodes()):
        if what == "equal":
            continue
        paired = min(end - start, last - first) if isinstance(entries, AoT) else 0
        for row, values in zip(entries[start : start + paired], wanted[first:], strict=False):
            _set_row(row, values)
        for position in reversed(range(start + paired, end)):
            del entries[position]
        for position, entry in enumerate(wanted[first + paired : last], start + paired):
            entries.insert(position, entry)
            if isinstance(entries, AoT):
                entries[position].trivia.indent = "\n"


def _set_row(row: Table, wanted: Mapping[str, Any]) -> None:
    for name in row.keys() - wanted.keys():
        del row[name]
    present = row.unwrap()
    for name, value in wanted.items():
        if name not in present or present[name] != value:
            _set(row, name, value)


def _put(table: MutableMapping[str, object], path: tuple[str, ...], value: object) -> None:
    name, *rest = path
    if not rest:
        _set(table, name, value)
        return
    inner = table.get(name)
    if not isinstance(inner, MutableMapping):
        table[name] = tomlkit.table()
        inner = table[name]
        assert isinstance(inner, MutableMapping)
    _put(inner, tuple(rest), value)


def _drop(table: MutableMapping[str, object], path: tuple[str, ...]) -> None:
    name, *rest = path
    inner = table.get(name)
    if not rest:
        table.pop(name, None)
    elif isinstance(inner, MutableMapping):
        _drop(inner, tuple(rest))
