"""`restart`: the daemon as a whole."""

import asyncio

from aiohttp import web

from control.auth import require_trusted
from control.context import Context
from control.handlers.arr import Message
from control.parameters import Nothing

_ANSWER_SECONDS = 0.2  # the answer is on its way before the listener closes


async def restart(context: Context, _request: Nothing, http: web.Request) -> Message:
    """Have the daemon begin anew in place, workers included.

    Answers first. From outside of this machine it needs the token.
    """
    require_trusted(http, context, "The daemon")
    asyncio.get_running_loop().call_later(_ANSWER_SECONDS, context.intents.restart)
    return Message("Restart initiated")
