"""`audit`: the changes that were asked for, and by whom."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.web.answers import moment


class AuditRequest(Struct, frozen=True):
    """Which entries are meant."""

    limit: Annotated[int, Meta(description="Entries at most, 1 to 500.", extra={"lowest": 1, "highest": 500})] = 50
    before: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Only entries with a smaller id: the next page.")
    ] = None


class AuditView(Struct, frozen=True):
    """One change.

    `caller` is what was proven of its author, `proof` by what: "token", "session" and its id, or "uid" and a number.
    `subject` are names, never values. `outcome` is "done", the code of the error, or null when the end is not known.
    """

    id: int
    at: datetime
    caller: str
    address: str
    proof: str
    action: str
    subject: str
    outcome: str | None


class AuditTrailView(Struct, frozen=True):
    """The changes, newest first."""

    entries: list[AuditView]


async def read(context: HandlerContext, request: AuditRequest) -> AuditTrailView:
    """List the changes that were asked for, newest first: who, from where, by which credential, and what."""
    entries = await context.audit.newest(request.limit, request.before)
    return AuditTrailView([AuditView(**{**entry._asdict(), "at": moment(entry.at)}) for entry in entries])
