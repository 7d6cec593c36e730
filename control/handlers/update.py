"""`update`: taking the newest version."""

from datetime import datetime
from importlib import metadata
from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from control.auth.access import require_trusted
from control.context import HandlerContext
from control.handlers.shared import Nothing
from control.web.answers import moment
from qbitrr import __version__
from qbitrr.update.model import with_v


class Started(Struct, frozen=True, omit_defaults=True):
    """What was begun; without a target there is nothing newer."""

    message: str
    current_version: str
    target_version: str | None = None


async def start(context: HandlerContext, _request: Nothing, http: web.Request) -> Started:
    """Take the newest version: it is installed beside this one and tried, and only then the daemon begins anew as it.

    From outside of this machine it needs the token.
    """
    require_trusted(http, context, "The daemon")
    await context.checker.newest()
    release = context.checker.available
    if release is None and not context.self_update.busy:
        return Started("Already on latest version", with_v(__version__))
    context.self_update.start(release)
    return Started("Update initiated", with_v(__version__), with_v(release.version) if release else None)


PACKAGE = "qbitrr"


class MetaRequest(Struct, frozen=True):
    """Whether to ask anew."""

    force: Annotated[
        bool, Meta(description="Ask the package index now, unless that was done within the last minute.")
    ] = False


class UpdateState(Struct, frozen=True):
    """How the last update went."""

    in_progress: bool
    last_result: Literal["success", "failed"] | None
    last_error: str | None
    completed_at: datetime | None


class About(Struct, frozen=True, omit_defaults=True):
    """Versions begin with a v and can be compared by equality. `error`: why the last check failed."""

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


async def read(context: HandlerContext, request: MetaRequest) -> About:
    """The present version and the newest one.

    Never an error: when the check fails, what was known before and why it failed. Answered within two seconds.
    """
    known = await context.checker.newest(force=request.force)
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


def _repository() -> str:
    """As the package says; empty when it does not."""
    try:
        entries = metadata.metadata(PACKAGE).get_all("Project-URL", [])
    except metadata.PackageNotFoundError:  # it runs from a folder
        return ""
    urls = dict(entry.split(", ", 1) for entry in entries)
    return str(urls.get("Repository", ""))
