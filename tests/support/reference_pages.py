"""docs/commands.md, docs/keys.md, docs/routes.md: references that are made from the code."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from control.auth import rights
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from qbitrr.cli.main import parser
from qbitrr.config.derived_defaults import SAMPLE_ARRS, arr_defaults, qbit_defaults
from qbitrr.config.messages import unit_and_choices
from qbitrr.config.model import ARR_KINDS, Arr, Notifications, Prowlarr, QBit, Settings, WebUI
from qbitrr.config.model.key import key_paths
from qbitrr.config.values import write_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from control.binding import Route
    from qbitrr.config.model.key import Key, Table

# -- commands ------------------------------------------------------------------------------------------------------

_COMMANDS = """\
# Commands

Made from the code: `make docs`. `--data-dir FOLDER` may stand before or behind each; `qbitrr --version` prints the
version. [Exit codes](operations.md#exit-codes).

| Command | What it does |
|---|---|"""


def commands() -> str:
    """The page of the command line."""
    return "\n".join([_COMMANDS, *_commands(parser(), "qbitrr")]) + "\n"


def _commands(of: argparse.ArgumentParser, above: str) -> Iterator[str]:
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest: one.help or "" for one in action._choices_actions}
            for name, inner in action.choices.items():
                if name in helps:
                    yield from _command(inner, f"{above} {name}", helps[name])


def _command(of: argparse.ArgumentParser, name: str, says: str) -> Iterator[str]:
    actions = [one for one in of._actions if one.dest not in ("help", "data_dir")]
    if any(isinstance(one, argparse._SubParsersAction) for one in actions):
        yield from _commands(of, name)
        return
    for one in actions:
        optional = one.option_strings or one.nargs == "?"
        word = one.option_strings[0] if one.option_strings else one.dest.upper()
        value = f"{one.metavar or one.dest.upper()}{' …' if one.nargs == '+' else ''}"
        takes = f" {value}" if one.option_strings and one.nargs != 0 else ""
        name += f" [{word}{takes}]" if optional else f" {word}"
        says += f". `{word}`: {one.help}"
    yield f"| `{name}` | {_cell(says)} |"


# -- keys ----------------------------------------------------------------------------------------------------------

_KEYS = """\
# Keys

Made from the code: `make docs`. Every key of `config.toml` with its default. Durations are numbers in the unit that is
named, or texts such as `"90s"`, `"15m"`, `"2h"`, `"3d"`, `"1w"`; sizes are texts such as `"50G"`. `[]` marks a row of
an array of tables: `Trackers[].URI` is `URI` below `[[qBit.Trackers]]`. [environment.md](environment.md) has the
variable of each. The last column is what a change needs: nothing (page), the workers that it concerns are replaced
(worker), the next request (web), a restart of the daemon (daemon)."""
_TITLES: tuple[tuple[str, type[Table]], ...] = (
    ("[Settings]", Settings),
    ("[WebUI]", WebUI),
    ("[Notifications]", Notifications),
    ("[Prowlarr]", Prowlarr),
    ("[qBit], [qBit-name]", QBit),
    ("[Radarr-name], [Sonarr-name], [Lidarr-name]", Arr),
)
_CHANGES = {"page": "page", "live": "worker", "worker": "worker", "web": "web", "daemon": "daemon"}


def keys() -> str:
    """The page of all keys."""
    lines = [_KEYS]
    for title, table in _TITLES:
        lines += ["", f"## {title}", "", "| Key | Default | Meaning | Change |", "|---|---|---|---|"]
        lines += _keys(table)
    return "\n".join(lines) + "\n"


def _keys(table: type[Table]) -> Iterator[str]:
    section, kind = next(iter(SAMPLE_ARRS.items()))
    derived = arr_defaults(section, kind, Settings()) if table is Arr else {}
    if table is QBit:
        derived = qbit_defaults(Settings())
    for path, key in key_paths(table):
        if key.table is None:
            yield f"| `{path}` | {_default(path, key, derived)} | {_meaning(key)} | {_CHANGES[key.change]} |"


def _default(path: str, key: Key, derived: Mapping[str, Any]) -> str:
    value: Any = derived
    for name in path.split("."):
        value = value.get(name, key.default) if isinstance(value, dict) and name in value else key.default
    if path == "Category":
        return "the section name"
    if value is None:
        return "not set"
    written = write_value(key, value)
    if key.many and len(written) > _FEW:
        return f"{len(written)} entries, see `config.example.toml`"
    text = str(written).lower() if isinstance(written, bool) else repr(written).replace("'", '"')
    return f"`{text}`".replace("|", r"\|")


_FEW = 3


def _meaning(key: Key) -> str:
    notes = [
        unit_and_choices(key),
        "secret" if key.secret else "",
        "" if key.kinds == ARR_KINDS else f"{' and '.join(map(str.capitalize, key.kinds))} only",
    ]
    known = "; ".join(filter(None, notes))
    return _cell(f"{key.why} ({known})" if known else key.why)


# -- routes --------------------------------------------------------------------------------------------------------

_ROUTES = """\
# Routes

Made from the code: `make docs`. `GET /web/openapi.json` and the page `/ui/api.html` have the requests, answers and
errors of each. What begins with `…` is served below `/api`, which needs a credential, and below `/web`.
[control-plane.md](control-plane.md) says who is who.

| Route | What it does | Who |
|---|---|---|"""
EVENTS: Mapping[str, str] = {
    "process": "an entry of `GET …/processes`, when a worker changed; `state` is `gone` when its section is",
    "decision": "an entry of `GET …/decisions`, when an action was planned or got further",
    "breaker": "too many removals in a category: they await approval",
    "settings": "a setting of an Arr contradicts the configuration",
    "matter": "something is new in the inbox that no other event is about",
    "inbox": "the inbox changed: how many entries it has; without an id",
    "orphans": "files without a torrent were listed again; no data, no id",
    "comparison": "Shadow would have done something, or others did: no data, no id",
    "libraries": "the library of an Arr was read in full, or has more or fewer items: no data, no id",
    "config": "the configuration was changed, or edited by hand, with its plan",
    "update": "a newer version is known, or a line of an update under way",
    "qbittorrent": "the states of all qBittorrents; has no id",
    "reset": "something may have been missed: read again what you show",
}
"""What an event of each kind has."""
_EVENTS = """
## Events

Kinds of `GET …/events` ([streams](control-plane.md#streams)).

| Event | Data |
|---|---|"""


def routes() -> str:
    """The page of all routes and events."""
    lines = [_ROUTES]
    for prefix, some in (("…", ROUTES), ("", (*INSIDE_ROUTES, *OPEN_ROUTES))):
        lines += [_route(prefix, route) for route in some]
    lines += [_EVENTS, *(f"| `{kind}` | {_cell(says)} |" for kind, says in EVENTS.items())]
    return "\n".join(lines) + "\n"


def _route(prefix: str, route: Route) -> str:
    says = (route.handler.__doc__ or "").partition("\n")[0]
    return f"| `{route.method} {prefix}{route.path}` | {_cell(says)} | {_WHO[_rights(route)]} |"


def _rights(route: Route) -> tuple[rights.Right, rights.Right]:
    needed = rights.ROUTES[f"{route.method} {route.path}"]
    return needed.outside, needed.private


_WHO = {
    (rights.YES, rights.YES): "everyone",
    (rights.NO, rights.YES): "private networks",
    (rights.NO, rights.RATED): "private networks, ten times a minute",
    (rights.NO, rights.NO): "a credential, or the daemon's user",
}


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|")
