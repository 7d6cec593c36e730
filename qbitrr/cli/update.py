"""`qbitrr update` without a running daemon."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from qbitrr import __version__, logs
from qbitrr.clock import Clock
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.daemon import prepare_state
from qbitrr.errors import QbitrrError, UpdateCheckError, UpdateFailedError
from qbitrr.update import record
from qbitrr.update.check import Checker
from qbitrr.update.installation import check_updatable, recognise
from qbitrr.update.upgrade import Upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qbitrr.config import Loaded
    from qbitrr.data_dir import DataDir
    from qbitrr.update.check import Known
    from qbitrr.update.releases import Release

_CHECK_SECONDS = 60.0


async def check(loaded: Loaded) -> str:
    """Whether there is a newer version, as a sentence. Raises UpdateCheckError."""
    known, release = await _newest(loaded)
    if release is None:
        return f"qbitrr {__version__} is the latest version"
    return "\n".join(filter(None, (f"qbitrr {release.version} is available; {__version__} runs", known.changelog)))


async def _newest(loaded: Loaded) -> tuple[Known, Release | None]:
    redact = partial(redact_text, secrets=secrets_of(loaded.config))
    logs.configure("WARNING", None, logs.MAIN_FILE, redact)  # what the user has to know is printed
    checker = Checker(lambda: loaded.config.settings, __version__, Clock(), lambda _: None)
    known = await checker.newest(within_seconds=_CHECK_SECONDS)
    await checker.close()
    if known.error is not None:
        raise UpdateCheckError(f"the newest version is not known: {known.error}")
    return known, checker.available


def update(data_dir: DataDir, environ: Mapping[str, str], loaded: Loaded, on_line: Callable[[str], None]) -> str:
    """Update to the newest version while no daemon runs; the new one is on probation at its next start.

    Returns the outcome as a sentence. Raises a QbitrrError.
    """
    with data_dir.locked():
        prepare_state(data_dir.state_file)
        _, release = asyncio.run(_newest(loaded))
        if release is None:
            return f"qbitrr {__version__} is the latest version"
        installation = recognise(environ)
        check_updatable(installation)
        upgrade = Upgrade(data_dir, environ, loaded.config.settings, installation, release, workers={})
        upgrade.open(Clock().wall())
        try:
            asyncio.run(upgrade.prepare(on_line))
        except QbitrrError as error:
            upgrade.abandon(str(error), Clock().wall())
            raise
        upgrade.switch(Clock().wall())
        outcome = record.outcome(upgrade.record)
        if outcome.last_error is not None:
            raise UpdateFailedError(outcome.last_error)
        return f"qbitrr is {release.version} now; it has to get ready when it is started the next time"
