"""SelfUpdate: the daemon updates itself while it runs, and restarts in place as the new version.

The update is staged and tried while all workers go on; the switch follows when they have ended. The new version is on
probation until its workers are as good as those before; until then they change nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiosqlite

from qbitrr import logs
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.errors import ConflictError, NotReadyError, QbitrrError, UpdateInProgressError
from qbitrr.state import breakers, ledger
from qbitrr.update import record, switch
from qbitrr.update.installation import check_updatable
from qbitrr.update.record import UpdateOutcome
from qbitrr.update.upgrade import Upgrade, seconds_to_get_ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.clock import Clock
    from qbitrr.state.database import Database
    from qbitrr.update.check import Checker
    from qbitrr.update.installation import Installation
    from qbitrr.update.releases import Release
    from supervisor.config_reload import ConfigReload
    from supervisor.workers import Workers

_log = logs.get(__name__)

_CHECK_SECONDS = 60.0


class SelfUpdate:
    """Updates one installation. `on_line` is called with each line of progress, `on_prepared` when it can be switched.

    `prepared` is the update that is to be switched to once the daemon has stopped.
    """

    def __init__(
        self,
        config_reload: ConfigReload,
        workers: Workers,
        installation: Installation,
        clock: Clock,
        on_line: Callable[[str], None],
        on_prepared: Callable[[], None],
    ) -> None:
        self.installation = installation
        self.prepared: Upgrade | None = None
        self._config_reload = config_reload
        self._workers = workers
        self._clock = clock
        self._on_line = on_line
        self._on_prepared = on_prepared
        self._task: asyncio.Task[None] | None = None
        self._record = record.read(config_reload.data_dir)

    @property
    def outcome(self) -> UpdateOutcome:
        """How the last update ended, or that one is under way."""
        return UpdateOutcome(in_progress=True) if self.busy else record.outcome(self._record)

    @property
    def busy(self) -> bool:
        """Whether an update is under way."""
        return self._task is not None or self.prepared is not None or self.on_probation

    @property
    def on_probation(self) -> bool:
        """Whether the version that runs has still to get ready for the first time."""
        return self._record is not None and self._record.phase == "switched"

    def start(self, release: Release | None) -> None:
        """Start an update in the background.

        Raises UpdateInProgressError, or NotUpdatableError with what to do instead.
        """
        if self.busy or release is None:
            raise UpdateInProgressError("Update already in progress")
        check_updatable(self.installation)
        self._task = asyncio.get_running_loop().create_task(self._run(release), name="update")

    async def close(self) -> None:
        """Cancel an update that is under way; nothing was switched yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def complete_probation(self) -> str | None:
        """Wait until the workers of a version on probation are as good as those before, and have them act from then on.

        Returns why they are not as good, or None. What a stop interrupts is for the next start.
        """
        if self._record is None or not self.on_probation:
            return None
        seconds = seconds_to_get_ready(self._config_reload.loaded.config.settings)
        try:
            missing = await self._workers.worse_within(self._record.workers, seconds)
            if missing:
                return f"{', '.join(missing)} did not get ready within {seconds:g} s"
            data_dir, now = self._config_reload.data_dir, self._clock.wall()
            done = await asyncio.to_thread(switch.finish, data_dir, self._record, now)
            await self._workers.end_probation()
        except NotReadyError:  # the daemon stops
            return None
        self._record = done  # not before: after a failure all of it is done again, as no worker may stay read-only
        self._report(f"qbitrr is {done.new_version} now")
        return None

    async def _run(self, release: Release) -> None:
        upgrade = Upgrade(
            self._config_reload.data_dir,
            self._config_reload.environ,
            self._config_reload.loaded.config.settings,
            self.installation,
            release,
            self._workers.phases(),
        )
        try:
            await asyncio.to_thread(upgrade.open, self._clock.wall())
            self._record = upgrade.record
            await upgrade.prepare(self._report)
            self.prepared = upgrade
            self._report("the new version got ready; restarting in place")
            self._on_prepared()
        except asyncio.CancelledError:
            self._fail(upgrade, "the daemon was stopped meanwhile")
            raise
        except (QbitrrError, OSError) as error:
            self._fail(upgrade, str(error))
        except Exception as error:  # noqa: BLE001 - the border of a task that nothing awaits
            self._fail(upgrade, f"{type(error).__name__}: {error}")
            _log.exception("update failed unexpectedly")
        finally:
            self._task = None

    def _fail(self, upgrade: Upgrade, because: str) -> None:
        because = self._redacted(because)
        _log.error("update failed", because=because)
        upgrade.abandon(because, self._clock.wall())
        self._record = upgrade.record or self._record
        self._on_line(because)

    def _report(self, line: str) -> None:
        line = self._redacted(line)
        _log.info("update", line=line)
        self._on_line(line)

    def _redacted(self, text: str) -> str:
        return redact_text(text, secrets_of(self._config_reload.loaded.config))


def schedule(config_reload: ConfigReload) -> str | None:
    """The cron expression of automatic updates; None for never."""
    settings = config_reload.loaded.config.settings
    return settings.auto_update_cron if settings.auto_update_enabled else None


async def update_automatically(checker: Checker, self_update: SelfUpdate, database: Database) -> bool:
    """Start an update to a newer version.

    False while it would interrupt a removal, or one waits for approval, and while that cannot be read.
    """
    await checker.newest(force=True, within_seconds=_CHECK_SECONDS)
    release = checker.available
    if release is None:
        return True
    try:
        is_removing = await breakers.tripped(database) or await ledger.is_removing(database)
    except aiosqlite.Error as error:
        _log.warning("update was postponed", because=f"the state file was not read: {error}")
        return False
    if is_removing:
        _log.info("update was postponed", because="a removal is under way or waits for a decision")
        return False
    try:
        self_update.start(release)
    except ConflictError as error:
        _log.warning("update was not started", because=str(error))
    return True
