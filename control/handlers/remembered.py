"""`answers`: what the user answered for good about rules and trackers, and how to be asked again."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category, Message, Nothing
from control.web.answers import moment
from control.worker_lookup import category_of, send
from qbitrr import ipc
from qbitrr.errors import NotFoundError
from qbitrr.state import answers


class AnswerView(Struct, frozen=True, rename="camel"):
    """One answer: `do` or `leave` what a rule asks about torrents of a tracker, by its host."""

    category: str
    rule: str
    tracker: str
    answer: Literal["do", "leave"]
    answered_at: datetime


class Answers(Struct, frozen=True):
    """The answers that are remembered, the newest first."""

    answers: list[AnswerView]


class ForgetRequest(Struct, frozen=True):
    """The answer that is meant."""

    section: Category
    rule: Annotated[str, Meta(description="Name of the rule.", max_length=100)]
    tracker: Annotated[str, Meta(description="Host of the tracker.", max_length=300)]


async def read(context: HandlerContext, _request: Nothing) -> Answers:
    """List what was answered for good."""
    found = await answers.read(context.database)
    return Answers(
        [
            AnswerView(one.category, one.rule, one.tracker, "do" if one.act else "leave", moment(one.answered_at))
            for one in found
        ]
    )


async def forget(context: HandlerContext, request: ForgetRequest) -> Message:
    """Forget an answer: the rule asks again."""
    category = category_of(context, request.section)
    known = await answers.read(context.database, category)
    if (request.rule, request.tracker) not in {(one.rule, one.tracker) for one in known}:
        raise NotFoundError(f"Nothing was answered for good about {request.rule} and {request.tracker}")
    send(context, category, ipc.ForgetAnswer(request.rule, request.tracker))
    return Message(f"{request.rule} asks again about what has the tracker {request.tracker}")
