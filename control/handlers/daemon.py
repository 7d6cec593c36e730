"""The daemon as a whole: taking the configuration anew, fresh processes, beginning anew, telling its state."""

from aiohttp import web
from msgspec import Struct

from control.auth.access import require_trusted
from control.context import Context
from control.handlers.shared import Nothing
from supervisor.changes import Reloaded


class Begun(Struct, frozen=True):
    """What was begun, as a sentence."""

    message: str


async def reload(context: Context, _request: Nothing) -> Reloaded:
    """Take the configuration file anew; answered when all workers that it concerns are ready.

    Whatever is wrong with it, the configuration from before holds.
    """
    return await context.reloader.reload()


async def renew(context: Context, _request: Nothing) -> Begun:
    """Have fresh processes for all workers, one after the other."""
    context.intents.renew()
    return Begun("Rolling restart initiated")


async def restart(context: Context, _request: Nothing, http: web.Request) -> Begun:
    """Have the daemon begin anew in place. Requests that come meanwhile wait, none is refused.

    From outside of this machine it needs the token.
    """
    require_trusted(http, context, "The daemon")
    context.intents.restart()
    return Begun("Restart initiated")


async def dump(context: Context, _request: Nothing) -> Begun:
    """Write the state of every process to the log."""
    context.intents.dump()
    return Begun("The state of every process is in the log")
