"""The import of a complete download. States and texts are those that the real Arrs answered."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.rules.facts import QueueFacts, Refusal, TorrentFacts, TorrentKey
from qbitrr.rules.imports import (
    MOST_POLLS,
    POLL_AGAIN_SECONDS,
    REFUSAL_SECONDS,
    SETTLE_SECONDS,
    UNMOVED_SECONDS,
    EventKind,
    ImportEvent,
    ImportProof,
    ImportStep,
    ImportView,
    QueueReading,
    QueueState,
    next_step,
    proof_of,
    read_queue,
    scan_path,
)
from qbitrr.rules.paths import PathMapping

STALLED = "The download is stalled with no connections"
NO_FOLDER = "Unable to Import. Path matches client base download directory, /downloads/radarr"
NOT_BETTER = "Not an upgrade for existing movie file. Existing quality: Bluray-480p. New Quality WEBDL-480p."
BY_ID = "Found matching movie via grab history, but release was matched to movie by ID. Manual Import required."
NO_PATH = "[D:\\downloads\\X] is not a valid local path. You may need a Remote Path Mapping."
NO_FILES = "No files found are eligible for import in /downloads/radarr/X"


def record(tracked_state, *messages, status="completed", tracked_status="ok", error="", output_path=""):
    return QueueFacts(
        record_ids=(1,),
        item_ids=(54,),
        tracked_state=tracked_state,
        refusals=(Refusal("A.Film.2020", messages),) if messages else (),
        status=status,
        tracked_status=tracked_status,
        error_message=error,
        output_path=output_path,
    )


@pytest.mark.parametrize("polled", [True, False])
@pytest.mark.parametrize(
    ("queue", "state", "words"),
    [
        (None, QueueState.NOT_LISTED, ()),
        (record("downloading", status="downloading"), QueueState.DOWNLOADING, ()),
        (record("importPending"), QueueState.IMPORTING, ()),
        (record("importing"), QueueState.IMPORTING, ()),
        (record("imported"), QueueState.IMPORTING, ()),
        (record("importPending", NOT_BETTER, tracked_status="warning"), QueueState.REFUSED, (NOT_BETTER,)),
        (record("importBlocked", NOT_BETTER, tracked_status="warning"), QueueState.REFUSED, (NOT_BETTER,)),
        (record("importFailed", NOT_BETTER, tracked_status="warning"), QueueState.REFUSED, (NOT_BETTER,)),
        (record("importPending", NO_FILES, tracked_status="warning"), QueueState.REFUSED, (NO_FILES,)),
        (record("importBlocked", BY_ID, tracked_status="warning"), QueueState.NEEDS_USER, (BY_ID,)),
        (record("downloading", NO_PATH, tracked_status="warning"), QueueState.NEEDS_USER, (NO_PATH,)),
        (record("failedPending"), QueueState.NEEDS_USER, ("the Arr counts the download as failed",)),
        (record("downloadFailed"), QueueState.NEEDS_USER, ("the Arr counts the download as failed",)),
        (record("ignored"), QueueState.NEEDS_USER, ("the Arr ignores the download, as the user asked for",)),
        (record("a state of tomorrow"), QueueState.DOWNLOADING, ()),
    ],
)
def test_every_state_has_one_reading(queue, polled, state, words):
    found = read_queue(queue, polled=polled)
    assert (found.state, found.words) == (state, words)


@pytest.mark.parametrize("error", [STALLED, NO_FOLDER])
def test_what_the_client_said_before_the_end_of_the_download_is_about_the_download(error):
    queue = record("downloading", status="warning", error=error)
    assert read_queue(queue, polled=False).state is QueueState.DOWNLOADING


def test_what_the_client_says_after_the_end_of_the_download_needs_the_user():
    queue = record("downloading", status="warning", error=NO_FOLDER)
    assert read_queue(queue, polled=True) == QueueReading(QueueState.NEEDS_USER, (NO_FOLDER,))


def pack(*refusals, state="importBlocked"):
    return QueueFacts((1, 2), (54, 55), state, tuple(refusals), status="completed", tracked_status="warning")


IMPORTED_BEFORE = Refusal("S01E01.mkv", ("Episode file already imported at 11/28/2026 19:05:55",))
SAMPLE = Refusal("S01E02.mkv", ("Unable to determine if file is a sample",))


@pytest.mark.parametrize("state", ["importBlocked", "importPending", "importFailed"])
def test_what_was_imported_before_is_no_refusal_also_while_the_arr_tries_again(state):
    found = read_queue(pack(IMPORTED_BEFORE, SAMPLE, state=state), polled=True)
    assert (found.state, found.words, found.refused) == (QueueState.REFUSED, SAMPLE.texts, (SAMPLE,))


def test_a_download_of_which_everything_was_imported_before_is_not_scanned_over():
    assert read_queue(pack(IMPORTED_BEFORE), polled=True).state is QueueState.NEEDS_USER


def test_a_blocked_download_without_a_reason_is_not_scanned_over():
    assert read_queue(record("importBlocked", tracked_status="warning"), polled=True).state is QueueState.NEEDS_USER


def events(*kinds_and_items):
    return [ImportEvent(number, kind, item) for number, (kind, item) in enumerate(kinds_and_items)]


GRABBED, IMPORTED, PART, INCOMPLETE, FAILED, IGNORED = EventKind


def test_a_movie_is_imported_when_its_event_is_there():
    proof = proof_of(events((GRABBED, 54), (IMPORTED, 54)))
    assert proof.whole
    assert not proof.missing


def test_a_part_of_a_pack_is_not_the_whole():
    proof = proof_of(events(*[(GRABBED, item) for item in range(8)], (IMPORTED, 0), (IMPORTED, 1)))
    assert not proof.whole
    assert proof.missing == frozenset(range(2, 8))


def test_what_the_user_has_ignored_is_not_scanned_until_it_is_grabbed_again():
    ignored = [(GRABBED, 1), (GRABBED, 2), (IGNORED, 1), (IGNORED, 2)]
    proof = proof_of(events(*ignored))
    assert proof.ended
    assert not proof.touched
    found = scan_path(TORRENT, None, proof, host="h", failed_by_qbitrr=True)
    assert found.obstacle == proof.ended
    assert not proof_of(events(*ignored, (GRABBED, 1))).ended


def test_what_failed_after_its_import_is_not_imported():
    pack = [(GRABBED, 1), (GRABBED, 2), (IMPORTED, 1), (IMPORTED, 2)]
    assert proof_of(events(*pack)).whole
    assert not proof_of(events(*pack, (FAILED, 1), (FAILED, 2))).whole


def test_a_download_that_was_grabbed_again_has_not_failed():
    assert not proof_of(events((GRABBED, 1), (FAILED, 1), (GRABBED, 1))).failed


def test_only_what_the_arr_took_or_tried_to_take_is_touched():
    assert not proof_of(events((GRABBED, 1), (FAILED, 1))).touched
    assert all(proof_of(events((GRABBED, 1), (kind, 1))).touched for kind in (IMPORTED, PART, INCOMPLETE))


def test_what_is_imported_after_it_failed_is_imported():
    assert proof_of(events((GRABBED, 1), (FAILED, 1), (IMPORTED, 1))).whole


def test_without_a_grab_nothing_is_whole_but_what_the_queue_names():
    assert not proof_of(events((IMPORTED, 1))).whole
    assert proof_of(events((IMPORTED, 1)), listed=(1,)).whole
    assert not proof_of(events((IMPORTED, 1)), listed=(1, 2)).whole


def test_no_event_at_all_proves_nothing():
    assert not proof_of([]).whole
    assert not proof_of([], listed=(1,)).whole


def test_tracks_are_an_album_only_when_the_album_has_all_of_them():
    two_albums = events((GRABBED, 7), (GRABBED, 8), *[(PART, 7)] * 4, (INCOMPLETE, 7), (INCOMPLETE, 8))
    assert not proof_of(two_albums).whole
    assert proof_of(two_albums, complete_albums=(7,)).missing == {8}
    # an album that was complete before is not imported by a download of which nothing was taken
    assert proof_of(two_albums, complete_albums=(7, 8)).missing == {8}
    one_album = events((GRABBED, 7), (PART, 7))
    assert not proof_of(one_album).whole
    assert proof_of(one_album, complete_albums=(7,)).whole


def test_the_order_in_which_events_are_answered_does_not_matter():
    newest_first = list(reversed(events((GRABBED, 1), (IMPORTED, 1), (FAILED, 1))))
    assert not proof_of(newest_first).whole


@given(
    st.lists(st.tuples(st.sampled_from(list(EventKind)), st.integers(0, 3)), max_size=12),
    st.sets(st.integers(0, 3)),
)
def test_nothing_is_whole_without_an_event_of_every_item(kinds_and_items, complete):
    proof = proof_of(events(*kinds_and_items), complete_albums=complete)
    taken = {item for kind, item in kinds_and_items if kind is IMPORTED or (kind is PART and item in complete)}
    if proof.whole:
        assert proof.grabbed <= taken
        assert not proof.imported & proof.failed


LISTED = ImportProof(grabbed=frozenset({54}))


def view(state, *words, pending=False, **changes):
    fields = {"handles_completed": True, "polled_at": 100.0, "seen_since": 100.0, "proof": LISTED}
    return ImportView(reading=QueueReading(state, words, pending=pending), **fields | changes)


def test_what_is_proven_is_done_whatever_the_queue_says():
    whole = ImportProof(frozenset({1}), frozenset({1}))
    for state in QueueState:
        assert next_step(view(state, proof=whole, polled_at=None), 0.0) is ImportStep.DONE


@pytest.mark.parametrize("state", QueueState)
@pytest.mark.parametrize("handles_completed", [True, False])
def test_the_arr_is_asked_to_look_before_anything_else(state, handles_completed):
    assert next_step(view(state, polled_at=None, handles_completed=handles_completed), 0.0) is ImportStep.ASK


@pytest.mark.parametrize("state", [QueueState.REFUSED, QueueState.NEEDS_USER])
@pytest.mark.parametrize("handles_completed", [True, False])
def test_what_the_arr_refuses_is_never_scanned_over(state, handles_completed):
    found = view(state, "because", handles_completed=handles_completed)
    assert next_step(found, 100.0 + REFUSAL_SECONDS) is ImportStep.STOP
    assert next_step(found, 1e6) is ImportStep.STOP


@pytest.mark.parametrize("state", [QueueState.REFUSED, QueueState.NEEDS_USER])
def test_a_refusal_may_be_that_of_an_earlier_attempt_while_the_arr_tries_again(state):
    assert next_step(view(state, "because"), 100.0 + REFUSAL_SECONDS - 0.1) is ImportStep.WAIT


@pytest.mark.parametrize("seconds", [0.0, 1e6])
def test_what_the_arr_imports_is_waited_for(seconds):
    assert next_step(view(QueueState.IMPORTING), 100.0 + seconds) is ImportStep.WAIT


def test_a_pending_import_that_does_not_move_for_two_minutes_is_scanned():
    pending = view(QueueState.IMPORTING, pending=True)
    assert next_step(pending, 100.0 + UNMOVED_SECONDS - 0.1) is ImportStep.WAIT
    assert next_step(pending, 100.0 + UNMOVED_SECONDS) is ImportStep.SCAN
    scanned_once = view(QueueState.IMPORTING, pending=True, scan_ended=True)
    assert next_step(scanned_once, 100.0 + UNMOVED_SECONDS) is ImportStep.LATER


@pytest.mark.parametrize("state", [QueueState.NOT_LISTED, QueueState.DOWNLOADING])
def test_an_arr_that_does_not_see_the_end_of_a_download_is_asked_again_and_then_left_alone(state):
    assert next_step(view(state), 100.0) is ImportStep.WAIT
    assert next_step(view(state), 100.0 + POLL_AGAIN_SECONDS) is ImportStep.ASK
    often = view(state, polls=MOST_POLLS)
    assert next_step(often, 100.0 + POLL_AGAIN_SECONDS) is ImportStep.WAIT
    assert next_step(often, 100.0 + SETTLE_SECONDS) is ImportStep.LATER


def test_what_the_arr_imported_before_and_does_not_list_again_is_scanned_after_the_last_poll():
    again = {"was_imported_before": True, "proof": LISTED}
    last = view(QueueState.NOT_LISTED, polls=MOST_POLLS, **again)
    assert next_step(last, 100.0) is ImportStep.SCAN
    assert next_step(replace(last, polls=MOST_POLLS - 1), 100.0) is ImportStep.WAIT
    assert next_step(replace(last, polls=MOST_POLLS - 1), 100.0 + POLL_AGAIN_SECONDS) is ImportStep.ASK
    assert next_step(replace(last, was_imported_before=False), 100.0) is ImportStep.WAIT
    assert next_step(replace(last, proof=ImportProof()), 100.0) is ImportStep.WAIT
    assert next_step(replace(last, reading=QueueReading(QueueState.DOWNLOADING)), 100.0) is ImportStep.WAIT
    assert next_step(replace(last, scan_ended=True), 100.0 + SETTLE_SECONDS) is ImportStep.LATER


def test_without_completed_download_handling_what_was_grabbed_is_scanned():
    off = {"handles_completed": False}
    assert next_step(view(QueueState.NOT_LISTED, **off), 100.0) is ImportStep.SCAN
    assert next_step(view(QueueState.DOWNLOADING, **off), 100.0) is ImportStep.WAIT
    assert next_step(view(QueueState.DOWNLOADING, **off), 100.0 + POLL_AGAIN_SECONDS) is ImportStep.ASK
    assert next_step(view(QueueState.NOT_LISTED, proof=ImportProof(), **off), 100.0) is ImportStep.WAIT
    assert next_step(view(QueueState.NOT_LISTED, scan_ended=True, **off), 100.0) is ImportStep.WAIT
    assert next_step(view(QueueState.NOT_LISTED, scan_ended=True, **off), 100.0 + SETTLE_SECONDS) is ImportStep.LATER


def test_nothing_more_comes_of_a_scan_that_failed():
    failed = view(QueueState.NOT_LISTED, handles_completed=False, scan_ended=True, scan_failed=True)
    assert next_step(failed, 100.0) is ImportStep.LATER


TORRENT = TorrentFacts(
    key=TorrentKey("qBit", "a" * 40),
    name="A.Film.2020",
    category="radarr",
    tags=frozenset(),
    state="uploading",
    progress=1.0,
    left_bytes=0,
    size_bytes=8,
    added_at=1.0,
    completed_at=2.0,
    last_activity_at=2.0,
    content_path="/downloads/radarr/A.Film.2020",
    save_path="/downloads/radarr",
)


def scanned(torrent=TORRENT, queue=None, proof=LISTED, **options):
    return scan_path(torrent, queue, proof, **{"host": "localhost"} | options)


def test_the_path_of_the_arr_counts_before_any_mapping():
    mappings = [PathMapping("localhost", "/downloads", "/data")]
    queue = record("importPending", output_path="/theirs/A.Film.2020")
    assert scanned(queue=queue, mappings=mappings).path == "/theirs/A.Film.2020"
    assert scanned(mappings=mappings).path == "/data/radarr/A.Film.2020"
    assert scanned().path == TORRENT.content_path


@pytest.mark.parametrize("content_path", ["/downloads/radarr", "/downloads/radarr/", "/downloads", "/", ""])
def test_a_folder_that_holds_other_downloads_is_never_scanned(content_path):
    rootless = msgspec.structs.replace(TORRENT, content_path=content_path)
    queue = record("importPending", output_path="/data/radarr")
    found = scanned(rootless, queue)
    assert found.path == ""
    assert found.obstacle


def test_the_folder_of_a_category_is_never_scanned_even_when_it_is_not_the_save_path():
    moved = msgspec.structs.replace(TORRENT, content_path="/downloads/tv", save_path="/downloads/incomplete")
    assert scanned(moved, folders=["/downloads/tv/"]).obstacle
    assert not scanned(moved, folders=["/downloads/movies"]).obstacle


def test_without_a_save_path_it_is_not_known_what_lies_beside_it():
    assert scanned(msgspec.structs.replace(TORRENT, save_path="")).obstacle


@pytest.mark.parametrize(
    "proof",
    [
        ImportProof(),
        ImportProof(frozenset({1}), failed=frozenset({1})),
        ImportProof(frozenset({1, 2}), frozenset({1}), touched=True),
    ],
)
def test_what_is_unknown_to_the_arr_failed_or_taken_in_part_is_never_scanned(proof):
    assert scanned(proof=proof).obstacle


def test_what_qbitrr_failed_itself_is_scanned_unless_something_of_it_was_imported():
    failed = ImportProof(frozenset({1}), failed=frozenset({1}))
    assert scanned(proof=failed, failed_by_qbitrr=True).path
    assert scanned(proof=msgspec.structs.replace(failed, touched=True), failed_by_qbitrr=True).obstacle
