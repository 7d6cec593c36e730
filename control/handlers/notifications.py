"""`notifications/test`: a message to the addresses of the configuration."""

import asyncio

from control.apprise_sender import send_by_apprise
from control.context import HandlerContext
from control.handlers.shared import Message, Nothing
from control.message_text import Strong, body_of
from qbitrr.errors import ConflictError, UnreachableError

_SECONDS = 30.0
_TEXT = ("This is a test. Messages of ", Strong("qbitrr"), " arrive here.")


async def test(context: HandlerContext, _request: Nothing) -> Message:
    """Send a test message to all addresses of `Notifications.Urls`, and wait until it has arrived."""
    urls = context.loaded.config.notifications.urls
    if not urls:
        raise ConflictError("No address is configured: Notifications.Urls")
    try:
        async with asyncio.timeout(_SECONDS):
            sent = await send_by_apprise(urls, "qbitrr", body_of([_TEXT]))
    except TimeoutError:
        raise UnreachableError("Apprise", f"no answer within {_SECONDS:.0f} seconds") from None
    if not sent:
        raise UnreachableError("Apprise", "not every address was reached; the log says more")
    return Message("1 address was reached" if len(urls) == 1 else f"{len(urls)} addresses were reached")
