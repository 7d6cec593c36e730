import pytest
from msgspec.structs import replace

from qbitrr.rules.history import History
from qbitrr.rules.torrents.protected import protection
from qbitrr.rules.verdict import Action
from tests.factories import context, policy
from tests.unit.qbitrr.rules.torrents.scenes import (
    COMPLETE,
    DOWNLOADING,
    HOPELESS,
    POLICY,
    decision,
    left_alone_by,
    verdict,
)

PROTECTING = policy(protect_tags=frozenset({"keep", "archive"}))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"qBitrr-ignored"}, left_alone_by("ignored_by_user")),
        ({"keep"}, left_alone_by("ignored_by_user")),
        ({"archive", "other"}, left_alone_by("ignored_by_user")),
        ({"qBitrr-quarantine"}, (Action.RELEASE, "in_quarantine")),
        (set(), (Action.FAIL, "stalled")),
        # tags are compared as they are written
        ({"QBITRR-IGNORED"}, (Action.FAIL, "stalled")),
        ({"qBitrr-ignored-not"}, (Action.FAIL, "stalled")),
        ({"Keep"}, (Action.FAIL, "stalled")),
        ({"keeper"}, (Action.FAIL, "stalled")),
    ],
)
def test_tags_that_keep_qbitrr_from_a_torrent(tags, expected):
    assert decision(verdict(HOPELESS, policy=PROTECTING, tags=frozenset(tags))) == expected


def test_a_protecting_tag_is_named():
    assert verdict(HOPELESS, policy=PROTECTING, tags=frozenset({"keep"})).last.finding.because == "it has the tag keep"


def test_which_tag_is_named_does_not_depend_on_chance():
    assert protection(tagged("keep", "archive"), PROTECTING) == "archive"
    assert protection(tagged("keep", "qBitrr-ignored"), PROTECTING) == "qBitrr-ignored"
    assert protection(tagged("keep"), POLICY) is None


def tagged(*tags):
    return replace(DOWNLOADING, tags=frozenset(tags))


@pytest.mark.parametrize("state", ["checkingUP", "checkingDL", "moving", "checkingResumeData", "allocating"])
def test_nothing_is_done_while_qbittorrent_is_busy_with_it(state):
    assert decision(verdict(COMPLETE, state=state)) == left_alone_by("client_is_busy_with_it")


def test_a_torrent_whose_removal_is_under_way_waits_in_quarantine():
    waits = context(history=History(quarantined_until=0.0))
    found = verdict(HOPELESS, waits, policy=PROTECTING, tags=frozenset({"qBitrr-quarantine"}))
    assert decision(found) == left_alone_by("in_quarantine")
