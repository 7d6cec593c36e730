"""`notifications/test`: a message to the addresses of the configuration."""

import asyncio
from collections.abc import Sequence

from control.apprise_process import Sent
from control.apprise_sender import deliver
from control.context import HandlerContext
from control.handlers.shared import Message, Nothing
from control.message_text import Strong, body_of
from qbitrr.config.address import kind_of
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
            sent = await deliver(urls, "qbitrr", body_of([_TEXT]))
    except TimeoutError:
        raise UnreachableError("Apprise", f"no answer within {_SECONDS:.0f} seconds") from None
    except OSError as error:
        raise UnreachableError("Apprise", f"its process cannot be started: {error.strerror or error}") from None
    if not sent.reached:
        raise UnreachableError("Apprise", _because(sent, urls))
    return Message("1 address was reached" if len(urls) == 1 else f"{len(urls)} addresses were reached")


def _because(sent: Sent, urls: Sequence[str]) -> str:
    """Why a message did not arrive everywhere: addresses are secrets, and are named by kind and place."""
    if sent.is_missing:
        return "it is missing: install qbitrrd[notify]"
    found = [f"Notifications.Urls[{one}] ({kind_of(urls[one])}) was not reached" for one in sent.missed]
    found += [f"Notifications.Urls[{one}] was rejected: it is no address of Apprise" for one in sent.rejected]
    return "; ".join(found) or "nothing was sent; the log says more"
