"""The daemon as a whole: taking the configuration anew, fresh processes, beginning anew, telling its state."""

from aiohttp import web
from msgspec import Struct

from control.auth.access import require_trusted
from control.context import HandlerContext
from control.handlers.shared import Nothing
from supervisor.changes import ReloadResult


class Message(Struct, frozen=True):
    """What was begun, as a sentence."""

    message: str


async def reload(context: HandlerContext, _request: Nothing) -> ReloadResult:
    """Take the configuration file anew; answered when all workers that it concerns are ready.

    Whatever is wrong with it, the configuration from before holds.
    """
    return await context.config_reload.reload()


async def renew(context: HandlerContext, _request: Nothing) -> Message:
    """Have fresh processes for all workers, one after the other."""
    context.commands.renew()
    return Message("Rolling restart initiated")


async def restart(context: HandlerContext, _request: Nothing, http: web.Request) -> Message:
    """Have the daemon begin anew in place. Requests that come meanwhile wait, none is refused.

    From outside of this machine it needs the token.
    """
    require_trusted(http, context, "The daemon")
    context.commands.restart()
    return Message("Restart initiated")


async def dump(context: HandlerContext, _request: Nothing) -> Message:
    """Write the state of every process to the log."""
    context.commands.dump()
    return Message("The state of every process is in the log")
