"""`qbitrr update` without a daemon."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import __version__, logs
from qbitrr.clock import Clock
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.daemon import prepare_state
from qbitrr.data_dir import config_file, locked
from qbitrr.errors import QbitrrError, UpdateCheckError, UpdateFailedError
from qbitrr.update import record, switch
from qbitrr.update.check import Checker
from qbitrr.update.installation import recognise
from supervisor import self_update
from supervisor.config_reload import Files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qbitrr.config import Loaded
    from qbitrr.daemon import Home
    from qbitrr.update.check import Known
    from qbitrr.update.model import Release

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


def update(where: Home, environ: Mapping[str, str], loaded: Loaded, say: Callable[[str], None]) -> str:
    """Take the newest version while no daemon runs; what became of it. Raises a QbitrrError."""
    with locked(where.folder):
        prepare_state(where.state_file)
        files = Files(config_file(where.folder, Path.cwd()), environ, where.state_file, None, where.evidence_folder)
        return _update(files, loaded, say)


def _update(files: Files, loaded: Loaded, say: Callable[[str], None]) -> str:
    """What became of an update while nobody uses the state file. Raises a QbitrrError.

    It is on probation when it is started the next time.
    """
    _, release = asyncio.run(_newest(loaded))
    if release is None:
        return f"qbitrr {__version__} is the latest version"
    installation, folder = recognise(files.environ), files.state.parent
    self_update.check_updatable(installation)
    planned = self_update.begin(folder, installation, release, Clock().wall())
    try:
        prepared = self_update.prepare(planned, release, installation, files, loaded.config.settings, say)
        address = asyncio.run(prepared)
    except QbitrrError as error:
        switch.abandon(folder, planned, str(error), Clock().wall())
        raise
    self_update.carry_out(folder, files.state, planned, address, Clock().wall())
    outcome = record.outcome(record.read(folder))
    if outcome.last_error is not None:
        raise UpdateFailedError(outcome.last_error)
    return f"qbitrr is {release.version} now; it has to get ready when it is started the next time"
