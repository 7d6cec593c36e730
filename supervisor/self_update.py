"""An update of the daemon by itself: staged and tried while everything goes on, switched when all workers have ended.

The daemon that was begun anew is on probation: ready in time, or the old version comes back with the state from
before. So it does when the new one was started once already and never got ready, whatever ended it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import __version__, logs
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.errors import ConflictError, NotUpdatableError, QbitrrError, UpdateFailedError, UpdateInProgressError
from qbitrr.process import die_with_parent
from qbitrr.state import breakers, ledger
from qbitrr.update import index, record, switch
from qbitrr.update.model import UpdateOutcome
from qbitrr.update.record import Record
from qbitrr.update.stage import place_for, requirement, run, stage
from qbitrr.update.trial import try_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.clock import Clock
    from qbitrr.config import Settings
    from qbitrr.state.database import Database
    from qbitrr.update.check import Checker
    from qbitrr.update.model import Installation, Release
    from supervisor.config_reload import ConfigReload, Files
    from supervisor.workers import Workers

_log = logs.get(__name__)

WHEELS = "update/old"
_TRIAL_SECONDS = 90.0  # beyond what workers may take to start
_WHEEL_SECONDS = 300.0
_CHECK_SECONDS = 60.0


class SelfUpdate:
    """Updates one installation. `tell` hears every line of it; `switched` is called when only the switch is left."""

    def __init__(
        self,
        config_reload: ConfigReload,
        installation: Installation,
        clock: Clock,
        tell: Callable[[str], None],
        switched: Callable[[], None],
    ) -> None:
        self.installation = installation
        self.planned: tuple[Record, str] | None = None
        self._config_reload = config_reload
        self._clock = clock
        self._tell = tell
        self._switched = switched
        self._task: asyncio.Task[None] | None = None
        self._folder = config_reload.files.state.parent
        self._record = record.read(self._folder)

    @property
    def outcome(self) -> UpdateOutcome:
        """How the last update went, or that one is under way."""
        return UpdateOutcome(in_progress=True) if self.busy else record.outcome(self._record)

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return self._task is not None or self.planned is not None or self.on_probation

    @property
    def on_probation(self) -> bool:
        """Whether this very version has still to get ready."""
        return self._record is not None and self._record.phase == "switched"

    def start(self, release: Release | None) -> None:
        """Begin. Raises UpdateInProgressError, or NotUpdatableError with what to do instead."""
        if self.busy or release is None:
            raise UpdateInProgressError("Update already in progress")
        check_updatable(self.installation)
        self._task = asyncio.get_running_loop().create_task(self._run(release), name="update")

    async def close(self) -> None:
        """End what is under way; nothing was switched yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def prove(self, supervisor: Workers) -> str | None:
        """Wait until all workers are ready; why they are not in time, None when nothing is to be proven (any more)."""
        if self._record is None or not self.on_probation:
            return None
        seconds = self._config_reload.loaded.config.settings.process_spawn_timeout_seconds + _TRIAL_SECONDS
        missing = await supervisor.not_ready_within(seconds)
        if missing:
            return f"{', '.join(missing)} did not get ready within {seconds:g} s"
        self._record = await asyncio.to_thread(switch.finish, self._folder, self._record, self._clock.wall())
        self._say(f"qbitrr is {self._record.new_version} now")
        return None

    async def _run(self, release: Release) -> None:
        planned: Record | None = None
        try:
            planned = await asyncio.to_thread(begin, self._folder, self.installation, release, self._clock.wall())
            self._record = planned
            files, settings = self._config_reload.files, self._config_reload.loaded.config.settings
            address = await prepare(planned, release, self.installation, files, settings, self._say)
            self.planned = planned, address
            self._say("the new version got ready; beginning anew")
            self._switched()
        except asyncio.CancelledError:
            self._fail(planned, "the daemon was stopped meanwhile")
            raise
        except (QbitrrError, OSError) as error:
            self._fail(planned, str(error))
        except Exception as error:  # noqa: BLE001 - the border of a task that nobody waits for
            self._fail(planned, f"{type(error).__name__}: {error}")
            _log.exception("update broke off")
        finally:
            self._task = None

    def _fail(self, planned: Record | None, because: str) -> None:
        because = self._hidden(because)
        _log.error("update failed", because=because)
        try:
            if planned is not None:
                self._record = switch.abandon(self._folder, planned, because, self._clock.wall())
        except OSError as error:  # a full disk
            _log.error("update could not be recorded", error=str(error))
            self._record = planned and replace(planned, phase="failed", error=because, ended_at=self._clock.wall())
        self._tell(because)

    def _say(self, line: str) -> None:
        line = self._hidden(line)
        _log.info("update", line=line)
        self._tell(line)

    def _hidden(self, text: str) -> str:
        return redact_text(text, secrets_of(self._config_reload.loaded.config))


def check_updatable(installation: Installation) -> None:
    """Raises NotUpdatableError with what to do instead."""
    if installation.obstacle is not None:
        text = f"This installation cannot update itself: {installation.obstacle}. Do instead: {installation.command}"
        raise NotUpdatableError(text)


def begin(folder: Path, installation: Installation, release: Release, now: float) -> Record:
    """Write down what is about to be tried. Raises OSError."""
    planned = Record(
        phase="staging",
        old_version=__version__,
        new_version=release.version,
        began_at=now,
        link=installation.link,
        old_prefix=installation.prefix,
        new_prefix=str(place_for(installation, folder, release)),
    )
    return record.write(folder, planned)


async def prepare(
    planned: Record,
    release: Release,
    installation: Installation,
    files: Files,
    settings: Settings,
    say: Callable[[str], None],
) -> str:
    """Stage a version and try it; returns the index that it came from. Raises UpdateFailedError."""
    environ = {name: value for name, value in files.environ.items() if name != "PYTHONPATH"}
    address = settings.update_index or await index.of_pip()
    place = Path(planned.new_prefix or "")
    state_bytes = files.state.stat().st_size if files.state.exists() else 0
    await stage(release, place, files.state.parent, state_bytes, address, environ, say)
    if installation.link is None:
        await _keep_old(files.state.parent / WHEELS, address, environ, say)
    seconds = settings.process_spawn_timeout_seconds + _TRIAL_SECONDS
    await try_out(place, files.config, files.state, environ, seconds, say, die_with_parent)
    return address


async def _keep_old(folder: Path, address: str, environ: dict[str, str], say: Callable[[str], None]) -> None:
    """Fetch the present version, for the way back where pip installs in place."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(folder), requirement(__version__)]
    await run("pip", command, {**environ, "PIP_INDEX_URL": address}, _WHEEL_SECONDS, say)


def settle(folder: Path, state_file: Path, now: float) -> bool:
    """At start: what an update left. True when the old version is in use again and has to be begun.

    Raises OSError or UpdateFailedError when it cannot be gone back.
    """
    last = record.read(folder)
    if last is None or last.phase in ("done", "failed"):
        return False
    if last.phase == "staging" or (__version__ != last.new_version and last.starts == 0):
        switch.abandon(folder, last, "it was interrupted", now)
        return False
    if __version__ != last.new_version:  # the way back was interrupted
        switch.go_back(folder, state_file, last, f"{last.new_version} did not get ready", now)
        return False
    if last.starts > 0:
        switch.go_back(folder, state_file, last, f"{last.new_version} ended before it was ready", now)
        return True
    record.write(folder, replace(last, starts=last.starts + 1))
    return False


def take_back(folder: Path, state_file: Path, because: str, now: float) -> bool:
    """The new version failed its probation; False when it is not on any."""
    last = record.read(folder)
    if last is None or last.phase != "switched" or last.new_version != __version__:
        return False
    switch.go_back(folder, state_file, last, because, now)
    return True


def carry_out(folder: Path, state_file: Path, planned: Record, address: str, now: float) -> None:
    """Switch, once nobody uses the state file any more; what goes wrong is recorded, and the old version goes on."""
    try:
        wheels = None if planned.link is not None else str(folder / WHEELS)
        switch.switch(folder, state_file, replace(planned, wheels=wheels), address)
    except UpdateFailedError as error:
        _log.error("update failed", because=str(error))
        last = record.read(folder) or planned
        if last.phase == "switched":
            switch.go_back(folder, state_file, last, str(error), now)
        else:
            switch.abandon(folder, planned, str(error), now)


def schedule(config_reload: ConfigReload) -> str | None:
    """When to look for an update, as a cron expression; None for never."""
    settings = config_reload.loaded.config.settings
    return settings.auto_update_cron if settings.auto_update_enabled else None


async def by_itself(checker: Checker, self_update: SelfUpdate, database: Database) -> bool:
    """Take what is newer; False while it would interrupt a removal, or a person has to decide on one."""
    await checker.newest(force=True, within_seconds=_CHECK_SECONDS)
    release = checker.available
    if release is None:
        return True
    if await breakers.tripped(database) or await ledger.is_removing(database):
        _log.info("update was put off", because="a removal is under way or waits for a decision")
        return False
    try:
        self_update.start(release)
    except ConflictError as error:
        _log.warning("update was not begun", because=str(error))
    return True
