"""What the removal of a seed frees, asked for when seeds are chosen, and again right before the deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.qbittorrent.facts import torrent_files
from qbitrr.rules.quarantine import INSIDE
from qbitrr.rules.seed_value import NOTHING_FREED, is_too_little
from qbitrr.worker.disk import on_disk
from qbitrr.worker.file_systems import disks_of, freed_bytes
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError
from qbitrr.worker.torrents.actions.shared_content import is_shared, list_all

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.shared_content import Listing

FRESH_SECONDS = 60.0
"""A choice that is older is not known to hold."""
_LATER_SECONDS = 10.0


async def freed_by(context: ActionContext, torrent: TorrentFacts, listing: Listing) -> int:
    """Find how many bytes the removal of a torrent frees, by the links of its files where this machine sees them.

    Nothing when another torrent of a listing may have the same data. Raises a ServiceError.
    """
    freed = await _by_links(context, torrent)
    return 0 if freed <= 0 or await is_shared(context, torrent, listing) else freed


async def _by_links(context: ActionContext, torrent: TorrentFacts) -> int:
    """Find what is freed by the links of a torrent's files; nothing when only some of them are on this machine."""
    files = torrent_files(await context.client(torrent.instance).files(torrent.infohash))
    paths = [file.path for file in files if file.priority]
    freed: int | None = await on_disk(None, freed_bytes, torrent.save_path, paths)
    if freed is not None:
        return freed
    is_seen = bool(await on_disk({torrent.save_path: ""}, disks_of, [torrent.save_path, torrent.content_path]))
    return 0 if is_seen else torrent.size_bytes


async def confirm(context: ActionContext, entry: Entry, torrent: TorrentFacts) -> None:
    """Check right before a deletion that it is still this torrent whose space is needed, and that it would be freed.

    The latter not again and again in its quarantine. Raises ActionCancelledError, RetryLaterError while that is not
    known, or a ServiceError.
    """
    chosen = context.chosen_seed
    if chosen.choice_of(torrent) is None or chosen.chosen_at is None:
        raise ActionCancelledError("no download needs its space any more")
    if context.clock.monotonic() - chosen.chosen_at > FRESH_SECONDS:
        raise RetryLaterError(_LATER_SECONDS)
    if entry.step == INSIDE:
        return
    if is_too_little(await freed_by(context, torrent, await list_all(context)), torrent.size_bytes):
        raise ActionCancelledError(NOTHING_FREED)
