"""`peers`: other daemons, for one page that shows them all."""

from msgspec import Struct

from control.context import HandlerContext
from control.handlers.shared import Nothing
from control.peers import PeerView
from qbitrr.config import address


class PeerList(Struct, frozen=True):
    """Every daemon in `WebUI.Peers`, in their order there."""

    peers: list[PeerView]


async def read(context: HandlerContext, _request: Nothing) -> PeerList:
    """Read the numbers of the other daemons that are configured, at most a quarter of a minute old.

    One that does not answer within seconds, or refuses the token, is listed with the reason.
    """
    return PeerList(await context.peers.views([address.peer(text) for text in context.loaded.config.webui.peers]))
