"""Writers: the only way in which a worker changes torrents, or what the Arr knows of a download.

A writer is made right before it is used, by one of the functions below. Each of them reads the torrent again, and
raises ActionCancelledError when one of its guards forbids the change:

    admit          every change of one torrent: approved, by a rule whose mode allows it, still the same torrent, in a
                   category of the worker, no protect tag
    admit_removal  what ends in a deletion: also not completed meanwhile, and hit-and-run minimums met
    admit_return   what returns a torrent: still the same one. Nothing else counts, as what was started must end
    admit_queue    stops, starts and moves of many: those of them that are the same, configured and not protected
    admit_resume   starts of many: also what the free space guard paused in a category that is no longer configured

Under Shadow, and while a new version is on probation, none is made (ReadOnlyError, so that what was planned waits),
and the clients send nothing either (`qbitrr.worker.services`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import ReadOnlyError
from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.tags import TAG_QUARANTINE
from qbitrr.rules.trackers import host_of
from qbitrr.rules.verdict import Action
from qbitrr.state import free_space
from qbitrr.worker.disk import delete_below, on_disk
from qbitrr.worker.torrents.actions.context import ActionCancelledError, RetryLaterError
from qbitrr.worker.torrents.actions.safety_checks import read_deletable
from qbitrr.worker.torrents.ownership import may_be_moved, may_be_released

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.arr.models import Command
    from qbitrr.qbittorrent.restore import KeptTorrent
    from qbitrr.rules.adjustment import Adjustment
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

_APPROVAL_SECONDS = 60.0


class _Writer:
    """What every writer has: the torrent as it was when the guards were passed, None when it is gone."""

    def __init__(self, context: ActionContext, entry: Entry, torrent: TorrentFacts | None) -> None:
        self.torrent = torrent
        self._context = context
        self._client = context.services.qbittorrents[entry.instance]
        self._infohash = entry.infohash


class TorrentWriter(_Writer):
    """Changes one torrent without deleting it."""

    async def stop(self) -> bool:
        """Stop it, unless `AutoPauseResume` is off; returns whether that was done."""
        if not self._context.config.settings.auto_pause_resume:
            return False
        await self._client.stop([self._infohash])
        return True

    async def add_tags(self, *tags: str) -> None:
        """Add tags."""
        await self._client.add_tags([self._infohash], *tags)

    async def remove_tags(self, *tags: str) -> None:
        """Remove tags."""
        await self._client.remove_tags([self._infohash], *tags)

    async def set_category(self, category: str) -> None:
        """Put it into a category that exists; RefusedError when it does not."""
        await self._client.set_category([self._infohash], category)

    async def recheck(self) -> None:
        """Have all of its data checked again."""
        await self._client.recheck(self._infohash)

    async def skip_files(self, indices: Sequence[int]) -> None:
        """Deselect files."""
        await self._client.skip_files(self._infohash, indices)

    async def adjust(self, change: Adjustment) -> None:
        """Write limits, tags and trackers. Every part can be repeated."""
        client, infohash, settings = self._client, self._infohash, change.settings
        if change.remove_trackers:
            await client.remove_trackers(infohash, change.remove_trackers)
        if change.add_trackers:
            await client.add_trackers(infohash, change.add_trackers)
        if change.tags.add:
            await client.add_tags([infohash], *change.tags.add)
        if change.tags.remove:
            await client.remove_tags([infohash], *change.tags.remove)
        if settings.download_limit is not None:
            await client.set_download_limit([infohash], settings.download_limit)
        if settings.upload_limit is not None:
            await client.set_upload_limit([infohash], settings.upload_limit)
        if settings.super_seed:
            await client.super_seed([infohash])

    async def delete_files(self, folder: str, paths: list[str]) -> int | None:
        """Delete files below a folder of this machine; returns how many, None when the disk refused or hangs."""
        number: int | None = await on_disk(None, delete_below, folder, paths)
        return number

    async def scan(self, path: str, import_mode: str) -> Command:
        """Have the Arr import it from a path."""
        return await self._context.services.arr.scan(path, self._infohash.upper(), import_mode)

    async def manual_import(self, files: list[dict[str, object]], import_mode: str) -> Command:
        """Have the Arr import files of it without any check."""
        return await self._context.services.arr.manual_import(files, import_mode)

    async def blocklist(self, record_id: int) -> bool:
        """Remove a record from the Arr's queue and blocklist its release; False when it was gone already."""
        return await self._context.services.arr.blocklist(record_id)

    async def mark_failed(self, history_id: int) -> None:
        """Fail the download by its `grabbed` event."""
        await self._context.services.arr.mark_failed(history_id)


class RemovalWriter(TorrentWriter):
    """Also deletes the torrent."""

    async def delete(self, *, with_files: bool) -> None:
        """Ask qBittorrent for the deletion, which is carried out later."""
        await self._client.delete([self._infohash], with_files=with_files)


class ReturnWriter(_Writer):
    """Returns a torrent that was stopped and tagged for its quarantine, or adds one again that was removed."""

    async def untag(self) -> None:
        """Remove the tag of the quarantine."""
        await self._client.remove_tags([self._infohash], TAG_QUARANTINE)

    async def start(self, *, force: bool) -> None:
        """Start it again, past the queue if it ran so before."""
        if force:
            await self._client.force_start(self._infohash)
        else:
            await self._client.start([self._infohash])

    async def set_category(self, category: str) -> None:
        """Put it into a category that exists; RefusedError when it does not."""
        await self._client.set_category([self._infohash], category)

    async def add(self, torrent_file: bytes, fields: Mapping[str, str]) -> None:
        """Add it again by its file."""
        await self._client.add(torrent_file, fields)

    async def restore(self, kept: KeptTorrent) -> None:
        """Set what adding it did not: names and priorities of files, trackers, super seeding. Can be repeated."""
        client, infohash = self._client, self._infohash
        files = await client.files(infohash)
        for now, before in kept.renamed({file.index: file.name for file in files}):
            await client.rename_file(infohash, now, before)
        for priority, indices in kept.priorities({file.index: file.priority for file in files}).items():
            await client.set_file_priority(infohash, indices, priority)
        if kept.trackers:
            present = [row.url for row in await client.trackers(infohash) if host_of(row.url)]
            if missing := [url for url in kept.trackers if url not in present]:
                await client.add_trackers(infohash, missing)
            if surplus := [url for url in present if url not in kept.trackers]:
                await client.remove_trackers(infohash, surplus)
        if kept.settings.super_seeding:
            await client.super_seed([infohash])

    async def resume(self, kept: KeptTorrent) -> None:
        """Start it if it ran before; its data is checked in both cases."""
        if kept.running:
            await self.start(force=kept.settings.force_start)
        else:
            await self._client.recheck(self._infohash)

    async def lift_blocklist(self, record_id: int) -> None:
        """Take its release off the Arr's blocklist."""
        await self._context.services.arr.lift_blocklist(record_id)


class QueueWriter:
    """Stops, starts, tags and moves torrents of one qBittorrent; `torrents` are those that may be changed."""

    def __init__(self, context: ActionContext, instance: str, torrents: dict[str, TorrentFacts]) -> None:
        self.torrents = torrents
        self._client = context.services.qbittorrents[instance]

    async def stop(self, infohashes: Iterable[str]) -> None:
        """Stop torrents."""
        if admitted := self._admitted(infohashes):
            await self._client.stop(admitted)

    async def start(self, infohashes: Iterable[str]) -> None:
        """Start torrents."""
        if admitted := self._admitted(infohashes):
            await self._client.start(admitted)

    async def add_tags(self, infohashes: Iterable[str], *tags: str) -> None:
        """Add tags to torrents."""
        if admitted := self._admitted(infohashes):
            await self._client.add_tags(admitted, *tags)

    async def remove_tags(self, infohashes: Iterable[str], *tags: str) -> None:
        """Remove tags from torrents."""
        if admitted := self._admitted(infohashes):
            await self._client.remove_tags(admitted, *tags)

    async def to_the_top(self, infohashes: Iterable[str]) -> None:
        """Move torrents to the top of the queue, in the order that they have."""
        if admitted := self._admitted(infohashes):
            await self._client.to_the_top(admitted)

    def _admitted(self, infohashes: Iterable[str]) -> list[str]:
        """Leave out what may not be changed; none of them is no request, which some versions take for all."""
        return [infohash for infohash in infohashes if infohash in self.torrents]


async def admit(context: ActionContext, entry: Entry) -> TorrentWriter:
    """Admit a change of a torrent. Raises ActionCancelledError, RetryLaterError, or a ServiceError."""
    _check_read_only(context, entry.instance)
    _check_approval(entry)
    torrent = await context.read_for(entry)
    _check_mode(context, entry, torrent)
    return TorrentWriter(context, entry, torrent)


async def admit_removal(context: ActionContext, entry: Entry) -> RemovalWriter:
    """Admit the blocklisting or the deletion of a torrent. Raises as `admit` does."""
    _check_read_only(context, entry.instance)
    _check_approval(entry)
    torrent = await read_deletable(context, entry)
    _check_mode(context, entry, torrent)
    return RemovalWriter(context, entry, torrent)


async def admit_return(context: ActionContext, entry: Entry) -> ReturnWriter:
    """Admit the return of a torrent; the writer has no torrent when it is gone, or another one by now."""
    _check_read_only(context, entry.instance)
    torrent = await context.read(entry.instance, entry.infohash)
    if torrent is not None and torrent.added_at != entry.added_at:
        torrent = None
    return ReturnWriter(context, entry, torrent)


async def admit_queue(context: ActionContext, instance: str, added_at: Mapping[str, float]) -> QueueWriter:
    """Admit moves of torrents, given when each was added. Raises a ServiceError."""
    _check_read_only(context, instance)
    found = await _the_same(context, instance, added_at)
    admitted = [one for one in found if may_be_moved(context.config, one.category, one.tags)]
    return QueueWriter(context, instance, {one.infohash: one for one in admitted})


async def admit_resume(context: ActionContext, instance: str, added_at: Mapping[str, float]) -> QueueWriter:
    """Admit starts as `admit_queue` does, and of what the free space guard paused before its category was removed."""
    _check_read_only(context, instance)
    paused = await free_space.paused(context.database, instance)
    found = await _the_same(context, instance, added_at)
    admitted = [
        one
        for one in found
        if may_be_moved(context.config, one.category, one.tags)
        or (paused.get(one.infohash) == one.added_at and may_be_released(context.config, one.category, one.tags))
    ]
    return QueueWriter(context, instance, {one.infohash: one for one in admitted})


async def _the_same(context: ActionContext, instance: str, added_at: Mapping[str, float]) -> list[TorrentFacts]:
    """Read torrents as they are now, without those that were removed and added again meanwhile."""
    rows = await context.client(instance).torrents(list(added_at))
    found = (torrent_facts(TorrentKey(instance, infohash), row, context.clock.wall()) for infohash, row in rows.items())
    return [one for one in found if one.added_at == added_at.get(one.infohash)]


def _check_read_only(context: ActionContext, instance: str) -> None:
    if context.config.read_only:
        raise ReadOnlyError(instance, "a change of a torrent")


def _check_approval(entry: Entry) -> None:
    if entry.state == "awaiting_approval":
        raise RetryLaterError(_APPROVAL_SECONDS)
    if entry.state != "planned":
        raise ActionCancelledError(f"it has ended as {entry.state}")


def _check_mode(context: ActionContext, entry: Entry, torrent: TorrentFacts | None) -> None:
    """The mode of its rule may be another one than when it was planned. Privacy never changes for an infohash."""
    private = entry.notes.get("private", torrent.private if torrent is not None else None)
    mode = context.policies.of(context.ownership.category_of(entry.key)).mode(entry.rule, private=private)
    if "asked" in entry.notes or mode == "ask":
        allowed = mode in ("ask", "act") and _is_answered(context, entry)
    else:
        allowed = mode == "act"
    if entry.action == Action.TAG_USELESS:
        allowed = mode in ("tag", "ask", "act")
    if not allowed:
        raise ActionCancelledError(f"the mode of its rule is {mode}")


def _is_answered(context: ActionContext, entry: Entry) -> bool:
    """Whether the user answered to do it: about this torrent, or for good about its tracker and not yet forgotten."""
    if "always" in entry.notes:
        return context.answers.about(entry.notes["tracker"]).get(entry.rule, False)
    return "answered_at" in entry.notes
