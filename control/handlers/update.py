"""`meta` and `update`: the present and the newest version, and updating to it."""

from datetime import datetime
from importlib import metadata
from typing import Annotated, Literal

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Nothing
from control.web.answers import moment
from qbitrr import __version__
from qbitrr.errors import NotUpdatableError
from qbitrr.update.check import WAIT_SECONDS
from qbitrr.update.releases import DISTRIBUTION, with_v


class MetaRequest(Struct, frozen=True):
    """Whether to check for a newer version now, and whether to wait for a check."""

    force: Annotated[
        bool, Meta(description="Ask the package index now, unless that was done within the last minute.")
    ] = False
    at_once: Annotated[
        bool, Meta(description="Answer what is known, while a check that is due goes on in the background.")
    ] = False


class UpdateState(Struct, frozen=True):
    """The result of the last update."""

    in_progress: bool
    last_result: Literal["success", "failed"] | None
    last_error: str | None
    completed_at: datetime | None


class About(Struct, frozen=True, omit_defaults=True):
    """Versions begin with a v and can be compared by equality. `error` is why the last check failed."""

    current_version: str
    latest_version: str
    update_available: bool
    changelog: str
    changelog_url: str
    repository_url: str
    last_checked: datetime | None
    update_state: UpdateState
    installation: str
    error: str | None = None


class Started(Struct, frozen=True, omit_defaults=True):
    """What was started; without a target there is no newer version."""

    message: str
    current_version: str
    target_version: str | None = None


async def read(context: HandlerContext, request: MetaRequest) -> About:
    """Read the present version and the newest one.

    Never an error: when the check fails, what was known before and why it failed. Answers within two seconds.
    """
    within_seconds = 0.0 if request.at_once else WAIT_SECONDS
    known = await context.checker.newest(force=request.force, within_seconds=within_seconds)
    newer = context.checker.available
    outcome = context.self_update.outcome
    latest = newer.version if newer else __version__
    return About(
        current_version=with_v(__version__),
        latest_version=with_v(latest),
        update_available=newer is not None,
        changelog=known.changelog,
        changelog_url=known.changelog_url,
        repository_url=_repository(),
        last_checked=moment(known.checked_at),
        update_state=UpdateState(
            outcome.in_progress, outcome.last_result, outcome.last_error, moment(outcome.completed_at)
        ),
        installation=context.self_update.installation.kind,
        error=known.error,
    )


async def start(context: HandlerContext, _request: Nothing) -> Started:
    """Update to the newest version: installed beside this one and tried; only then the daemon restarts as it."""
    known = await context.checker.newest()
    release = context.checker.available
    if release is None and not context.self_update.busy:
        if known.error is not None:
            raise NotUpdatableError(f"There is no update that could be made: {known.error}")
        return Started("Already on latest version", with_v(__version__))
    context.self_update.start(release)
    return Started("Update initiated", with_v(__version__), with_v(release.version) if release else None)


def _repository() -> str:
    """Return the address in the package metadata, empty when there is none."""
    try:
        entries = metadata.metadata(DISTRIBUTION).get_all("Project-URL", [])
    except metadata.PackageNotFoundError:  # it runs from a folder, without an installation
        return ""
    urls = dict(entry.split(", ", 1) for entry in entries)
    return str(urls.get("Repository", ""))
