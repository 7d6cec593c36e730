"""What every failure needs besides its own reason, tried on a download that stalls."""

import pytest

from qbitrr.rules.files import Selection
from qbitrr.rules.history import History
from qbitrr.rules.verdict import Action
from tests.factories import NOW, context, policy
from tests.unit.qbitrr.rules.torrents.scenes import COMPLETE, HOPELESS, decision, left_alone_by, verdict, with_history


@pytest.mark.parametrize("changes", [{"queue": None}, {"elsewhere": True}, {"queue_known": False, "queue": None}])
def test_what_the_arr_does_not_list_or_another_client_holds_too_does_not_fail(changes):
    assert decision(verdict(HOPELESS, context(**changes))) == left_alone_by("stalled")


def test_the_reason_is_followed_by_what_speaks_against_it():
    because = verdict(HOPELESS, context(elsewhere=True)).last.finding.because
    assert because == "it is stalled, for longer than StalledDelay, but another qBittorrent holds the same torrent"


def test_what_was_taken_from_the_queue_by_searching_again_may_fail():
    assert verdict(HOPELESS, context(queue=None, history=History(searched_again=True))).action is Action.FAIL


@pytest.mark.parametrize(
    ("changes", "ago", "action"),
    [
        ("discarded_at", 86399, Action.NOTHING),
        ("discarded_at", 86400, Action.FAIL),
        ("acted_at", 179, Action.NOTHING),
        ("acted_at", 180, Action.FAIL),
    ],
)
def test_a_failure_waits_after_what_was_done_about_the_torrent(changes, ago, action):
    found = verdict(HOPELESS, with_history(**{changes: NOW - ago}))
    assert found.action is action
    assert found.revisit_at == (NOW + 1 if action is Action.NOTHING else None)


@pytest.mark.parametrize(
    ("limit", "failed", "action"),
    [(5, 4, Action.FAIL), (5, 5, Action.NOTHING), (5, 6, Action.NOTHING), (0, 10**6, Action.FAIL), (1, 0, Action.FAIL)],
)
def test_an_item_whose_downloads_fail_again_and_again_is_left_with_the_last_one(limit, failed, action):
    found = verdict(HOPELESS, context(failed_grabs=failed), policy(most_failed_grabs=limit))
    assert found.action is action
    if action is Action.NOTHING:
        assert found.revisit_at == NOW + 3600
        assert found.last.finding.facts["failed_grabs"] == failed


@pytest.mark.parametrize(
    ("torrent", "reason"),
    [
        (COMPLETE, {"unplayable": "moov atom not found"}),
        (HOPELESS, {"selection": Selection()}),
    ],
)
def test_the_same_holds_for_every_other_reason(torrent, reason):
    assert verdict(torrent, with_history(**reason)).action is Action.FAIL
    for objection in ({"discarded_at": NOW}, {"acted_at": NOW}):
        assert verdict(torrent, with_history(**reason, **objection)).action is Action.NOTHING
    assert verdict(torrent, context(elsewhere=True, history=History(**reason))).action is Action.NOTHING
