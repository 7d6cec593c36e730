"""Updates as they are asked for: by a person without a daemon, or by the clock of one that runs."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from qbitrr import __version__, logs
from qbitrr.clock import Clock
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.errors import ConflictError, QbitrrError, UpdateCheckError, UpdateFailedError
from qbitrr.state import breakers, ledger
from qbitrr.update import record, switch
from qbitrr.update.check import Checker
from qbitrr.update.installation import recognise
from supervisor import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.config import Loaded
    from qbitrr.state.database import Database
    from qbitrr.update.check import Known
    from qbitrr.update.model import Release
    from supervisor.reload import Files, Reloader
    from supervisor.upgrade import Updater

_log = logs.get(__name__)

_CHECK_SECONDS = 60.0


async def tell_newest(loaded: Loaded) -> str:
    """Whether there is a newer version, as a sentence. Raises UpdateCheckError."""
    known, release = await _newest(loaded)
    if release is None:
        return f"qbitrr {__version__} is the latest version"
    return "\n".join(filter(None, (f"qbitrr {release.version} is available; {__version__} runs", known.changelog)))


async def _newest(loaded: Loaded) -> tuple[Known, Release | None]:
    hide = partial(redact_text, secrets=secrets_of(loaded.config))
    logs.configure("WARNING", None, logs.MAIN_FILE, hide)  # what is printed is for a person
    checker = Checker(lambda: loaded.config.settings, __version__, Clock(), lambda _: None)
    known = await checker.newest(within_seconds=_CHECK_SECONDS)
    await checker.close()
    if known.error is not None:
        raise UpdateCheckError(f"it cannot be told which version is the newest: {known.error}")
    return known, checker.available


def update(files: Files, loaded: Loaded, say: Callable[[str], None]) -> str:
    """Take the newest version while nobody uses the state file; what became of it. Raises a QbitrrError.

    It is on probation when it is started the next time.
    """
    _, release = asyncio.run(_newest(loaded))
    if release is None:
        return f"qbitrr {__version__} is the latest version"
    installation, folder = recognise(files.environ), files.state.parent
    upgrade.check_updatable(installation)
    planned = upgrade.begin(folder, installation, release, Clock().wall())
    try:
        prepared = upgrade.prepare(planned, release, installation, files, loaded.config.settings, say)
        address = asyncio.run(prepared)
    except QbitrrError as error:
        switch.abandon(folder, planned, str(error), Clock().wall())
        raise
    upgrade.carry_out(folder, files.state, planned, address, Clock().wall())
    outcome = record.outcome(record.read(folder))
    if outcome.last_error is not None:
        raise UpdateFailedError(outcome.last_error)
    return f"qbitrr is {release.version} now; it has to get ready when it is started the next time"


def schedule(reloader: Reloader) -> str | None:
    """When to look for an update, as a cron expression; None for never."""
    settings = reloader.loaded.config.settings
    return settings.auto_update_cron if settings.auto_update_enabled else None


async def by_itself(checker: Checker, updater: Updater, database: Database) -> bool:
    """Take what is newer; False while it would interrupt a removal, or a person has to decide on one."""
    await checker.newest(force=True, within_seconds=_CHECK_SECONDS)
    release = checker.available
    if release is None:
        return True
    if await breakers.tripped(database) or await ledger.is_removing(database):
        _log.info("update was put off", because="a removal is under way or waits for a decision")
        return False
    try:
        updater.start(release)
    except ConflictError as error:
        _log.warning("update was not begun", because=str(error))
    return True
