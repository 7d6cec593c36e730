"""`update`: taking the newest version."""

from aiohttp import web
from msgspec import Struct

from control.auth import require_trusted
from control.context import Context
from control.parameters import Nothing
from qbitrr import __version__
from qbitrr.update.model import with_v


class Started(Struct, frozen=True, omit_defaults=True):
    """What was begun; without a target there is nothing newer."""

    message: str
    current_version: str
    target_version: str | None = None


async def start(context: Context, _request: Nothing, http: web.Request) -> Started:
    """Take the newest version: it is installed beside this one and tried, and only then the daemon begins anew as it.

    From outside of this machine it needs the token.
    """
    require_trusted(http, context, "The daemon")
    await context.checker.newest()
    release = context.checker.available
    if release is None and not context.updater.busy:
        return Started("Already on latest version", with_v(__version__))
    context.updater.start(release)
    return Started("Update initiated", with_v(__version__), with_v(release.version) if release else None)
