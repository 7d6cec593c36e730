"""Unwanted files and unwanted releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.rules import states
from qbitrr.rules.torrents.failure import fails
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import ItemScores, TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding


def excluded_files_are_left(torrent: TorrentFacts, context: RuleContext, policy: Policy, _now: float) -> Finding:
    """`Torrent.AutoDelete`: the excluded files of a complete torrent, and no others, are deleted from disk.

    One that shares a piece with a selected file stays: without it the torrent would be incomplete.
    """
    if not policy.auto_delete or not torrent.complete:
        return passes("AutoDelete is off, or it is not complete", AutoDelete=policy.auto_delete)
    selection = context.history.selection
    if selection is None or not selection.complete:
        return acts(Action.CHECK_FILES, "it is complete; excluded files of it may be left on disk")
    if not selection.left_on_disk:
        return passes("no excluded file of it is left on disk")
    return acts(Action.DELETE_FILES, "AutoDelete deletes what was excluded", files=list(selection.left_on_disk))


def files_not_checked(torrent: TorrentFacts, context: RuleContext, policy: Policy, _now: float) -> Finding:
    """The files of a torrent are checked once, as soon as they are known, if any rule excludes files.

    Whatever its age, and also when it is complete already.

    Governed by `Torrent.FolderExclusionRegex`, `Torrent.FileNameExclusionRegex`, `Torrent.FileExtensionAllowlist`.
    """
    if not policy.filters_files or not _is_judged_by_files(torrent, context):
        return passes("no files are excluded, or its files are not known", state=torrent.state)
    if context.history.selection is None:
        return acts(Action.CHECK_FILES, "its files have not been checked")
    return passes("its files have been checked")


def unwanted_files(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """`Torrent.FolderExclusionRegex`, `FileNameExclusionRegex`, `FileExtensionAllowlist`: such files are deselected.

    `Torrent.CaseSensitiveMatches` says whether upper and lower case matter. Nothing is excluded of a torrent in which
    nothing playable remained.
    """
    selection = context.history.selection
    if selection is None or torrent.state not in states.TRYING:
        return passes("its files are not known")
    if not selection.unwanted or not selection.playable:
        return passes("there is nothing to exclude", playable=selection.playable, foreign=selection.foreign)
    files = {file.path: file.because for file in selection.unwanted}
    return acts(Action.SKIP_FILES, "some of its files are unwanted", files=files, playable=selection.playable)


def nothing_playable(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """A torrent in which nothing is that its Arr could import has failed, unless it is to be unpacked first.

    Whatever its age: what is in it does not depend on time. A complete one is judged by `nothing_to_import`. Samples
    are videos that are called so, are not above 200 MB, and whose torrent is not called so; they count for nothing.
    Archives are to be unpacked, unless `Torrent.FailArchives` says that nothing here does that.

    What remains is decided by `Torrent.FolderExclusionRegex`, `Torrent.FileNameExclusionRegex` and
    `Torrent.FileExtensionAllowlist`. Files that the user deselected count as playable. A release of which only the
    patterns for names and folders leave nothing is shown to the user and stays: words in a title are no proof.
    """
    selection = context.history.selection
    if selection is None or torrent.complete or not _is_judged_by_files(torrent, context):
        return passes("its files are not known, or it is complete")
    facts: dict[str, Any] = {"playable": selection.playable, "foreign": selection.foreign}
    if selection.foreign:
        return passes("it is not judged by its playable files", **facts)
    if selection.playable:
        return passes("something playable remains", **facts)
    facts["files"] = {file.path: file.because for file in selection.unwanted}
    if selection.by_name:
        return stops("patterns for names exclude all that can be played in it, which is no reason to fail it", **facts)
    if context.standstill:
        return stops(f"nothing playable remains of it, but {context.standstill}", **facts)
    return fails("nothing playable remains of it", context, policy, now, **facts)


def _is_judged_by_files(torrent: TorrentFacts, context: RuleContext) -> bool:
    """Whether a torrent has its file list and is neither stopped nor queued nor being imported."""
    if torrent.complete:
        return context.queue is None or context.queue.tracked_state not in ("importing", "imported")
    return torrent.state in states.TRYING


def custom_format_unmet(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`EntrySearch.CustomFormatUnmetSearch`: a download that scores worse than the present file fails.

    With `EntrySearch.ForceMinimumCustomFormat` one below the profile's minimum fails too. Of a pack all items must be
    unmet. The score is that which the Arr gave the release when it grabbed it, not that of the torrent's name.
    """
    score = context.grabbed_score
    if not policy.enforces_custom_formats or torrent.complete or score is None or not context.scores:
        return passes("custom formats are not enforced, or not known", score=score)
    force = policy.forces_minimum_custom_format
    unmet = [_unmet(score, item, force=force) for item in context.scores]
    facts: dict[str, Any] = {
        "score": score,
        "of_file": [item.of_file for item in context.scores],
        "minimum": [item.minimum for item in context.scores],
    }
    if not all(unmet):
        return passes("its custom format score is good enough", **facts)
    return fails(f"its custom format score is {unmet[0]}", context, policy, now, **facts)


def _unmet(score: int, item: ItemScores, *, force: bool) -> str:
    """Say what is wrong with a score; empty if nothing is."""
    if item.of_file is not None and score < item.of_file:
        return "below that of the present file"
    if force and item.minimum is not None and score < item.minimum:
        return "below the minimum of the profile"
    return ""
