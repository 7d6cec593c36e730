"""Complete torrents: imported, left to the Arr, or failed because they are of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.rules.delays import over_at, retry_seconds
from qbitrr.rules.imports import ImportProof, QueueState
from qbitrr.rules.messages import Answer, Judgement, decide
from qbitrr.rules.strikes import count
from qbitrr.rules.stuck_imports import ImportChoice, complaint
from qbitrr.rules.tags import TAG_IMPORTED, TAG_USELESS
from qbitrr.rules.torrents.failure import fails
from qbitrr.rules.verdict import Action, acts, asks, passes, stops

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import Refusal, TorrentFacts
    from qbitrr.rules.imports import QueueReading
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.verdict import Finding


def imported(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """An imported torrent (tag `qBitrr-imported`, or the ledger) is not imported again, nor does it fail.

    One that has the tag alone, while the Arr lists it as not imported, is shown to the user.
    """
    tagged, queue = TAG_IMPORTED in torrent.tags, context.queue
    facts = {"tagged": tagged, "in_ledger": context.history.imports.imported}
    if context.history.imports.imported:
        return stops("it has been imported", **facts)
    if tagged and queue is not None and queue.tracked_state in _NOT_IMPORTED:
        return stops("it has the tag of an imported one, but the Arr has not imported it: remove the tag", **facts)
    return stops("it has been imported", **facts) if tagged else passes("it has not been imported", **facts)


_NOT_IMPORTED = frozenset({"importPending", "importBlocked", "importFailed"})


def arr_queue_is_unknown(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A complete torrent is imported only while the Arr's queue is known."""
    if torrent.complete and not context.queue_known:
        return stops("it is complete, but the Arr's queue is not known")
    return passes("it is not complete, or the Arr's queue is known", complete=torrent.complete)


def not_in_queue(torrent: TorrentFacts, context: RuleContext, _policy: Policy, now: float) -> Finding:
    """The Arr's history is read for a complete torrent that its queue does not list, which proves nothing by itself.

    What the Arr grabbed and has not imported, it is asked to import. What it neither grabbed nor lists is left to the
    user, and its history is read again after 5 minutes, 15 minutes, an hour, then every 6 hours.
    """
    if not torrent.complete:
        return passes("it is not complete")
    if context.queue is not None and context.queue.tracked_state != "imported":
        return passes("the Arr lists the download", tracked_state=context.queue.tracked_state)
    imports, proof = context.history.imports, context.history.proof or ImportProof()
    if proof.grabbed and not proof.ended and not proof.whole:
        return passes("the Arr grabbed it and has not imported it", missing=sorted(proof.missing))
    again_at = over_at(imports.checked_at, retry_seconds(imports.checks), now)
    if again_at is None:
        return acts(Action.CHECK_IMPORT, "it is complete and not in the Arr's queue, which may have imported it")
    if context.queue is None and context.history.searched_again:
        return passes("it was searched again while it was stalled, and is complete after all")
    if proof.whole:
        because = "the Arr's history shows that it was imported"
    elif proof.ended:
        because = f"it is complete, but {proof.ended}"
    else:
        because = "it is complete, but the Arr neither lists the download nor has imported it"
    answer = context.import_answer
    if answer is not None and answer.choice is ImportChoice.LEAVE and answer.words == because:
        because = LEFT_BY_USER
    return stops(because, again_at, checks=imports.checks)


LEFT_BY_USER = "the user answered to leave it as long as the Arr says the same"


def nothing_to_import(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """A complete torrent without any media file has failed, whatever its age.

    Not one that is to be unpacked first: discs, and archives without `Torrent.FailArchives`, are left to the user, or
    to a program that unpacks them. Samples are no media files.
    Nor one of which only patterns for names exclude everything: it is complete, and the Arr decides.
    """
    selection = context.history.selection
    if not torrent.complete or _is_taken(context):
        return passes("it is not complete, or the Arr is importing it or has imported a part of it")
    asked = context.history.imports.failed_at is not None or context.reading.state in _REFUSED
    seems_empty = selection is not None and not selection.playable and not selection.foreign
    if selection is None and not asked:
        return passes("its files have not been checked")
    if selection is None or (seems_empty and not selection.complete):
        return acts(Action.CHECK_FILES, "it is complete, and there may be nothing to import in it")
    facts: dict[str, Any] = {"playable": selection.playable, "foreign": selection.foreign}
    if not seems_empty or selection.by_name:
        return passes("it has media files, or is to be unpacked first", **facts)
    facts["files"] = {file.path: file.because for file in selection.unwanted}
    return fails("it is complete, and has no file that the Arr could import", context, policy, now, **facts)


_REFUSED = frozenset({QueueState.REFUSED, QueueState.NEEDS_USER})


def _is_taken(context: RuleContext) -> bool:
    """Whether the Arr is importing a download, or has imported something of it."""
    proof = context.history.proof
    return context.reading.state is QueueState.IMPORTING or (proof is not None and bool(proof.imported))


def unplayable(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.VerifyMedia`: a torrent of which ffprobe, if it is installed, can read no media file has failed.

    It is checked before an import. When some of its files can be played, the Arr imports those.
    """
    fault = context.history.unplayable
    if not torrent.complete or not fault or _is_taken(context):
        return passes("ffprobe has found no fault, or something that can be played")
    return fails(f"nothing of it can be played: {fault}", context, policy, now)


def refusal_not_checked(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """Before anything comes of a refusal, the Arr's history is read and the files are checked that it refuses."""
    reading, history = context.reading, context.history
    if not torrent.complete or reading.state is not QueueState.REFUSED:
        return passes("it is not complete, or the Arr does not refuse it", **_as_facts(reading))
    if history.proof is None or history.faults is None:
        return acts(Action.CHECK_IMPORT, "the Arr refuses it, and may have imported a part of it", **_as_facts(reading))
    return passes("it is known what the Arr has imported of it", imported=sorted(history.proof.imported))


def answered_by_user(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """What the user answered about a complete torrent that the Arr does not import, as long as the Arr says the same.

    A manual import is sent what is certain of it. What is to be blocklisted is removed and searched again as any other
    failure; when a part of it was imported, the torrent stays and only what is missing is searched.
    """
    answer, words = context.import_answer, complaint(context.reading)
    if not torrent.complete or answer is None or not words or answer.words != words:
        return passes("the user has not answered, or the Arr says something else by now", **_as_facts(context.reading))
    facts = _as_facts(context.reading)
    match answer.choice:
        case ImportChoice.LEAVE:
            return stops(LEFT_BY_USER, **facts)
        case ImportChoice.IMPORT:
            return acts(Action.MANUAL_IMPORT, "the user answered to import it", **facts)
        case ImportChoice.BLOCKLIST:
            action = Action.FAIL_REST if _is_taken(context) else Action.FAIL
            return fails("the user answered to blocklist it", context, policy, now, action, **facts)


def arr_refuses_the_rest(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Messages`, `ArrErrorCodesToBlocklist`, `Torrent.VerifyMedia`: what is refused of a pack imported in part.

    When each file that the Arr refuses is proven bad, by a message about it that fails or by ffprobe, the release is
    blocklisted and only what is missing is searched again; the torrent goes on as an imported one. When a row of
    `Messages` asks, the user is asked about that. Every other refusal is left to the user.
    """
    reading, proof = context.reading, context.history.proof
    if not torrent.complete or reading.state is not QueueState.REFUSED or proof is None or not proof.imported:
        return passes("it is not complete, or nothing of it was imported", **_as_facts(reading))
    facts = _as_facts(reading) | {"imported": len(proof.imported), "missing": len(proof.missing)}
    judgement = _judgement(context, policy)
    if judgement.answer not in (Answer.FAIL, Answer.ASK):
        unproven = (refusal for refusal in _not_broken(context) if _judged((refusal,), policy).answer < Answer.FAIL)
        words = "; ".join(dict.fromkeys(text for refusal in unproven for text in refusal.texts))
        return stops(f'the Arr imported a part of it, and leaves the rest to the user: "{words}"', **facts)
    facts |= {"matched": judgement.matched}
    words = "; ".join(reading.words)
    because = f'the Arr imported a part of it, and refuses the rest: "{words}"'
    if (objection := _too_early(torrent, context, policy, judgement, now)) is not None:
        return stops(f"{because}, but {objection[0]}", objection[1], **facts)
    found = fails(because, context, policy, now, Action.FAIL_REST, **facts)
    return asks(found) if judgement.answer is Answer.ASK else found


def arr_refuses_it(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Messages`, `ArrErrorCodesToBlocklist`: a torrent that the Arr refuses with such messages has failed.

    The first row of `Messages` that matches says whether one fails, tags or asks the user, and how long the Arr has to
    refuse it so, over `Torrent.Strikes`; those that begin like an entry of `ArrErrorCodesToBlocklist` fail, and all
    others are left to the user.

    Only when all that it refuses is refused for such a message, or cannot be played: a message about one file never
    fails the others. Not while the Arr has listed it for less than `Torrent.IgnoreTorrentsYoungerThan`.
    """
    reading = context.reading
    if not torrent.complete or reading.state is not QueueState.REFUSED:
        return passes("it is not complete, or the Arr does not refuse it", **_as_facts(reading))
    judgement = _judgement(context, policy)
    facts = _as_facts(reading) | {"matched": judgement.matched}
    words = "; ".join(reading.words)
    if judgement.answer is Answer.LEAVE:
        return stops(f'it is complete, but the Arr refuses it: "{words}"', **facts)
    because = f'the Arr refuses it: "{words}"'
    if (objection := _too_early(torrent, context, policy, judgement, now)) is not None:
        return stops(f"{because}, but {objection[0]}", objection[1], **facts)
    if judgement.answer is not Answer.TAG:
        found = fails(because, context, policy, now, **facts)
        return asks(found) if judgement.answer is Answer.ASK else found
    if TAG_USELESS in torrent.tags or policy.tagless:
        return stops(f"{because}, for which it is only tagged", **facts)
    return acts(Action.TAG_USELESS, because, **facts)


def _judgement(context: RuleContext, policy: Policy) -> Judgement:
    """What comes of all that the Arr refuses. What ffprobe proves to be bad needs no message."""
    broken = not (refused := _not_broken(context))
    return Judgement(Answer.FAIL, 0, {}) if broken else _judged(refused, policy)


def _not_broken(context: RuleContext) -> tuple[Refusal, ...]:
    """What the Arr refuses, without the files that ffprobe proves to be bad."""
    faults = context.history.faults or {}
    return tuple(refusal for refusal in context.reading.refused if refusal.subject not in faults)


def _judged(refused: Iterable[Refusal], policy: Policy) -> Judgement:
    return decide((text for refusal in refused for text in refusal.texts), policy.messages)


def _too_early(
    torrent: TorrentFacts, context: RuleContext, policy: Policy, judgement: Judgement, now: float
) -> tuple[str, float | None] | None:
    """Say why a message does not count yet, and when it may; None when it counts. A proof of ffprobe always does."""
    queue = context.queue
    if not _not_broken(context):
        return None
    if queue is None or queue.status not in _OVER:
        return "does not see it as complete", None
    old_at = max(torrent.added_at, queue.added_at or 0.0) + policy.ignore_younger_than_seconds
    if now < old_at:
        return "it is younger than IgnoreTorrentsYoungerThan", old_at
    strikes = count(context.refused, judgement.delay_seconds, policy.strikes)
    if judgement.delay_seconds and not strikes.out:
        return "not for its Delay yet", now + strikes.left_seconds
    return None


_OVER = frozenset({"completed", "warning"})


def _as_facts(reading: QueueReading) -> dict[str, Any]:
    return {"arr": str(reading.state), "messages": list(reading.words)}


def arr_has_it(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A torrent that the Arr is importing, or for which it waits for the user, is left to it."""
    reading = context.reading
    if torrent.complete and reading.state is QueueState.IMPORTING and not reading.pending:
        return stops("the Arr is importing it", **_as_facts(reading))
    if torrent.complete and reading.state is QueueState.NEEDS_USER:
        words = "; ".join(reading.words)
        return stops(f'it is complete, but the Arr waits for the user: "{words}"', **_as_facts(reading))
    return passes("it is not complete, or the Arr does nothing with it", **_as_facts(reading))


def import_failed_lately(torrent: TorrentFacts, context: RuleContext, _policy: Policy, now: float) -> Finding:
    """A failed import is tried again after 5 minutes, 15 minutes, an hour, then every 6 hours."""
    imports = context.history.imports
    if not torrent.complete or imports.failed_at is None:
        return passes("no import of it has failed")
    wait = retry_seconds(imports.failures)
    facts = {"failures": imports.failures, "wait_seconds": wait}
    if (again_at := over_at(imports.failed_at, wait, now)) is not None:
        return stops("the last import failed and is tried again later", again_at, **facts)
    return passes("the last import failed long enough ago", **facts)


def finished(torrent: TorrentFacts, context: RuleContext, _policy: Policy, _now: float) -> Finding:
    """A complete torrent is imported at once, whatever its seeding limits.

    The Arr is asked to poll its download clients, and imports it by itself. It is scanned only without completed
    download handling, or when nothing comes of that; `importMode` is for such scans.
    """
    if not torrent.complete:
        return passes("it is not complete", left_bytes=torrent.left_bytes, progress=torrent.progress)
    return acts(
        Action.IMPORT,
        "it is complete and not imported",
        **{"completed_at": torrent.completed_at} | _as_facts(context.reading),
    )
