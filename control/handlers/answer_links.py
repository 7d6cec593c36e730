"""`answer` and `answer/read`: what a link in a message is for, and giving its answer.

A link that is opened only shows what it is for; the answer is given by a click on that page. It goes through the same
handlers as one from the page, with all their guards.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from control.auth.answer_links import LONGEST, Claim, Purpose, Subject, fingerprint
from control.auth.roles import Author, Caller
from control.context import HandlerContext
from control.handlers import actions, imports
from control.handlers.shared import Message
from control.web.answers import moment
from qbitrr.errors import ConflictError, NotFoundError, UnauthorizedError
from qbitrr.state import breakers, ledger, verdicts
from qbitrr.state.verdicts import StoredVerdict


class LinkRequest(Struct, frozen=True):
    """A link as it came in a message."""

    link: Annotated[str, Meta(description="What the address in the message has after its #.", max_length=LONGEST)]


class LinkView(Struct, frozen=True, rename="camel"):
    """What a link is for: an answer about a torrent, until a time. `action` is empty for one about an import.

    One about removals that await approval has no `name`, but their `number`.
    """

    purpose: Purpose
    action: str
    name: str
    category: str
    because: str
    ends_at: datetime
    number: int = 0


async def read(context: HandlerContext, request: LinkRequest, http: web.Request) -> LinkView:
    """Read what a link in a message is for. Nothing is done."""
    claim = _verified(context, request, context.access.client_address(http))
    context.answer_links.check_usable(claim)
    ends_at = moment(claim.ends_at)
    if claim.purpose in _IMPORT_ANSWERS:
        stuck = await _download(context, claim.subject)
        return LinkView(claim.purpose, "", stuck.name, stuck.category, stuck.because, ends_at)
    if claim.purpose == "discard":
        category, because = await _tripped(context, claim.subject)
        number = (await ledger.awaiting_approval(context.database)).get(category, 0)
        return LinkView(claim.purpose, "", "", category, because, ends_at, number)
    entry = await ledger.get(context.database, int(claim.subject[0]))
    if entry is None:
        raise NotFoundError("What the link is about is known no more")
    return LinkView(claim.purpose, entry.action, entry.name, entry.category, entry.because, ends_at)


async def use(context: HandlerContext, request: LinkRequest, http: web.Request) -> Message:
    """Give the answer that a link in a message is for, once. All guards count as for an answer on the page."""
    address = context.access.client_address(http)
    claim = _verified(context, request, address)
    context.answer_links.limit.count(address)
    author = Author(address, Caller.CREDENTIAL, "link in a message")
    async with (
        context.audit.entry(author, f"POST {http.path}", f"{claim.purpose}, {', '.join(claim.subject)}"),
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


async def _undo(context: HandlerContext, subject: Subject) -> Message:
    return await actions.undo(context, actions.UndoRequest(subject[0]))


async def _answer(answer: Literal["do", "leave"], context: HandlerContext, subject: Subject) -> Message:
    return await actions.answer(context, actions.AnswerRequest(subject[0], answer))


async def _discard(context: HandlerContext, subject: Subject) -> Message:
    category, _ = await _tripped(context, subject)
    return await actions.discard(context, actions.ApprovalRequest(category))


async def _tripped(context: HandlerContext, subject: Subject) -> tuple[str, str]:
    """The category whose breaker a link is about, and why it tripped. Raises ConflictError after a decision."""
    category, reason = subject
    because = (await breakers.read(context.database, category)).because
    if because is None or fingerprint(because) != reason:
        raise ConflictError(f"The removals of {category} that the link is about were decided already")
    return category, because


async def _answer_import(answer: imports.Choice, context: HandlerContext, subject: Subject) -> Message:
    stuck = await _download(context, subject)
    request = imports.ImportAnswerRequest(stuck.category, stuck.instance, stuck.infohash, answer, stuck.because)
    return await imports.answer(context, request)


async def _download(context: HandlerContext, subject: Subject) -> StoredVerdict:
    """The download that a link is about. Raises NotFoundError, ConflictError when it is judged otherwise by now."""
    category, instance, infohash, reason = subject
    for one in await verdicts.of_torrent(context.database, infohash):
        if (one.category, one.instance) == (category, instance):
            if fingerprint(one.because) != reason:
                raise ConflictError(f"{one.name} is judged otherwise by now: {one.because}")
            return one
    raise NotFoundError("What the link is about is known no more")


_IMPORT_ANSWERS: Mapping[Purpose, imports.Choice] = {
    "import": "import",
    "blocklist": "blocklist",
    "leave_import": "leave",
}
_ANSWERS: Mapping[Purpose, Callable[[HandlerContext, Subject], Awaitable[Message]]] = {
    "undo": _undo,
    "do": partial(_answer, "do"),
    "leave": partial(_answer, "leave"),
    "discard": _discard,
    **{purpose: partial(_answer_import, choice) for purpose, choice in _IMPORT_ANSWERS.items()},
}
