import pytest
from msgspec.structs import replace

from qbitrr.rules.facts import Refusal
from qbitrr.rules.files import Selection, Unwanted
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.imports import ImportProof
from qbitrr.rules.messages import Answer, MessageRule
from qbitrr.rules.strikes import NOT_SEEN, Elapsed
from qbitrr.rules.verdict import Action
from tests import factories
from tests.factories import NOW, SEEN_LONG, context, policy
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


@pytest.mark.parametrize("state", ["importPending", "importBlocked", "importFailed"])
def test_a_tag_that_the_arr_contradicts_is_shown_and_still_protects(state):
    tagged = {"tags": frozenset({"qBitrr-imported"})}
    found = verdict(COMPLETE, listed(tracked_state=state), **tagged)
    assert decision(found) == left_alone_by("imported")
    assert "the Arr has not imported it" in found.last.finding.because
    for truth in (context(queue=None), with_imports(imported=True), listed(tracked_state="imported")):
        assert verdict(COMPLETE, truth, **tagged).last.finding.because == "it has been imported"


NOTHING_TAKEN = ImportProof(grabbed=frozenset({1}))
WITH_MEDIA = Selection(playable=1, complete=True)


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
        (checked(9, -7200), Action.CHECK_IMPORT),  # by a clock that was ahead
        (checked(1, 299, proof=ImportProof()), Action.NOTHING),
        (checked(1, 300, proof=ImportProof()), Action.CHECK_IMPORT),
    ],
)
def test_the_import_of_a_complete_torrent_that_is_not_queued_is_checked_now_and_then(context, action):
    found = verdict(COMPLETE, context)
    assert decision(found) == (action, "not_in_queue")
    assert found.revisit_at == (NOW + 1 if action is Action.NOTHING else None)


def test_what_the_arr_grabbed_and_has_not_imported_is_imported_although_its_queue_is_empty():
    """As after a restart of the Arr, and without completed download handling."""
    part = ImportProof(frozenset({1, 2}), frozenset({1}), touched=True)
    for proof in (NOTHING_TAKEN, part):
        assert decision(verdict(COMPLETE, checked(1, 1, proof=proof))) == (Action.IMPORT, "finished")


def test_what_the_arr_counts_as_failed_is_left_to_the_user():
    failed = replace(NOTHING_TAKEN, failed=frozenset({1}))
    found = verdict(COMPLETE, checked(1, 1, proof=failed))
    assert decision(found) == left_alone_by("not_in_queue")
    assert "failed" in found.last.finding.because


def test_what_was_imported_is_left_alone_also_while_that_may_not_be_written_down():
    whole = replace(NOTHING_TAKEN, imported=frozenset({1}))
    assert decision(verdict(COMPLETE, checked(1, 1, proof=whole))) == left_alone_by("not_in_queue")


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
        (1, -59, Action.NOTHING),
        (1, -7200, Action.IMPORT),  # by a clock that was ahead
    ],
)
def test_a_failed_import_is_tried_again_less_and_less_often(failures, ago, action):
    history = History(imports=ImportFacts(failures=failures, failed_at=NOW - ago), selection=WITH_MEDIA)
    found = verdict(COMPLETE, context(history=history))
    assert found.action is action
    if action is Action.NOTHING:
        assert found.revisit_at > NOW


def test_what_the_arr_works_on_is_left_to_it():
    assert decision(verdict(COMPLETE, listed(tracked_state="importing"))) == left_alone_by("arr_has_it")


KNOWN = History(proof=NOTHING_TAKEN, faults={}, selection=WITH_MEDIA)


@pytest.mark.parametrize("state", ["failed", "failedPending", "ignored", "downloadFailed", "downloadFailedPending"])
def test_what_the_arr_gave_up_is_not_imported(state):
    found = verdict(COMPLETE, replace(listed(tracked_state=state), history=KNOWN))
    assert decision(found) == left_alone_by("arr_has_it")


@pytest.mark.parametrize("state", ["downloading", "importPending", "", "ofALaterVersion"])
def test_what_the_arr_does_nothing_with_is_imported(state):
    assert verdict(COMPLETE, listed(tracked_state=state)).action is Action.IMPORT


BASE = "Unable to Import. Path matches client base download directory"


def test_what_the_client_of_the_arr_said_counts_once_the_arr_was_asked():
    before = listed(tracked_state="downloading", status="warning", error_message=BASE)
    assert verdict(COMPLETE, before).action is Action.IMPORT
    asked = replace(KNOWN, imports=ImportFacts(failures=1, failed_at=NOW - 99999))
    found = verdict(COMPLETE, replace(before, history=asked))
    assert decision(found) == left_alone_by("arr_has_it")
    assert BASE in found.last.finding.because


# -- what the Arr refuses ---------------------------------------------------------------------------------------

COMPLAINT = "Not an upgrade for existing movie file(s)"
COMPLAINTS = policy(messages=(MessageRule(COMPLAINT), MessageRule("Sample")))
ODD = "Found archive file, might need to be extracted"
BY_ID = "Found matching movie via grab history, but release was matched to movie by ID. Manual Import required."
OLD = {"added_at": NOW - 9999}


def refused(state="importFailed", status="warning", messages=(COMPLAINT,), history=KNOWN, **changes):
    facts = {"tracked_state": state, "status": status, "tracked_status": "warning", "messages": messages}
    return replace(listed(**facts, **{**OLD, **changes}), history=history)


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
    assert decision(verdict(COMPLETE, refused(state, status), COMPLAINTS)) == left_alone_by("arr_refuses_it")


@pytest.mark.parametrize("state", ["downloading", "importing", "imported", "failedPending", "failed", "ignored", ""])
def test_a_message_counts_only_when_the_arr_could_not_import(state):
    assert verdict(COMPLETE, refused(state), COMPLAINTS).action is not Action.FAIL


@pytest.mark.parametrize(
    ("messages", "action"),
    [
        ((COMPLAINT,), Action.FAIL),
        ((COMPLAINT, "Sample"), Action.FAIL),
        (("Not an upgrade for existing movie file. Existing quality: Bluray-480p. New Quality SDTV.",), Action.FAIL),
        # all that is said must be configured
        ((ODD, COMPLAINT), Action.NOTHING),
        ((ODD,), Action.NOTHING),
        (("A sample",), Action.NOTHING),
    ],
)
def test_a_message_counts_by_its_beginning(messages, action):
    found = verdict(COMPLETE, refused(messages=messages), COMPLAINTS)
    assert (found.action, found.last.rule) == (action, "arr_refuses_it")


def test_the_message_that_matched_is_shown_with_the_pattern():
    message = "Not an upgrade for existing movie file. Existing quality: Bluray-480p. New Quality SDTV."
    facts = verdict(COMPLETE, refused(messages=(message, "Sample")), COMPLAINTS).last.finding.facts
    assert facts["matched"] == {message: COMPLAINT, "Sample": "Sample"}


ROWS = policy(
    messages=(
        MessageRule("720p", "contains", Answer.ASK),
        MessageRule("Sample", answer=Answer.TAG),
        MessageRule("Not an upgrade", delay_seconds=600),
    ),
    strikes=3,
)


@pytest.mark.parametrize(
    ("messages", "action"),
    [
        (("Not an upgrade for existing movie file.",), Action.FAIL),
        (("Not an upgrade for existing movie file. New Quality WEBDL-720p.",), Action.ASK),
        (("Sample",), Action.TAG_USELESS),
        (("Sample", "Not an upgrade"), Action.TAG_USELESS),
        (("Sample", "720p"), Action.ASK),
        (("Sample", ODD), Action.NOTHING),
    ],
)
def test_the_first_row_that_matches_says_what_comes_of_a_message(messages, action):
    found = verdict(COMPLETE, replace(refused(messages=messages), refused=SEEN_LONG), ROWS)
    assert (found.action, found.last.rule) == (action, "arr_refuses_it")


@pytest.mark.parametrize("by", [{"tags": frozenset({"qBitrr-useless"})}, {"policy": replace(ROWS, tagless=True)}])
def test_what_is_only_tagged_is_tagged_once_and_never_without_tags(by):
    found = verdict(COMPLETE, refused(messages=("Sample",)), **{"policy": ROWS, **by})
    assert decision(found) == left_alone_by("arr_refuses_it")


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        (Elapsed(599, 99), Action.NOTHING),
        (Elapsed(600, 2), Action.NOTHING),
        (Elapsed(600, 3), Action.FAIL),
        (NOT_SEEN, Action.NOTHING),
    ],
)
def test_a_message_with_a_delay_counts_after_it_over_the_strikes(seen, action):
    found = verdict(COMPLETE, replace(refused(messages=("Not an upgrade",)), refused=seen), ROWS)
    assert found.action is action
    assert found.revisit_at == (None if action is Action.FAIL else NOW + 600 - seen.seconds)
    assert verdict(COMPLETE, replace(refused(), refused=NOT_SEEN), COMPLAINTS).action is Action.FAIL


def test_what_the_arr_refuses_is_shown_in_its_words_and_never_imported_over():
    found = verdict(COMPLETE, refused(messages=(ODD,)))
    assert decision(found) == left_alone_by("arr_refuses_it")
    assert ODD in found.last.finding.because
    assert found.revisit_at is None


@pytest.mark.parametrize("messages", [(COMPLAINT, "Manual Import required."), (BY_ID,)])
def test_what_waits_for_the_user_is_left_alone(messages):
    found = verdict(COMPLETE, refused(messages=messages), COMPLAINTS)
    assert decision(found) == left_alone_by("arr_has_it")
    assert messages[-1] in found.last.finding.because


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


@pytest.mark.parametrize("unknown", [{"proof": None}, {"faults": None}])
def test_nothing_comes_of_a_refusal_before_it_is_known_what_was_imported(unknown):
    found = verdict(COMPLETE, refused(history=replace(KNOWN, **unknown)), COMPLAINTS)
    assert decision(found) == (Action.CHECK_IMPORT, "refusal_not_checked")


# -- packs that were imported in part ---------------------------------------------------------------------------

GOOD = Refusal("S01E01.mkv", ("Episode file already imported at 11/28/2026 19:05:55",))
SAMPLE = Refusal("S01E02.mkv", ("Unable to determine if file is a sample",))
WORSE = Refusal("S01E03.mkv", (COMPLAINT,))
PART = ImportProof(frozenset({1, 2, 3}), frozenset({1}), touched=True)


def pack(*refusals, faults=(), proof=PART, **changes):
    queue = factories.queue(
        tracked_state="importBlocked", status="completed", tracked_status="warning", refusals=refusals, **OLD | changes
    )
    broken = dict.fromkeys(faults, "moov atom not found")
    return context(queue=queue, history=replace(KNOWN, proof=proof, faults=broken))


@pytest.mark.parametrize(
    ("scene", "action"),
    [
        (pack(GOOD, SAMPLE, faults=["S01E02.mkv"]), Action.FAIL_REST),
        (pack(GOOD, WORSE), Action.FAIL_REST),
        (pack(GOOD, SAMPLE, WORSE, faults=["S01E02.mkv"]), Action.FAIL_REST),
        (pack(GOOD, SAMPLE), Action.NOTHING),
        (pack(GOOD, SAMPLE, WORSE), Action.NOTHING),
        (pack(GOOD, WORSE, SAMPLE, faults=["S01E03.mkv"]), Action.NOTHING),
        (pack(GOOD, Refusal("S01E03.mkv", (COMPLAINT, ODD))), Action.NOTHING),
        (pack(GOOD, WORSE, Refusal("S01E04.mkv", ("To tag",))), Action.NOTHING),
    ],
)
def test_what_is_left_of_a_pack_fails_when_each_refused_file_is_proven_bad(scene, action):
    found = verdict(COMPLETE, scene, COMPLAINTS)
    assert (found.action, found.last.rule) == (action, "arr_refuses_the_rest")


def test_what_is_left_to_the_user_of_a_pack_is_said_in_the_words_of_the_arr():
    because = verdict(COMPLETE, pack(GOOD, SAMPLE, WORSE), COMPLAINTS).last.finding.because
    assert SAMPLE.texts[0] in because
    assert COMPLAINT not in because
    assert "already imported" not in because


def test_a_proof_of_ffprobe_needs_no_time_and_a_message_does():
    young = NOW - 1
    assert verdict(COMPLETE, pack(GOOD, SAMPLE, faults=["S01E02.mkv"], added_at=young)).action is Action.FAIL_REST
    found = verdict(COMPLETE, pack(GOOD, WORSE, added_at=young), COMPLAINTS)
    assert (found.action, found.revisit_at) == (Action.NOTHING, young + COMPLAINTS.ignore_younger_than_seconds)


def test_a_pack_of_which_nothing_was_imported_fails_as_a_whole_when_all_of_it_is_proven_bad():
    nothing = replace(PART, imported=frozenset())
    bad = pack(SAMPLE, WORSE, faults=["S01E02.mkv"], proof=nothing)
    assert decision(verdict(COMPLETE, bad, COMPLAINTS)) == fails_by("arr_refuses_it")
    mixed = pack(SAMPLE, WORSE, proof=nothing)
    assert decision(verdict(COMPLETE, mixed, COMPLAINTS)) == left_alone_by("arr_refuses_it")


# -- what there is nothing in -----------------------------------------------------------------------------------

EMPTY = Selection(playable=0, complete=True)


def test_a_complete_torrent_without_media_has_failed_whatever_its_age():
    scene = with_history(selection=EMPTY)
    assert decision(verdict(COMPLETE, scene, added_at=NOW - 1)) == fails_by("nothing_to_import")


def test_the_failure_of_a_complete_torrent_without_media_names_its_files():
    unwanted = (Unwanted(0, "Some.Movie/setup.exe", "its extension is not allowed"),)
    found = verdict(COMPLETE, with_history(selection=Selection(unwanted, complete=True)))
    facts = {"playable": 0, "foreign": "", "files": {"Some.Movie/setup.exe": "its extension is not allowed"}}
    assert found.last.finding.facts == facts


def test_a_complete_torrent_that_only_patterns_for_names_leave_empty_is_imported():
    scene = with_history(selection=Selection(complete=True, by_name=True))
    assert decision(verdict(COMPLETE, scene)) == (Action.IMPORT, "finished")


def test_what_seemed_empty_by_its_names_is_checked_when_it_is_complete():
    scene = with_history(selection=Selection(playable=0))
    assert decision(verdict(COMPLETE, scene)) == (Action.CHECK_FILES, "nothing_to_import")


def test_the_files_of_what_the_arr_refuses_are_checked():
    scene = refused(messages=("No files found are eligible for import in /x",), history=History())
    assert decision(verdict(COMPLETE, scene)) == (Action.CHECK_FILES, "nothing_to_import")


@pytest.mark.parametrize("selection", [None, Selection(foreign="it is an archive", complete=True), WITH_MEDIA])
def test_what_has_media_or_is_to_be_unpacked_is_imported(selection):
    assert verdict(COMPLETE, with_history(selection=selection)).action is Action.IMPORT


def test_an_archive_that_the_arr_refuses_is_left_to_the_user():
    archive = Selection(foreign="it is an archive", complete=True)
    found = verdict(COMPLETE, refused(messages=(ODD,), history=replace(KNOWN, selection=archive)))
    assert decision(found) == left_alone_by("arr_refuses_it")


def test_what_the_arr_is_importing_does_not_fail_for_its_files():
    scene = replace(
        listed(tracked_state="importing"), history=History(selection=EMPTY, unplayable="a.mkv: End of file")
    )
    assert decision(verdict(COMPLETE, scene)) == left_alone_by("arr_has_it")


# -- what cannot be played --------------------------------------------------------------------------------------


def test_what_ffprobe_cannot_read_has_failed_in_its_words():
    found = verdict(COMPLETE, with_history(unplayable="a.mkv: End of file"))
    assert decision(found) == fails_by("unplayable")
    assert "a.mkv: End of file" in found.last.finding.because


def test_what_can_be_played_is_imported():
    assert verdict(COMPLETE, with_history(unplayable="")).action is Action.IMPORT


def test_what_ffprobe_said_of_a_part_does_not_count_before_it_is_complete():
    assert verdict(DOWNLOADING, with_history(unplayable="a.mkv: End of file")).last.rule == "under_way"
