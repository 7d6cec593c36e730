import pytest

from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.verdict import Action
from tests.factories import NOW, context, policy
from tests.unit.qbitrr.rules.torrents.scenes import (
    COMPLETE,
    DOWNLOADING,
    decision,
    fails_by,
    left_alone_by,
    listed,
    verdict,
    with_history,
    with_imports,
)


@pytest.mark.parametrize("state", ["uploading", "stalledUP", "stoppedUP", "queuedUP", "forcedUP"])
def test_a_complete_torrent_is_imported_at_once_in_every_state_of_seeding(state):
    assert verdict(COMPLETE, state=state).action is Action.IMPORT


@pytest.mark.parametrize("changes", [{"left_bytes": 1}, {"completed_at": None}, {"size_bytes": 0}])
def test_what_is_not_quite_complete_is_not_imported(changes):
    assert verdict(COMPLETE, **changes).action is Action.NOTHING


def test_an_imported_torrent_is_not_imported_again():
    assert verdict(COMPLETE, tags=frozenset({"qBitrr-imported"})).last.rule == "imported"
    assert verdict(COMPLETE, with_imports(imported=True)).last.rule == "imported"
    assert verdict(COMPLETE, tags=frozenset({"qBitrr-imported-not"})).action is Action.IMPORT


def test_nothing_is_imported_or_removed_while_the_queue_is_unknown():
    unknown = context(queue_known=False, queue=None)
    assert verdict(COMPLETE, unknown).last.rule == "arr_queue_is_unknown"
    found = verdict(DOWNLOADING, unknown, state="stalledDL", last_activity_at=NOW - 9999)
    assert decision(found) == left_alone_by("stalled")


def checked(checks, ago, **changes):
    return context(queue=None, history=History(imports=ImportFacts(checks=checks, checked_at=NOW - ago), **changes))


@pytest.mark.parametrize(
    ("context", "action"),
    [
        (context(queue=None), Action.CHECK_IMPORT),
        (listed(tracked_state="imported"), Action.CHECK_IMPORT),
        (checked(1, 299), Action.NOTHING),
        (checked(1, 300), Action.CHECK_IMPORT),
        (checked(2, 899), Action.NOTHING),
        (checked(2, 900), Action.CHECK_IMPORT),
        (checked(3, 3599), Action.NOTHING),
        (checked(3, 3600), Action.CHECK_IMPORT),
        (checked(9, 21599), Action.NOTHING),
        (checked(9, 21600), Action.CHECK_IMPORT),
    ],
)
def test_the_import_of_a_complete_torrent_that_is_not_queued_is_checked_now_and_then(context, action):
    found = verdict(COMPLETE, context)
    assert decision(found) == (action, "not_in_queue")
    assert found.revisit_at == (NOW + 1 if action is Action.NOTHING else None)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        # it may have been imported by the Arr before, so its history is asked first
        (context(queue=None, history=History(searched_again=True)), (Action.CHECK_IMPORT, "not_in_queue")),
        (checked(1, 1, searched_again=True), (Action.IMPORT, "finished")),
        (checked(1, 1), left_alone_by("not_in_queue")),
    ],
)
def test_what_was_searched_again_and_got_complete_after_all_is_imported(context, expected):
    assert decision(verdict(COMPLETE, context)) == expected


@pytest.mark.parametrize(
    ("failures", "ago", "action"),
    [
        (1, 299, Action.NOTHING),
        (1, 300, Action.IMPORT),
        (2, 899, Action.NOTHING),
        (2, 900, Action.IMPORT),
        (3, 3599, Action.NOTHING),
        (3, 3600, Action.IMPORT),
        (4, 21599, Action.NOTHING),
        (99, 21600, Action.IMPORT),
    ],
)
def test_a_failed_import_is_tried_again_less_and_less_often(failures, ago, action):
    found = verdict(COMPLETE, with_imports(failures=failures, failed_at=NOW - ago))
    assert found.action is action
    if action is Action.NOTHING:
        assert found.revisit_at > NOW


@pytest.mark.parametrize(("state", "rule"), [("importing", "arr_has_it"), ("importBlocked", "arr_has_it")])
def test_what_the_arr_works_on_is_left_to_it(state, rule):
    assert decision(verdict(COMPLETE, listed(tracked_state=state))) == left_alone_by(rule)


@pytest.mark.parametrize("state", ["failed", "failedPending", "ignored", "downloadFailed", "downloadFailedPending"])
def test_what_the_arr_gave_up_is_not_imported(state):
    assert verdict(COMPLETE, listed(tracked_state=state)).last.rule == "arr_has_it"


@pytest.mark.parametrize("state", ["downloading", "importPending", "importFailed", "", "ofALaterVersion"])
def test_what_the_arr_does_nothing_with_is_imported(state):
    assert verdict(COMPLETE, listed(tracked_state=state)).action is Action.IMPORT


# -- what the Arr refuses ---------------------------------------------------------------------------------------

COMPLAINT = "Not an upgrade for existing movie file(s)"
COMPLAINTS = policy(error_messages=frozenset({COMPLAINT, "Sample"}))
ODD = "Found archive file, might need to be extracted"
OLD = {"added_at": NOW - 9999}


def refused(state="importFailed", status="warning", messages=(COMPLAINT,), **changes):
    return listed(tracked_state=state, status=status, messages=messages, **{**OLD, **changes})


@pytest.mark.parametrize("status", ["completed", "warning"])
@pytest.mark.parametrize("state", ["importPending", "importBlocked", "importFailed"])
def test_what_the_arr_refuses_has_failed(state, status):
    found = verdict(COMPLETE, refused(state, status), COMPLAINTS)
    assert decision(found) == fails_by("arr_refuses_it")
    assert found.last.finding.because == f'the Arr refuses it: "{COMPLAINT}"'


@pytest.mark.parametrize(
    "status", ["", "downloading", "paused", "queued", "delay", "failed", "downloadClientUnavailable"]
)
@pytest.mark.parametrize("state", ["importPending", "importBlocked", "importFailed"])
def test_a_message_counts_only_when_the_arr_sees_the_download_complete(state, status):
    assert verdict(COMPLETE, refused(state, status), COMPLAINTS).action is not Action.FAIL


@pytest.mark.parametrize("state", ["downloading", "importing", "imported", "failedPending", "failed", "ignored", ""])
def test_a_message_counts_only_when_the_arr_could_not_import(state):
    assert verdict(COMPLETE, refused(state), COMPLAINTS).action is not Action.FAIL


@pytest.mark.parametrize(
    ("messages", "action"),
    [
        ((COMPLAINT,), Action.FAIL),
        ((ODD, COMPLAINT), Action.FAIL),
        (("Sample",), Action.FAIL),
        ((), Action.IMPORT),
        ((ODD,), Action.IMPORT),
        # word for word
        ((COMPLAINT + ".",), Action.IMPORT),
        ((COMPLAINT.lower(),), Action.IMPORT),
        (("Sample file",), Action.IMPORT),
    ],
)
def test_a_message_counts_word_for_word(messages, action):
    assert verdict(COMPLETE, refused(messages=messages), COMPLAINTS).action is action


def test_no_message_counts_when_none_is_configured():
    assert verdict(COMPLETE, refused()).action is Action.IMPORT


@pytest.mark.parametrize(
    "messages",
    [
        (COMPLAINT, "Manual Import required."),
        (COMPLAINT, "Found matching movie via grab history, but release was matched to movie by ID. manual import"),
    ],
)
def test_what_waits_for_the_user_is_left_alone(messages):
    assert decision(verdict(COMPLETE, refused(messages=messages), COMPLAINTS)) == left_alone_by("arr_refuses_it")


@pytest.mark.parametrize(
    ("torrent_age", "record_age", "action"),
    [
        (180, 180, Action.FAIL),
        (9999, 180, Action.FAIL),
        (9999, 179, Action.NOTHING),
        (179, 9999, Action.NOTHING),
        (180, None, Action.FAIL),
        (179, None, Action.NOTHING),
    ],
)
def test_what_the_arr_has_not_listed_for_long_is_given_time(torrent_age, record_age, action):
    listed = refused(added_at=NOW - record_age if record_age is not None else None)
    found = verdict(COMPLETE, listed, COMPLAINTS, added_at=NOW - torrent_age)
    assert found.action is action
    assert found.revisit_at == (NOW + 1 if action is Action.NOTHING else None)


def test_a_download_that_is_not_complete_is_not_refused():
    assert verdict(DOWNLOADING, refused(), COMPLAINTS).last.rule == "under_way"


# -- what cannot be played --------------------------------------------------------------------------------------


def test_what_ffprobe_cannot_read_has_failed_in_its_words():
    found = verdict(COMPLETE, with_history(unplayable="a.mkv: End of file"))
    assert decision(found) == fails_by("unplayable")
    assert "a.mkv: End of file" in found.last.finding.because


def test_what_can_be_played_is_imported():
    assert verdict(COMPLETE, with_history(unplayable="")).action is Action.IMPORT


def test_what_ffprobe_said_of_a_part_does_not_count_before_it_is_complete():
    assert verdict(DOWNLOADING, with_history(unplayable="a.mkv: End of file")).last.rule == "under_way"
