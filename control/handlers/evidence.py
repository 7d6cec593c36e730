"""`processes/<category>/evidence`: the abnormal ends of a worker."""

import asyncio
from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category
from control.worker_lookup import category_of
from supervisor import evidence
from supervisor.evidence import Ending


class EvidenceRequest(Struct, frozen=True):
    """The worker, and how many of its ends."""

    category: Category
    limit: Annotated[
        int, Meta(ge=1, description="Bundles at most, the newest first, up to 20.", extra={"highest": evidence.KEPT})
    ] = evidence.KEPT


class Bundles(Struct, frozen=True):
    """The latest abnormal ends, the newest first."""

    evidence: list[Ending]


async def read(context: HandlerContext, request: EvidenceRequest) -> Bundles:
    """Read each abnormal end of a worker: its cause, what it was doing, its stacks and its last log lines."""
    category = category_of(context, request.category)
    folder = context.config_reload.data_dir.evidence_folder
    return Bundles(await asyncio.to_thread(evidence.read, folder, category, request.limit))
