"""Each rule with both sides of each boundary, and what holds for every torrent there can be."""

import msgspec
import pytest

from qbitrr.torrents import rules
from qbitrr.torrents.facts import History, ImportFacts, Policy, QueueFacts, Surroundings, TorrentFacts
from qbitrr.torrents.strikes import Seen
from qbitrr.torrents.verdict import Action

NOW = 1_700_000_000.0
POLICY = Policy(ignore_younger_than_seconds=180, stalled_delay_seconds=900)
QUEUE = QueueFacts(record_ids=(7,), item_ids=(1,), tracked_state="downloading", messages=())
LONG = 10.0**6
SEEN_LONG = Seen(LONG, 1000)
AROUND = Surroundings(queue_known=True, queue=QUEUE, stalled=SEEN_LONG, slow=SEEN_LONG, unavailable=SEEN_LONG)
DOWNLOADING = TorrentFacts(
    instance="qBit",
    infohash="a" * 40,
    name="Some.Release",
    category="movies",
    tags=frozenset(),
    state="downloading",
    progress=0.5,
    left_bytes=500,
    size_bytes=1000,
    added_at=NOW - 86400,
    completed_at=None,
    last_activity_at=NOW - 1,
    content_path="/downloads/Some.Release",
)
COMPLETE = msgspec.structs.replace(DOWNLOADING, state="uploading", progress=1.0, left_bytes=0, completed_at=NOW - 0.1)


def verdict(torrent=DOWNLOADING, around=AROUND, policy=POLICY, **changes):
    return rules.judge(msgspec.structs.replace(torrent, **changes), around, policy, NOW)


def around(**changes):
    return msgspec.structs.replace(AROUND, **changes)


def queue(**changes):
    return around(queue=msgspec.structs.replace(QUEUE, **changes))


@pytest.mark.parametrize("state", ["uploading", "stalledUP", "stoppedUP", "queuedUP", "forcedUP"])
def test_a_complete_torrent_is_imported_at_once_in_every_state_of_seeding(state):
    assert verdict(COMPLETE, state=state).action is Action.IMPORT


@pytest.mark.parametrize("state", ["checkingUP", "moving", "checkingResumeData", "allocating"])
def test_nothing_is_done_while_qbittorrent_is_busy_with_it(state):
    found = verdict(COMPLETE, state=state)
    assert (found.action, found.last.rule) == (Action.NOTHING, "client_is_busy_with_it")


@pytest.mark.parametrize("changes", [{"left_bytes": 1}, {"completed_at": None}, {"size_bytes": 0}])
def test_what_is_not_quite_complete_is_not_imported(changes):
    assert verdict(COMPLETE, **changes).action is Action.NOTHING


def test_an_imported_torrent_is_not_imported_again():
    assert verdict(COMPLETE, tags=frozenset({"qBitrr-imported"})).last.rule == "imported"
    assert verdict(COMPLETE, around(history=History(imports=ImportFacts(imported=True)))).last.rule == "imported"
    assert verdict(COMPLETE, tags=frozenset({"qBitrr-imported-not"})).action is Action.IMPORT


def test_nothing_is_imported_or_removed_while_the_queue_is_unknown():
    unknown = around(queue_known=False, queue=None)
    assert verdict(COMPLETE, unknown).last.rule == "arr_queue_is_unknown"
    found = verdict(DOWNLOADING, unknown, state="stalledDL", last_activity_at=NOW - 9999)
    assert (found.action, found.last.rule) == (Action.NOTHING, "stalled")


@pytest.mark.parametrize(("state", "rule"), [("importing", "arr_has_it"), ("importBlocked", "arr_has_it")])
def test_what_the_arr_has_in_hand_is_left_to_it(state, rule):
    found = verdict(COMPLETE, queue(tracked_state=state))
    assert (found.action, found.last.rule) == (Action.NOTHING, rule)


@pytest.mark.parametrize(
    ("surroundings", "action"),
    [
        (around(queue=None), Action.LOOK_FOR_IMPORT),
        (queue(tracked_state="imported"), Action.LOOK_FOR_IMPORT),
        (around(queue=None, history=History(imports=ImportFacts(looks=1, looked_at=NOW - 299))), Action.NOTHING),
        (
            around(queue=None, history=History(imports=ImportFacts(looks=1, looked_at=NOW - 300))),
            Action.LOOK_FOR_IMPORT,
        ),
        (around(queue=None, history=History(imports=ImportFacts(looks=9, looked_at=NOW - 21599))), Action.NOTHING),
        (
            around(queue=None, history=History(imports=ImportFacts(looks=9, looked_at=NOW - 21600))),
            Action.LOOK_FOR_IMPORT,
        ),
    ],
)
def test_a_complete_torrent_that_is_not_queued_is_looked_up_now_and_then(surroundings, action):
    assert verdict(COMPLETE, surroundings).action is action


@pytest.mark.parametrize(
    ("failures", "ago", "action"),
    [
        (1, 299, Action.NOTHING),
        (1, 300, Action.IMPORT),
        (2, 899, Action.NOTHING),
        (2, 900, Action.IMPORT),
        (4, 21599, Action.NOTHING),
        (99, 21600, Action.IMPORT),
    ],
)
def test_a_failed_import_is_tried_again_less_and_less_often(failures, ago, action):
    tried = around(history=History(imports=ImportFacts(failures=failures, failed_at=NOW - ago)))
    found = verdict(COMPLETE, tried)
    assert found.action is action
    if action is Action.NOTHING:
        assert found.revisit_at > NOW


@pytest.mark.parametrize(
    ("state", "clock", "action"),
    [
        ("stalledDL", {"last_activity_at": NOW - 899}, Action.NOTHING),
        ("stalledDL", {"last_activity_at": NOW - 900}, Action.FAIL),
        ("metaDL", {"added_at": NOW - 899, "last_activity_at": 0}, Action.NOTHING),
        ("metaDL", {"added_at": NOW - 900, "last_activity_at": NOW}, Action.FAIL),
        ("stalledDL", {"added_at": NOW - 300, "last_activity_at": 0}, Action.NOTHING),
        ("downloading", {"last_activity_at": NOW - 99999}, Action.NOTHING),
        ("forcedDL", {"last_activity_at": NOW - 99999}, Action.NOTHING),
        ("forcedMetaDL", {"added_at": NOW - 99999}, Action.NOTHING),
        ("queuedDL", {"last_activity_at": NOW - 99999}, Action.NOTHING),
    ],
)
def test_a_download_fails_after_the_stalled_delay_and_not_before(state, clock, action):
    assert verdict(state=state, **clock).action is action


def test_a_stalled_torrent_is_looked_at_again_when_its_delay_ends():
    assert verdict(state="stalledDL", last_activity_at=NOW - 100).revisit_at == NOW + 800


@pytest.mark.parametrize(("seen", "action"), [(899, Action.NOTHING), (900, Action.FAIL)])
@pytest.mark.parametrize("state", ["stalledDL", "metaDL"])
def test_only_time_counts_in_which_it_was_seen_trying(state, seen, action):
    """A torrent that was stopped, queued or offline for a day has not tried for a day."""
    found = verdict(
        around=around(stalled=Seen(seen, 1000)), state=state, last_activity_at=NOW - LONG, added_at=NOW - LONG
    )
    assert found.action is action
    assert found.revisit_at == (NOW + 1 if action is Action.NOTHING else None)


@pytest.mark.parametrize("changes", [{"queue": None}, {"elsewhere": True}])
def test_what_the_arr_does_not_list_or_another_client_holds_too_does_not_fail(changes):
    assert verdict(around=around(**changes), state="stalledDL", last_activity_at=NOW - LONG).action is Action.NOTHING


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


@pytest.mark.parametrize("state", ["failed", "failedPending", "ignored", "downloadFailed", "downloadFailedPending"])
def test_what_the_arr_gave_up_is_not_imported(state):
    assert verdict(COMPLETE, queue(tracked_state=state)).last.rule == "arr_has_it"


@pytest.mark.parametrize(
    ("delay", "tags", "action"),
    [
        (-1, (), Action.NOTHING),
        (0, (), Action.TAG_STALLED),
        (0, ("qBitrr-allowed_stalled",), Action.NOTHING),
        (1, (), Action.FAIL),
    ],
)
def test_what_the_stalled_delay_means(delay, tags, action):
    policy = msgspec.structs.replace(POLICY, stalled_delay_seconds=delay)
    found = verdict(policy=policy, state="stalledDL", last_activity_at=NOW - 99999, tags=frozenset(tags))
    assert found.action is action


@pytest.mark.parametrize(("age", "action"), [(179, Action.NOTHING), (180, Action.FAIL)])
def test_a_young_torrent_is_given_time(age, action):
    policy = msgspec.structs.replace(POLICY, stalled_delay_seconds=60)
    assert verdict(policy=policy, state="metaDL", added_at=NOW - age).action is action


HOPELESS = msgspec.structs.replace(DOWNLOADING, state="stalledDL", last_activity_at=NOW - 99999)


def test_every_rule_says_what_it_is_for():
    assert all(rule.__doc__ for rule in rules.RULES)
