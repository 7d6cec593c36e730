"""The daemon as a whole: reload, restart in place, restart of all workers, state dump."""

from control.context import HandlerContext
from control.handlers.shared import Message, Nothing
from supervisor.config_reload import ReloadResult


async def reload(context: HandlerContext, _request: Nothing) -> ReloadResult:
    """Apply the configuration file as it is now; answers when all workers that it concerns are ready.

    When anything is wrong with it, the configuration from before stays in force.
    """
    return await context.config_reload.reload()


async def restart_workers(context: HandlerContext, _request: Nothing) -> Message:
    """Replace the processes of all workers, one after the other."""
    context.commands.restart_workers()
    return Message("Rolling restart initiated")


async def restart(context: HandlerContext, _request: Nothing) -> Message:
    """Restart the daemon in place. Requests that arrive meanwhile wait, none is refused."""
    context.commands.restart()
    return Message("Restart initiated")


async def dump(context: HandlerContext, _request: Nothing) -> Message:
    """Write the state of every process to the log."""
    context.commands.dump()
    return Message("The state of every process is in the log")
