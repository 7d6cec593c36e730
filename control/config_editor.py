"""ConfigEditor: config.toml as the control plane reads and changes it.

A change is checked as a whole, written in one step and applied to the workers that it concerns. When one of them does
not get ready, the file gets its old text back.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from control.auth import rights
from qbitrr import logs, ticks
from qbitrr.atomic_file import replace_private
from qbitrr.config import history
from qbitrr.config.change import edit_text, replace_text
from qbitrr.config.diff import KeyChange, differences, sanitised
from qbitrr.config.dotted_keys import Edits, check_edits
from qbitrr.config.load import parse
from qbitrr.errors import ConfigError, ConflictError, NotFoundError, Problem, QbitrrError, StateError
from supervisor.workers import WorkerChanges  # noqa: TC001 - msgspec reads the annotations of ConfigPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from control.auth.roles import Author
    from qbitrr.clock import Clock
    from qbitrr.config.change import ConfigChange
    from qbitrr.worker.config import WorkerConfig
    from supervisor.config_reload import ConfigReload, ReloadPlan

_log = logs.get(__name__)

_POLL_SECONDS = 5.0  # between two checks of the file for manual edits


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


class ConfigEditor:
    """Reads, plans, applies and rolls back, one change at a time; a second one meanwhile is refused.

    `on_change` is called with `applied` or `edited` and the plan.
    """

    def __init__(
        self,
        config_reload: ConfigReload,
        clock: Clock,
        on_change: Callable[[str, ConfigPlan], None] = lambda _what, _plan: None,
    ) -> None:
        self._config_reload = config_reload
        self._path = config_reload.data_dir.config_file
        self._environ = config_reload.environ
        self._history = config_reload.data_dir.config_history
        self._clock = clock
        self._on_change = on_change
        self._version_of = partial(history.version_of, key=secrets.token_bytes(32))
        self._busy_with: list[str] | None = None
        self._known = self._read()  # the text that was applied or announced last

    async def shown(self) -> tuple[dict[str, Any], str]:
        """The file without its secrets, and the name of its version."""
        text = await asyncio.to_thread(self._read)
        return sanitised(parse(text)), self._version_of(text)

    async def plan(
        self, changes: Mapping[str, Any], deletions: Sequence[str], renames: Mapping[str, str], author: Author
    ) -> tuple[ConfigPlan, tuple[WorkerConfig, ...]]:
        """What a change does, and the workers after it; without one, what applying the file as it is now does.

        Raises ConfigError, and ForbiddenError before anything is compared.
        """
        edits, problems = check_edits(changes, deletions)
        rights.require_keys(_names(edits), author)
        change = await asyncio.to_thread(self._edited, edits, problems, renames)
        plan = await self._config_reload.plan(change.loaded)
        return _shown(change, plan), plan.configs

    async def apply(
        self,
        changes: Mapping[str, Any],
        deletions: Sequence[str],
        renames: Mapping[str, str],
        author: Author,
        expected: Collection[str] = (),
    ) -> ConfigPlan:
        """Make a change. `renames` are new names of sections by present ones, given before the rest is changed.

        `expected` are versions of which its author saw one; without any, it is for whatever version there is.

        Raises ConfigError for what cannot be, ConflictError when another change is being made or was made since,
        ForbiddenError for keys that this author may not change, WorkerNotReadyError when it was rolled back.
        """
        edits, problems = check_edits(changes, deletions)
        names = _names(edits)
        rights.require_keys(names, author)  # before anything is compared with what is stored
        names += [f"{old} as {new}" for old, new in renames.items()]
        return await self._make(lambda: self._edited(edits, problems, renames), names, author, expected)

    async def roll_back(self, number: int, author: Author) -> ConfigPlan:
        """Apply an earlier version again. Raises NotFoundError, and what `apply` raises."""
        kept = await asyncio.to_thread(history.versions, self._history)
        earlier = next((version for version in kept if version.id == number), None)
        if earlier is None:
            raise NotFoundError(f"No version {number} of the configuration is kept")
        return await self._make(lambda: self._replaced_by(earlier), [f"version {number}"], author, ())

    async def versions(self) -> list[tuple[history.Version, list[KeyChange]]]:
        """Every kept version with what it changed, the newest first."""
        return await asyncio.to_thread(lambda: list(_with_changes(history.versions(self._history)))[::-1])

    async def watch(self) -> None:
        """Watch config.toml for manual edits until cancelled. They are checked and announced; a reload applies them."""
        checked = before = None
        while True:
            await ticks.sleep(_POLL_SECONDS)
            now = await asyncio.to_thread(self._stamp)
            settled, before = now == before, now
            if not settled or now == checked:
                continue
            text = await asyncio.to_thread(self._read_or, self._known)
            if self._busy_with is not None:
                continue
            checked = now
            if text != self._known:
                self._known = text
                await self._announce_edit()

    # -- making a change ----------------------------------------------------------------------------------------

    async def _make(
        self, check: Callable[[], ConfigChange], names: list[str], author: Author, expected: Collection[str]
    ) -> ConfigPlan:
        if self._busy_with is not None:
            details = {"changed": self._busy_with}
            raise ConflictError("Another change of the configuration is being made; ask again in a moment", details)
        self._busy_with = names
        return await asyncio.shield(self._check_and_apply(check, author, expected))  # also when the client disconnects

    async def _check_and_apply(
        self, check: Callable[[], ConfigChange], author: Author, expected: Collection[str]
    ) -> ConfigPlan:
        try:
            if expected:
                await asyncio.to_thread(self._check_version, expected)
            change = await asyncio.to_thread(check)
            rights.require_keys([entry.key for entry in change.differences], author)
            plan = await self._config_reload.plan(change.loaded)
            if change.after != change.before:
                await asyncio.to_thread(self._write, change, author)
            try:
                await self._config_reload.apply(plan)
            except (QbitrrError, OSError):
                await asyncio.to_thread(self._write_back, change)
                raise
        finally:
            self._busy_with = None
        shown = _shown(change, plan)
        _log.info("configuration was changed", by=author.address, keys=[entry.key for entry in shown.changed])
        self._on_change("applied", shown)
        return shown

    def _check_version(self, expected: Collection[str]) -> None:
        text = self._read()
        if self._version_of(text) in expected:
            return
        seen = next(
            (kept.text for kept in history.versions(self._history) if self._version_of(kept.text) in expected), None
        )
        keys = None if seen is None else [entry.key for entry in differences(parse(seen), parse(text))]
        raise ConflictError("The configuration was changed since it was read; read it again", {"changed": keys})

    def _edited(
        self, edits: Edits, problems: Sequence[Problem] = (), renames: Mapping[str, str] | None = None
    ) -> ConfigChange:
        return edit_text(self._read(), edits, self._environ, problems, renames)

    def _replaced_by(self, earlier: history.Version) -> ConfigChange:
        """The change to an earlier version, with the present login; one without secrets gets all present ones."""
        from qbitrr.config.edit import with_login_of, with_secrets_of  # noqa: PLC0415 - tomlkit is slow and large

        present = self._read()
        text = earlier.text if earlier.complete else with_secrets_of(earlier.text, present)
        return replace_text(present, with_login_of(text, present), self._environ)

    # -- the file -----------------------------------------------------------------------------------------------

    def _write(self, change: ConfigChange, author: Author) -> None:
        """Write a change. Raises ConflictError when the file was edited since it was read."""
        try:
            history.record(self._history, change.before, "file", self._path.stat().st_mtime)
            replace_private(self._path, change.before.encode(), change.after.encode())
            history.record(self._history, change.after, author.address, self._clock.wall())
        except OSError as error:
            raise ConfigError([Problem(str(self._path), error.strerror or str(error), "a writable file")]) from None
        self._known = change.after

    def _write_back(self, change: ConfigChange) -> None:
        """Restore the text from before, unless the file was edited meanwhile."""
        if change.after == change.before:
            return
        try:
            replace_private(self._path, change.after.encode(), change.before.encode())
        except ConflictError:
            _log.warning("configuration file was edited while a change was rolled back", remedy="apply or correct it")
            return
        history.record(self._history, change.before, "rolled back", self._clock.wall())
        self._known = change.before

    def _stamp(self) -> tuple[int, int, int] | None:
        """Read what changes with every edit of the file; None while there is none."""
        try:
            found = self._path.stat()
        except OSError:  # an editor is replacing the file right now
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _read(self) -> str:
        try:
            return self._path.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([Problem(str(self._path), str(error), "a readable file in UTF-8")]) from None

    def _read_or(self, otherwise: str) -> str:
        try:
            return self._read()
        except ConfigError:  # an editor is replacing the file right now
            return otherwise

    async def _announce_edit(self) -> None:
        try:
            change = await asyncio.to_thread(self._edited, Edits())
            plan = _shown(change, await self._config_reload.plan(change.loaded))
        except ConfigError as error:
            _log.error("configuration file was edited and cannot be used", problems=list(map(str, error.problems)))
            return
        except StateError as error:
            _log.error("configuration file was edited and could not be checked", error=str(error))
            return
        _log.warning(
            "configuration file was edited",
            restarts=plan.workers.restarted,
            starts=plan.workers.started,
            stops=plan.workers.stopped,
            remedy="it is applied with the next change, by SIGHUP, or by POST /api/config without changes",
        )
        self._on_change("edited", plan)


def _with_changes(kept: Iterable[history.Version]) -> Iterator[tuple[history.Version, list[KeyChange]]]:
    """Each version with what it changed, nothing for the oldest. Of secrets this is only known while both have them."""
    before: tuple[history.Version, dict[str, Any]] | None = None
    for version in kept:
        document = parse(version.text)
        if before is None:
            yield version, []
        elif before[0].complete and version.complete:
            yield version, differences(before[1], document)
        else:
            yield version, differences(sanitised(before[1]), sanitised(document))
        before = version, document


def _names(edits: Edits) -> list[str]:
    return [".".join(path) for path in (*edits.puts, *edits.drops)]


def _shown(change: ConfigChange, plan: ReloadPlan) -> ConfigPlan:
    keys = {entry.key for entry in change.differences}
    return ConfigPlan(
        changed=change.differences,
        workers=plan.result.applied,
        after_restart=plan.result.after_restart,
        overridden={key: variable for key, variable in change.loaded.overridden.items() if key in keys},
        warnings=[str(warning) for warning in change.loaded.warnings],
        incomplete=[entry.key for entry in change.loaded.incomplete],
    )
