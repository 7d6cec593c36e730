"""The configuration file, as the control plane reads and changes it.

A change is checked as a whole, written in one step, and taken by the workers that it concerns. When one of them does
not get ready with it, the file becomes what it was.
"""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr import logs
from qbitrr.atomic_file import write_private
from qbitrr.config import history, legacy, load_text
from qbitrr.config.diff import KeyChange, changed_paths, differences, is_delicate, kept_secrets, restored, sanitised
from qbitrr.config.dotted_keys import Edits, check_edits, value_at
from qbitrr.errors import ConfigError, ConflictError, ForbiddenError, NotFoundError, Problem, QbitrrError
from supervisor.changes import WorkerChanges  # noqa: TC001 - msgspec reads the annotations of ConfigPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from control.auth.roles import Author
    from qbitrr.clock import Clock
    from qbitrr.config import Loaded
    from supervisor.config_reload import ConfigReload

_log = logs.get(__name__)

_LOOK_SECONDS = 2.0  # how often the file is looked at for an edit by hand


@dataclass(frozen=True, slots=True)
class _Change:
    """A checked change of the whole text."""

    before: str
    after: str
    loaded: Loaded
    plan: ConfigPlan


class ConfigEditor:
    """Reads, plans, applies and takes back. One change at a time; a second one meanwhile is refused."""

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        history_folder: Path,
        config_reload: ConfigReload,
        clock: Clock,
        changed: Callable[[str, ConfigPlan], None] = lambda _what, _plan: None,
    ) -> None:
        self._path = path
        self._environ = environ
        self._history = history_folder
        self._config_reload = config_reload
        self._clock = clock
        self._changed = changed
        self._busy_with: list[str] | None = None
        self._known = self._read()  # what the daemon runs on, or was told of

    async def shown(self) -> tuple[dict[str, Any], str]:
        """The file without its secrets, and the name of its version."""
        text = await asyncio.to_thread(self._read)
        return sanitised(_document(text)), history.version_of(text)

    async def plan(self, changes: Mapping[str, Any], deletions: Sequence[str]) -> ConfigPlan:
        """What a change would do; without one, what the file would do as it is now. Raises ConfigError."""
        edits, problems = check_edits(changes, deletions)
        change = await asyncio.to_thread(self._change, edits, problems)
        return change.plan

    async def apply(
        self, changes: Mapping[str, Any], deletions: Sequence[str], author: Author, expected: str | None = None
    ) -> ConfigPlan:
        """Make a change. `expected` is the version that its author saw.

        Raises ConfigError for what cannot be, ConflictError when somebody else changes something or did so since,
        ForbiddenError for delicate keys of a stranger, WorkerNotReadyError when it was taken back.
        """
        edits, problems = check_edits(changes, deletions)
        return await self._make(lambda: self._change(edits, problems), _names(edits), author, expected)

    async def roll_back(self, number: int, author: Author) -> ConfigPlan:
        """Have an earlier version again. Raises NotFoundError, and what `apply` raises."""
        kept = await asyncio.to_thread(history.versions, self._history)
        wanted = next((version for version in kept if version.id == number), None)
        if wanted is None:
            raise NotFoundError(f"No version {number} of the configuration is kept")
        return await self._make(lambda: self._whole(wanted.text), [f"version {number}"], author, None)

    async def versions(self) -> list[tuple[history.Version, list[KeyChange]]]:
        """Every kept version with what it changed, the newest first."""
        kept = await asyncio.to_thread(history.versions, self._history)
        documents = [_document(version.text) for version in kept]
        changes = [differences(before, after) for before, after in zip([{}, *documents], documents, strict=False)]
        first_is_whole = [[], *changes[1:]]
        return list(zip(kept, first_is_whole, strict=False))[::-1]

    async def watch(self) -> None:
        """Notice edits by hand, for as long as the daemon runs; they are planned and told, and wait to be taken."""
        before = self._known
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = await asyncio.to_thread(self._read_or, before)
            settled, before = now == before, now
            if settled and now != self._known and self._busy_with is None:
                self._known = now
                await self._tell_of_edit()

    # -- making a change ----------------------------------------------------------------------------------------

    async def _make(
        self, prepare: Callable[[], _Change], names: list[str], author: Author, expected: str | None
    ) -> ConfigPlan:
        if self._busy_with is not None:
            details = {"changed": self._busy_with}
            raise ConflictError("Another change of the configuration is being made; ask again in a moment", details)
        self._busy_with = names
        try:
            if expected is not None:
                await asyncio.to_thread(self._check_version, expected)
            change = await asyncio.to_thread(prepare)
            if not author.trusted:
                _refuse_delicate(change)
            return await asyncio.shield(self._carry_out(change, author))
        finally:
            self._busy_with = None

    async def _carry_out(self, change: _Change, author: Author) -> ConfigPlan:
        if change.after != change.before:
            await asyncio.to_thread(self._write, change, author)
        try:
            await self._config_reload.reload()
        except QbitrrError:
            await asyncio.to_thread(self._take_back, change)
            raise
        _log.info("configuration was changed", by=author.address, keys=[entry.key for entry in change.plan.changed])
        self._changed("applied", change.plan)
        return change.plan

    def _check_version(self, expected: str) -> None:
        text = self._read()
        if history.version_of(text) == expected:
            return
        seen = next(
            (kept.text for kept in history.versions(self._history) if history.version_of(kept.text) == expected), None
        )
        keys = None if seen is None else [entry.key for entry in differences(_document(seen), _document(text))]
        raise ConflictError("The configuration was changed since it was read; read it again", {"changed": keys})

    def _write(self, change: _Change, author: Author) -> None:
        try:
            history.record(self._history, change.before, "file", self._path.stat().st_mtime)
            write_private(self._path, change.after.encode())
            history.record(self._history, change.after, author.address, self._clock.wall())
        except OSError as error:
            raise ConfigError([Problem(str(self._path), error.strerror or str(error), "a writable file")]) from None
        self._known = change.after

    def _take_back(self, change: _Change) -> None:
        if self._read_or("") == change.after != change.before:
            write_private(self._path, change.before.encode())
            history.record(self._history, change.before, "taken back", self._clock.wall())
            self._known = change.before

    # -- checking one -------------------------------------------------------------------------------------------

    def _change(self, edits: Edits, problems: Sequence[Problem] = ()) -> _Change:
        """A change that was checked. Raises ConfigError with those problems and all others, each once."""
        from qbitrr.config.edit import edited  # noqa: PLC0415 - tomlkit is slow and large, and seldom needed

        before = self._read()
        document = _document(before)
        puts = {path: restored(value, value_at(document, path)) for path, value in edits.puts.items()}
        edits = Edits(puts, edits.drops)
        after = edited(before, edits)
        return self._checked(before, after, [*problems, *kept_secrets(_modern(before), _modern(after), edits)])

    def _whole(self, after: str) -> _Change:
        return self._checked(self._read(), after, [])

    def _checked(self, before: str, after: str, problems: list[Problem]) -> _Change:
        loaded: Loaded | None = None
        try:
            loaded = load_text(after, self._environ)
        except ConfigError as error:
            known = {problem.key for problem in problems}
            problems = [*problems, *(problem for problem in error.problems if problem.key not in known)]
        had_token = value_at(_document(before), ("WebUI", "Token"))
        if had_token and not (loaded.config.webui.token if loaded else value_at(_document(after), ("WebUI", "Token"))):
            problems = [*problems, Problem("WebUI.Token", "nothing", "a token; it cannot be taken away over HTTP")]
        if problems or loaded is None:
            raise ConfigError(problems)
        reloaded = self._config_reload.plan(loaded)
        changed = differences(_modern(before), _modern(after))
        keys = {entry.key for entry in changed}
        plan = ConfigPlan(
            changed=changed,
            workers=reloaded.applied,
            after_restart=reloaded.after_restart,
            overridden={key: variable for key, variable in loaded.overridden.items() if key in keys},
            warnings=[str(warning) for warning in loaded.warnings],
            incomplete=[entry.key for entry in loaded.incomplete],
        )
        return _Change(before, after, loaded, plan)

    async def _tell_of_edit(self) -> None:
        try:
            plan = (await asyncio.to_thread(self._change, Edits())).plan
        except ConfigError as error:
            _log.error("configuration file was edited and cannot be used", problems=list(map(str, error.problems)))
            return
        _log.warning(
            "configuration file was edited",
            restarts=plan.workers.restarted,
            starts=plan.workers.started,
            stops=plan.workers.stopped,
            remedy="it is taken with the next change, by SIGHUP, or by POST /api/config without changes",
        )
        self._changed("edited", plan)

    def _read(self) -> str:
        try:
            return self._path.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([Problem(str(self._path), str(error), "a readable file in UTF-8")]) from None

    def _read_or(self, otherwise: str) -> str:
        try:
            return self._read()
        except ConfigError:  # an editor puts another file in its place just now
            return otherwise


def _document(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError([Problem("the file", str(error), "TOML")]) from None


def _modern(text: str) -> dict[str, Any]:
    return legacy.modernised(_document(text))[0]


def _names(edits: Edits) -> list[str]:
    return [".".join(path) for path in (*edits.puts, *edits.drops)]


def _refuse_delicate(change: _Change) -> None:
    keys = [
        ".".join(path) for path in changed_paths(_modern(change.before), _modern(change.after)) if is_delicate(path)
    ]
    if keys:
        text = f"{', '.join(keys)} can only be changed with the token, or from this machine"
        raise ForbiddenError(text, {"keys": keys})


class ConfigPlan(Struct, frozen=True, rename="camel"):
    """The keys that change, what becomes of the workers, and what counts only after a restart of the daemon.

    `overridden` keys are decided by an environment variable, whatever the file says.
    """

    changed: list[KeyChange]
    workers: WorkerChanges
    after_restart: tuple[str, ...]
    overridden: dict[str, str]
    warnings: list[str]
    incomplete: list[str]
