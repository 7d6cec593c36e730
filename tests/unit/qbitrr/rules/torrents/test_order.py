"""The list of rules as a whole, and every state that qBittorrent reports."""

import pytest

from qbitrr.qbittorrent.compat import state_name
from qbitrr.rules import torrents
from qbitrr.rules.verdict import Action, Outcome
from tests.factories import LONG, NOW, context
from tests.unit.qbitrr.rules.torrents.scenes import COMPLETE, HOPELESS, decision, verdict


def test_every_rule_says_what_it_is_for():
    assert all(rule.check.__doc__ for rule in torrents.RULES)


def test_every_rule_has_a_name_of_its_own():
    assert len({rule.name for rule in torrents.RULES}) == len(torrents.RULES)


def test_the_trace_holds_every_rule_that_was_asked():
    trace = verdict().as_trace()
    assert [step["rule"] for step in trace] == [rule.name for rule in torrents.WITH_ARR]
    assert [step["outcome"] for step in trace] == ["pass"] * (len(trace) - 1) + ["stop"]
    assert all(step["because"] for step in trace)


def test_a_rule_that_decides_is_the_last_one_asked():
    found = verdict(COMPLETE)
    assert found.last.rule == "finished"
    assert [step.finding.outcome for step in found.trace][-1] is Outcome.ACT


# The names of 4.x and of 5.x, each for a download that is dead in every respect: no activity, no peer has it.
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("allocating", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingDL", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingResumeData", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingUP", (Action.NOTHING, "client_is_busy_with_it")),
        ("moving", (Action.NOTHING, "client_is_busy_with_it")),
        ("downloading", (Action.FAIL, "unavailable")),
        ("error", (Action.NOTHING, "in_error")),
        ("forcedDL", (Action.NOTHING, "queued_or_forced")),
        ("forcedMetaDL", (Action.NOTHING, "queued_or_forced")),
        ("metaDL", (Action.FAIL, "stalled")),
        ("missingFiles", (Action.NOTHING, "files_are_missing")),
        ("pausedDL", (Action.NOTHING, "stopped_by_user")),
        ("pausedUP", (Action.NOTHING, "stopped_by_user")),
        ("queuedDL", (Action.NOTHING, "queued_or_forced")),
        ("stalledDL", (Action.FAIL, "unavailable")),
        ("stoppedDL", (Action.NOTHING, "stopped_by_user")),
        ("stoppedUP", (Action.NOTHING, "stopped_by_user")),
        ("unknown", (Action.NOTHING, "in_error")),
        ("ofALaterVersion", (Action.NOTHING, "under_way")),
        # of a torrent that is not complete, as when files were added to what is wanted
        ("forcedUP", (Action.NOTHING, "under_way")),
        ("queuedUP", (Action.NOTHING, "under_way")),
        ("stalledUP", (Action.NOTHING, "under_way")),
        ("uploading", (Action.NOTHING, "under_way")),
    ],
)
def test_what_every_state_means_for_a_download_that_is_dead(state, expected):
    dead = {"state": state_name(state), "availability": 0.0, "last_activity_at": 0.0, "added_at": NOW - LONG}
    assert decision(verdict(**dead)) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("allocating", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingDL", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingResumeData", (Action.NOTHING, "client_is_busy_with_it")),
        ("checkingUP", (Action.NOTHING, "client_is_busy_with_it")),
        ("moving", (Action.NOTHING, "client_is_busy_with_it")),
        ("error", (Action.NOTHING, "in_error")),
        ("forcedUP", (Action.IMPORT, "finished")),
        ("missingFiles", (Action.NOTHING, "files_are_missing")),
        ("pausedUP", (Action.IMPORT, "finished")),
        ("queuedUP", (Action.IMPORT, "finished")),
        ("stalledUP", (Action.IMPORT, "finished")),
        ("stoppedUP", (Action.IMPORT, "finished")),
        ("unknown", (Action.NOTHING, "in_error")),
        ("uploading", (Action.IMPORT, "finished")),
    ],
)
def test_what_every_state_means_for_what_is_complete(state, expected):
    assert decision(verdict(COMPLETE, state=state_name(state))) == expected


@pytest.mark.parametrize(
    ("torrent", "changes", "rule"),
    [
        # a tag and the quarantine win over what the user asks for by a category
        (HOPELESS, {"tags": frozenset({"qBitrr-ignored"}), "category": "failed"}, "ignored_by_user"),
        (HOPELESS, {"tags": frozenset({"qBitrr-quarantine"}), "category": "recheck"}, "in_quarantine"),
        (COMPLETE, {"state": "moving", "category": "failed"}, "client_is_busy_with_it"),
        # a request wins over what a state says
        (COMPLETE, {"state": "missingFiles", "category": "recheck"}, "recheck_requested"),
        (COMPLETE, {"category": "failed"}, "failed_by_user"),
        # what was imported is of no interest any more, what is complete is no download
        (COMPLETE, {"tags": frozenset({"qBitrr-imported"}), "state": "error"}, "in_error"),
        (COMPLETE, {"state": "stalledDL", "last_activity_at": 0.0}, "finished"),
    ],
)
def test_which_rule_comes_first(torrent, changes, rule):
    assert verdict(torrent, context(), **changes).last.rule == rule
