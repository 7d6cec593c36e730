"""`sessions`: the logins that are valid, and their end."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.auth.sessions import Method
from control.context import HandlerContext
from control.handlers.shared import Message, Nothing
from control.web.answers import moment
from qbitrr.errors import NotFoundError


class SessionView(Struct, frozen=True, rename="camel"):
    """One login. `user` is the user name, or the id of the user at the provider; `current` is that of this request.

    `lastUsedAt` is null when it was not used since the start of the daemon.
    """

    id: str
    method: Method
    user: str
    address: str
    started_at: datetime
    last_used_at: datetime | None
    ends_at: datetime
    current: bool


class SessionList(Struct, frozen=True):
    """The logins that are valid, newest first."""

    sessions: list[SessionView]


class RevokeRequest(Struct, frozen=True):
    """The login that ends."""

    id: Annotated[str, Meta(description="Its id in the list.")]


async def read(context: HandlerContext, _request: Nothing, http: web.Request) -> SessionList:
    """List the logins that are valid: how, as whom and from where."""
    access = context.access
    current = access.session_of(http)
    return SessionList(
        [
            SessionView(
                id=session.id,
                method=session.method,
                user=session.user,
                address=session.address,
                started_at=moment(session.started_at),
                last_used_at=moment(access.sessions.last_used_at(session)),
                ends_at=moment(session.ends_at),
                current=session == current,
            )
            for session in access.valid_sessions()
        ]
    )


async def revoke(context: HandlerContext, request: RevokeRequest) -> Message:
    """End one login, wherever it is used."""
    if not await context.access.sessions.end(lambda session: session.id == request.id):
        raise NotFoundError(f"There is no login {request.id}")
    return Message(f"Login {request.id} has ended")


async def revoke_all(context: HandlerContext, _request: Nothing) -> Message:
    """End all logins, this one included. The token stays valid."""
    count = await context.access.sessions.end(lambda _: True)
    return Message("1 login has ended" if count == 1 else f"{count} logins have ended")
