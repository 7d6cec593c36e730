"""Upgrade: one update from its record to its switch, and what a start of the daemon finds of it.

The version that was switched to is on probation: its workers have to be as good as those before in time, or the old one
is restored with its state. So it is when the new one was started once before and never got ready, whatever ended it.
"""

from __future__ import annotations

import asyncio
import shutil
import sysconfig
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import __version__, logs
from qbitrr.errors import UpdateFailedError, UpdateInProgressError
from qbitrr.update import index, record, switch
from qbitrr.update.download import download
from qbitrr.update.record import Record
from qbitrr.update.signature import check_current
from qbitrr.update.stage import place_for, stage
from qbitrr.update.trial import try_out

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qbitrr.config import Settings
    from qbitrr.data_dir import DataDir
    from qbitrr.update.installation import Installation
    from qbitrr.update.programs import OnLine
    from qbitrr.update.releases import Release

_log = logs.get(__name__)

_TRIAL_SECONDS = 90.0  # beyond what workers may take to start


def seconds_to_get_ready(settings: Settings) -> float:
    """How long a new version may take until all its workers are ready."""
    return settings.process_spawn_timeout_seconds + _TRIAL_SECONDS


class Upgrade:
    """The update of an installation to a release. `record` is the stored one, None before `open`.

    `workers` are the phases of the present workers by category, none when the daemon does not run.
    """

    def __init__(
        self,
        data_dir: DataDir,
        environ: Mapping[str, str],
        settings: Settings,
        installation: Installation,
        release: Release,
        workers: Mapping[str, str],
    ) -> None:
        self.record: Record | None = None
        self._data_dir = data_dir
        self._environ = {name: value for name, value in environ.items() if name != "PYTHONPATH"}
        self._settings = settings
        self._installation = installation
        self._release = release
        self._workers = workers
        self._place = place_for(installation, data_dir, release)

    def open(self, now: float) -> None:
        """Write the record, before anything is installed.

        Raises OSError, and UpdateInProgressError while the last update may have to be taken back.
        """
        last = record.read(self._data_dir)
        if last is not None and last.phase == "switched":
            raise UpdateInProgressError(f"the update to {last.new_version} has still to get ready: start the daemon")
        opened = Record(
            phase="staging",
            old_version=__version__,
            new_version=self._release.version,
            began_at=now,
            link=self._installation.link,
            old_prefix=self._installation.prefix,
            new_prefix=str(self._place),
            wheels=str(self._wheels),
            workers=dict(self._workers),
        )
        if self._installation.link is None:
            packages = sysconfig.get_path("purelib")
            opened = replace(opened, kept=str(self._kept), packages=packages)
        self.record = record.write(self._data_dir, opened)

    async def prepare(self, on_line: OnLine) -> None:
        """Download the release, stage and try it; nothing in use is touched.

        Raises UpdateFailedError, UntrustedReleaseError or UpdateCheckError.
        """
        if self.record is None or self._release.manifest is None:
            raise AssertionError("an update is recorded, and its release verified, before it is prepared")
        # it may have expired since the check
        check_current(self._release.manifest, self._release.version, __version__, self.record.began_at)
        address = self._settings.update_index or await index.of_pip()
        try:
            await download(self._release.manifest, address, self._wheels, on_line)
            await stage(self._release, self._place, self._data_dir, self._wheels, self._environ, on_line)
            if self.record.kept is not None:
                await asyncio.to_thread(self._keep_packages)
        except OSError as error:
            raise UpdateFailedError(f"it could not be installed: {error}") from error
        seconds = seconds_to_get_ready(self._settings)
        await try_out(self._place, self._data_dir, self._environ, self._workers, seconds, on_line)

    def switch(self, now: float) -> None:
        """Use the new version from the next start on.

        Nothing else may use the state file. A failure is recorded, and the old version stays in use.
        """
        if self.record is None:
            raise AssertionError("an update is recorded before it is switched to")
        try:
            self.record = switch.switch(self._data_dir, self.record)
        except UpdateFailedError as error:
            _log.error("update failed", because=str(error))
            last = record.read(self._data_dir) or self.record
            undo = switch.switch_back if last.phase == "switched" else switch.abandon
            try:
                self.record = undo(self._data_dir, last, str(error), now)
            except (OSError, UpdateFailedError) as failure:  # the next start goes on with it
                _log.error("update could not be undone", error=str(failure))

    def abandon(self, because: str, now: float) -> None:
        """Record that it failed before the switch, and remove what was staged."""
        if self.record is None:
            return
        try:
            self.record = switch.abandon(self._data_dir, self.record, because, now)
        except OSError as error:  # a full disk
            _log.error("update could not be recorded", error=str(error))
            self.record = replace(self.record, phase="failed", error=because, ended_at=now)

    @property
    def _wheels(self) -> Path:
        return self._data_dir.folder / "update" / "wheels"

    @property
    def _kept(self) -> Path:
        return self._data_dir.folder / "update" / "kept"

    def _keep_packages(self) -> None:
        """Copy the packages in use, to restore them after a switch in place. Raises OSError."""
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(sysconfig.get_path("purelib"), self._kept, symlinks=True)


def recover(data_dir: DataDir, now: float) -> bool:
    """Bring an interrupted update to its end, or count a start of the version on probation.

    Called when the daemon starts. True when the old version is in use again and this process has to restart as it.
    Raises OSError or UpdateFailedError when it cannot be switched back.
    """
    last = record.read(data_dir)
    if last is None or last.phase in ("done", "failed"):
        return False
    never_started = __version__ != last.new_version and last.starts == 0
    # pip changes several files in place, and may have been interrupted between two of them
    if last.phase == "staging" or (never_started and last.kept is None):
        switch.abandon(data_dir, last, "it was interrupted", now)
        return False
    if __version__ != last.new_version:  # switching back was interrupted
        switch.switch_back(data_dir, last, f"{last.new_version} did not get ready", now)
        return False
    if last.starts > 0:
        switch.switch_back(data_dir, last, f"{last.new_version} ended before it was ready", now)
        return True
    record.write(data_dir, replace(last, starts=last.starts + 1))
    return False


def postpone_probation(data_dir: DataDir) -> None:
    """Have the next start of a version on probation be its first: this one was stopped, or is to restart in place."""
    last = record.read(data_dir)
    if last is None or last.phase != "switched" or last.new_version != __version__:
        return
    try:
        record.write(data_dir, replace(last, starts=0))
    except OSError as error:  # a full disk: a stop stays a stop, and the next start uses the old version
        _log.error("probation could not be postponed", error=str(error))


def fail_probation(data_dir: DataDir, because: str, now: float) -> bool:
    """Switch back from a version that did not get ready; False when this one is not on probation.

    Raises OSError or UpdateFailedError when it cannot be switched back.
    """
    last = record.read(data_dir)
    if last is None or last.phase != "switched" or last.new_version != __version__:
        return False
    switch.switch_back(data_dir, last, because, now)
    return True
