"""`answer` and `answer/read`: what a link in a message is for, and giving its answer.

A link that is opened only shows what it is for; the answer is given by a click on that page. It goes through the same
handlers as one from the page, with all their guards.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.auth.answer_links import LONGEST, Claim, Purpose
from control.auth.roles import Author, Caller
from control.context import HandlerContext
from control.handlers import actions
from control.handlers.shared import Message
from control.web.answers import moment
from qbitrr.errors import NotFoundError, UnauthorizedError
from qbitrr.state import ledger


class LinkRequest(Struct, frozen=True):
    """A link as it came in a message."""

    link: Annotated[str, Meta(description="What the address in the message has after its #.", max_length=LONGEST)]


class LinkView(Struct, frozen=True, rename="camel"):
    """What a link is for: an answer to an action on a torrent, until a time."""

    purpose: Purpose
    action: str
    name: str
    category: str
    because: str
    ends_at: datetime


async def read(context: HandlerContext, request: LinkRequest, http: web.Request) -> LinkView:
    """Read what a link in a message is for. Nothing is done."""
    claim = _verified(context, request, context.access.client_address(http))
    context.answer_links.check_usable(claim)
    entry = await ledger.get(context.database, int(claim.subject))
    if entry is None:
        raise NotFoundError("What the link is about is known no more")
    return LinkView(claim.purpose, entry.action, entry.name, entry.category, entry.because, moment(claim.ends_at))


async def use(context: HandlerContext, request: LinkRequest, http: web.Request) -> Message:
    """Give the answer that a link in a message is for, once. All guards count as for an answer on the page."""
    address = context.access.client_address(http)
    claim = _verified(context, request, address)
    context.answer_links.limit.count(address)
    author = Author(address, Caller.CREDENTIAL, "link in a message")
    async with (
        context.audit.entry(author, f"POST {http.path}", f"{claim.purpose}, {claim.subject}"),
        context.answer_links.used_up(claim),
    ):
        return await _ANSWERS[claim.purpose](context, claim.subject)


def _verified(context: HandlerContext, request: LinkRequest, address: str) -> Claim:
    """Raise UnauthorizedError for a link that was not made here, TooManyAttemptsError after many of them."""
    context.access.throttle.check(address)
    try:
        return context.answer_links.verify(request.link)
    except UnauthorizedError:
        context.access.throttle.failed(address)
        raise


async def _undo(context: HandlerContext, subject: str) -> Message:
    return await actions.undo(context, actions.UndoRequest(subject))


async def _do(context: HandlerContext, subject: str) -> Message:
    return await actions.answer(context, actions.AnswerRequest(subject, "do"))


async def _leave(context: HandlerContext, subject: str) -> Message:
    return await actions.answer(context, actions.AnswerRequest(subject, "leave"))


_ANSWERS: Mapping[Purpose, Callable[[HandlerContext, str], Awaitable[Message]]] = {
    "undo": _undo,
    "do": _do,
    "leave": _leave,
}
