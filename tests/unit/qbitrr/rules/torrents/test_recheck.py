import pytest

from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.verdict import Action
from tests.factories import LONG, NOW, context, policy
from tests.unit.qbitrr.rules.torrents.scenes import (
    COMPLETE,
    DOWNLOADING,
    HOPELESS,
    decision,
    left_alone_by,
    verdict,
    with_history,
)


@pytest.mark.parametrize("torrent", [DOWNLOADING, COMPLETE])
@pytest.mark.parametrize(
    ("is_there", "expected"),
    [(False, left_alone_by("files_are_missing")), (True, (Action.RECHECK, "files_are_missing"))],
)
def test_missing_files_are_waited_for_and_then_rechecked(torrent, is_there, expected):
    assert decision(verdict(torrent, context(content_is_there=is_there), state="missingFiles")) == expected


def test_content_that_is_there_is_no_reason_for_anything_when_no_files_are_missing():
    assert verdict(context=context(content_is_there=True)).last.rule == "under_way"


def test_an_error_while_the_data_is_out_of_sight_is_waited_for():
    """As on a lost disk: a recheck would lose all of it, and download it into the mount point."""
    assert decision(verdict(COMPLETE, context(content_is_there=False), state="error")) == left_alone_by("in_error")
    assert verdict(COMPLETE, context(content_is_there=True), state="error").action is Action.RECHECK


def test_an_error_before_any_data_has_come_is_rechecked_at_once():
    """It has none to lose, and no content path yet."""
    empty = verdict(DOWNLOADING, context(content_is_there=False), state="error", progress=0.0)
    assert decision(empty) == (Action.RECHECK, "in_error")
    begun = verdict(DOWNLOADING, context(content_is_there=False), state="error", progress=0.1)
    assert decision(begun) == left_alone_by("in_error")


def test_what_was_imported_may_have_been_moved_and_is_not_fetched_again():
    there = context(content_is_there=True)
    tagged = verdict(COMPLETE, there, state="missingFiles", tags=frozenset({"qBitrr-imported"}))
    assert decision(tagged) == left_alone_by("files_are_missing")
    imported = context(content_is_there=True, history=History(imports=ImportFacts(imported=True)))
    assert decision(verdict(COMPLETE, imported, state="missingFiles")) == left_alone_by("files_are_missing")


RECHECKED = [
    (0, None, Action.RECHECK),
    (1, 3599, Action.NOTHING),
    (1, 3600, Action.RECHECK),
    (2, 21599, Action.NOTHING),
    (2, 21600, Action.RECHECK),
    (3, 86399, Action.NOTHING),
    (3, 86400, Action.RECHECK),
    (50, 86399, Action.NOTHING),
    (50, 86400, Action.RECHECK),
    (1, -7200, Action.RECHECK),  # by a clock that was ahead
]


@pytest.mark.parametrize("state", ["error", "missingFiles"])
@pytest.mark.parametrize(("rechecks", "ago", "action"), RECHECKED)
def test_rechecks_become_less_and_less_frequent(state, rechecks, ago, action):
    rechecked_at = NOW - ago if ago is not None else None
    history = History(rechecks=rechecks, rechecked_at=rechecked_at)
    found = verdict(context=context(content_is_there=True, history=history), state=state)
    assert found.action is action
    assert found.revisit_at == (NOW + 1 if action is Action.NOTHING else None)


def test_a_recheck_of_long_ago_does_not_matter_while_nothing_is_wrong():
    assert verdict(context=with_history(rechecks=1, rechecked_at=NOW - 1)).last.rule == "under_way"


def test_what_qbittorrent_does_not_know_is_left_alone():
    assert decision(verdict(HOPELESS, state="unknown")) == left_alone_by("in_error")


@pytest.mark.parametrize("changes", [{}, {"tags": frozenset({"qBitrr-imported"})}])
def test_what_was_complete_once_is_never_removed_for_missing_its_data(changes):
    lost = {
        "state": "stalledDL",
        "left_bytes": 1000,
        "progress": 0.0,
        "completed_at": NOW - LONG,
        "last_activity_at": 0,
    }
    assert verdict(**lost, **changes).action is Action.NOTHING


@pytest.mark.parametrize(
    ("completed_at", "left_bytes", "rule"),
    [(NOW - 1, 1, "data_is_missing"), (None, 1, "stalled"), (NOW - 1, 0, "finished")],
)
def test_when_data_counts_as_lost(completed_at, left_bytes, rule):
    found = verdict(HOPELESS, completed_at=completed_at, left_bytes=left_bytes, policy=policy())
    assert found.last.rule == rule
