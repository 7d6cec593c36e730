"""`config`: the configuration, changes of it, and its earlier versions."""

import asyncio
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Raw, Struct
from msgspec.structs import astuple

from control.auth.rights import KEYS, NEVER
from control.binding import AUTHOR
from control.config_editor import ConfigPlan
from control.context import HandlerContext
from control.handlers.shared import Nothing
from control.web import answers
from control.web.answers import moment
from qbitrr import ipc
from qbitrr.config.diff import KeyChange
from qbitrr.config.model import is_qbit
from qbitrr.config.schema import KeySchema, schema
from qbitrr.errors import ProtocolError
from qbitrr.worker.config import WorkerConfig, encode

_COMPARE_SECONDS = 8.0

Changes = Annotated[
    dict[str, Any],
    Meta(description="Values by dotted key. An object merges into its table, null deletes."),
]
Deletions = Annotated[list[str], Meta(description="Dotted keys, tables or sections to delete.")]


Renames = Annotated[
    dict[str, str],
    Meta(description="Sections of Arrs to their new names. Everything else of them stays, secrets and category too."),
]


class ChangeRequest(Struct, frozen=True):
    """What is to be changed."""

    changes: Changes = {}
    deletions: Deletions = []
    renames: Renames = {}

    @property
    def subject(self) -> str:
        """The names of the keys, for the audit trail."""
        renames = (f"{old} as {new}" for old, new in self.renames.items())
        return ", ".join((*self.changes, *(f"without {name}" for name in self.deletions), *renames))


class RollbackRequest(Struct, frozen=True):
    """The version to apply again."""

    id: Annotated[int, Meta(description="Number of a version from the history.", ge=1)]

    @property
    def subject(self) -> str:
        """The version, for the audit trail."""
        return f"version {self.id}"


class Changed(Struct, frozen=True):
    """The change was written, and applied to all workers that it concerns."""

    success: bool
    message: str
    plan: ConfigPlan


class OtherVerdict(Struct, frozen=True):
    """A torrent with what would be done to it before and after a change, each as action, rule and reason."""

    hash: str
    instance: str
    name: str
    before: tuple[str, str, str]
    after: tuple[str, str, str]


class EffectView(Struct, frozen=True):
    """What a change means for the torrents of one category that are there now, as the shadow judge sees them.

    Each is judged under the present and under the new configuration with what is known of it now: `removed` would be
    removed and are not now, `spared` the other way round; `torrents` are the first of both. `unknown` names what is
    measured only once the change is applied: `files`, `scores` or `slowness`. `judged` is null without an answer.
    """

    category: str
    judged: int | None
    removed: int
    spared: int
    torrents: list[OtherVerdict]
    unknown: list[str]


class PlanView(ConfigPlan, frozen=True):
    """The plan, and its effect on the torrents of every category whose worker it restarts.

    Without effects when a qBittorrent is renamed, which by itself has none.
    """

    effects: list[EffectView]


class FormKey(KeySchema, frozen=True):
    """A key as a form shows it. `changeable` is false when it can only be set in the file."""

    changeable: bool = True


class Forms(Struct, frozen=True):
    """The keys of each section, where `qBit` and `Arr` are every section of that kind."""

    sections: dict[str, list[FormKey]]


class VersionView(Struct, frozen=True):
    """One version: author, time, and what it changed. Secrets are hidden."""

    id: int
    author: str
    at: datetime
    changed: list[KeyChange]


class History(Struct, frozen=True):
    """The kept versions, newest first."""

    versions: list[VersionView]


async def read(context: HandlerContext, _request: Nothing, _http: web.Request) -> web.Response:
    """The configuration file, without its secrets.

    The header ETag names its version. A change that sends it as If-Match is refused when the file was changed
    meanwhile.
    """
    document, version = await context.config_editor.shown()
    return answers.json(document, headers={"ETag": f'"{version}"'})


async def forms(_context: HandlerContext, _request: Nothing) -> Forms:
    """Describe every key of the configuration: its kind, unit, default, limits and what it is for."""
    return _forms()


@cache
def _forms() -> Forms:
    return Forms(
        {
            name: [
                FormKey(
                    **{field: getattr(key, field) for field in key.__struct_fields__}, changeable=_changeable(name, key)
                )
                for key in keys
            ]
            for name, keys in schema().items()
        }
    )


def _changeable(section: str, key: KeySchema) -> bool:
    return KEYS[section].get(key.name, NEVER) is not NEVER


async def change(context: HandlerContext, request: ChangeRequest, http: web.Request) -> Changed:
    """Change the configuration: all of the request, or nothing.

    Only the workers that it concerns are restarted. When one of them does not get ready, the change is rolled back.
    """
    plan = await context.config_editor.apply(
        request.changes, request.deletions, request.renames, http[AUTHOR], _expected_versions(http)
    )
    return Changed(success=True, message="Configuration updated successfully", plan=plan)


def _expected_versions(http: web.Request) -> frozenset[str]:
    """The versions that If-Match names (RFC 9110, 13.1.1); none for `*`, which every version matches.

    A proxy that compresses makes a tag weak.
    """
    tags = ",".join(http.headers.getall("If-Match", ())).split(",")
    versions = frozenset(tag.strip().removeprefix("W/").strip('"') for tag in tags) - {""}
    return frozenset() if "*" in versions else versions


async def plan(context: HandlerContext, request: ChangeRequest, http: web.Request) -> PlanView:
    """What a change would do, without making it; without changes, what applying the present file would do."""
    planned, configs = await context.config_editor.plan(
        request.changes, request.deletions, request.renames, http[AUTHOR]
    )
    if any(map(is_qbit, request.renames)):  # a worker knows its torrents by the present name
        configs = ()
    effects = await asyncio.gather(*(_effect(context, config) for config in configs))
    return PlanView(*(*astuple(planned), [effect for effect in effects if effect is not None]))


async def _effect(context: HandlerContext, config: WorkerConfig) -> EffectView | None:
    """Have a worker judge its torrents under another configuration; None when it keeps its own, or does not run."""
    process = context.workers.processes.get(config.name)
    if process is None or process.config == config:
        return None
    try:
        encoded = Raw(encode(config))
        found = await process.ask(lambda number: ipc.Compare(number, encoded), ipc.Comparison, _COMPARE_SECONDS)
    except (TimeoutError, ProtocolError):
        return EffectView(config.name, None, 0, 0, [], [])
    others = [OtherVerdict(one.infohash, one.instance, one.name, one.before, one.after) for one in found.others]
    return EffectView(config.name, found.judged, found.removed, found.spared, others, list(found.unknown))


async def history(context: HandlerContext, _request: Nothing) -> History:
    """Every version of the configuration that was in force, with author, time and changes."""
    return History(
        [
            VersionView(version.id, version.author, moment(version.at), changed)
            for version, changed in await context.config_editor.versions()
        ]
    )


async def rollback(context: HandlerContext, request: RollbackRequest, http: web.Request) -> Changed:
    """Apply an earlier version of the configuration again, like any change."""
    plan = await context.config_editor.roll_back(request.id, http[AUTHOR])
    return Changed(success=True, message=f"Configuration is version {request.id} again", plan=plan)
