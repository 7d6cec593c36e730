"""`processes/<category>/evidence`: what is known of the abnormal ends of a worker."""

import asyncio
from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.worker_lookup import category_of
from supervisor import evidence
from supervisor.evidence import Ending


class EvidenceRequest(Struct, frozen=True):
    """Whose, and how much."""

    category: Annotated[str, Meta(description="Category of the Arr, or the name of its section.")]
    limit: Annotated[
        int, Meta(ge=1, description="Bundles at most, the newest first, up to 20.", extra={"highest": evidence.KEPT})
    ] = evidence.KEPT


class Bundles(Struct, frozen=True):
    """The newest abnormal ends, newest first."""

    evidence: list[Ending]


async def read(context: HandlerContext, request: EvidenceRequest) -> Bundles:
    """How a worker ended, each time that was abnormal: why, doing what, where its threads were, its last log lines."""
    category = category_of(context, request.category)
    folder = context.config_reload.files.evidence
    return Bundles(await asyncio.to_thread(evidence.read, folder, category, request.limit))
