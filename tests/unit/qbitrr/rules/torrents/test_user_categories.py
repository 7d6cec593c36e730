import pytest

from qbitrr.rules.verdict import Action
from tests.factories import NOW, context, policy
from tests.unit.qbitrr.rules.torrents.scenes import COMPLETE, DOWNLOADING, decision, fails_by, left_alone_by, verdict


@pytest.mark.parametrize("torrent", [DOWNLOADING, COMPLETE])
@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("failed", fails_by("failed_by_user")),
        ("recheck", (Action.RECHECK, "recheck_requested")),
    ],
)
def test_a_category_is_a_request(torrent, category, expected):
    assert decision(verdict(torrent, category=category)) == expected


@pytest.mark.parametrize(
    ("category", "action"), [("Failed", Action.NOTHING), ("failed/movies", Action.NOTHING), ("bad", Action.FAIL)]
)
def test_the_categories_are_those_that_are_configured_and_no_others(category, action):
    assert verdict(policy=policy(failed_category="bad"), category=category).action is action


def test_the_category_for_rechecks_has_a_name_of_its_own():
    assert verdict(policy=policy(recheck_category="again"), category="again").action is Action.RECHECK
    assert verdict(policy=policy(recheck_category="again"), category="recheck").last.rule == "under_way"


@pytest.mark.parametrize(
    ("age", "expected"), [(179, left_alone_by("failed_by_user")), (180, fails_by("failed_by_user"))]
)
def test_a_slip_can_be_taken_back_while_the_torrent_is_young(age, expected):
    found = verdict(category="failed", added_at=NOW - age)
    assert decision(found) == expected
    assert found.revisit_at == (NOW + 1 if expected[0] is Action.NOTHING else None)


def test_a_young_torrent_is_rechecked_when_the_user_asks():
    assert verdict(category="recheck", added_at=NOW).action is Action.RECHECK


def test_a_request_needs_no_arr():
    """Where the Arr does not answer the action waits for it; the request is known all the same."""
    assert verdict(context=context(queue_known=False, queue=None), category="failed").action is Action.FAIL
