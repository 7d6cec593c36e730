"""What a manual import may take, and how long an answer of the user holds."""

import pytest

from qbitrr.rules.facts import Refusal
from qbitrr.rules.files import Selection
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.imports import ImportProof, QueueReading, QueueState
from qbitrr.rules.stuck_imports import Candidate, ImportAnswer, ImportChoice, ManualImport, choose, complaint
from qbitrr.rules.verdict import Action
from tests import factories
from tests.factories import context
from tests.unit.qbitrr.rules.torrents.scenes import COMPLETE, DOWNLOADING, decision, left_alone_by, verdict

FOLDER = "/downloads/Some.Release"
GRABBED = ImportProof(frozenset({1, 2, 3}))


def file(name="a.mkv", items=(1,), **changes):
    return Candidate(f"{FOLDER}/{name}", items, **changes)


@pytest.mark.parametrize(
    "text",
    [
        "Not an upgrade for existing movie file. Existing quality: Bluray-1080p. New Quality WEBDL-1080p.",
        "Not a Custom Format upgrade for existing movie file(s). New: [] (0) do not improve on Existing: [x] (5)",
        "Not a quality revision upgrade for existing episode file(s)",
        "Episode has a TBA title and recently aired",
        "Has missing tracks",
    ],
)
def test_what_is_certain_is_chosen_although_the_arr_thinks_little_of_it(text):
    assert choose([file(), file("b.mkv", (2,), rejections=(text,))], GRABBED, FOLDER) == ManualImport((0, 1))


@pytest.mark.parametrize(
    ("candidate", "doubt"),
    [
        (file(items=(), rejections=("Unknown Movie",)), "Unknown Movie"),
        (file(items=()), "the Arr does not know what it is"),
        (file(has_quality=False), "the Arr does not know its quality"),
        (file(items=(4,)), "it is for something that was not grabbed"),
        (file(items=(1, 4)), "it is for something that was not grabbed"),
        (file(rejections=("Unable to determine if file is a sample",)), "Unable to determine if file is a sample"),
        (file(rejections=("Not enough free space",)), "Not enough free space"),
        (file(rejections=("Not an upgrade for existing movie file.", "No audio tracks detected")), "No audio tracks"),
        (file(rejections=("Album match is not close enough: 55% vs 80%",)), "Album match is not close enough"),
        (Candidate("/downloads/Some.Release.2/a.mkv", (1,)), "it lies outside of the download"),
    ],
)
def test_what_is_not_certain_is_never_chosen(candidate, doubt):
    alone = choose([candidate], GRABBED, FOLDER)
    assert alone.chosen == ()
    assert doubt in alone.obstacle
    with_another = choose([candidate, file("b.mkv", (2,))], GRABBED, FOLDER)
    assert with_another.chosen == (1,)
    assert doubt in with_another.left_out[0]


def test_of_two_files_for_the_same_none_is_certain():
    """A manual import takes one after the other, and the second replaces the first."""
    assert choose([file("a.mkv"), file("b.mkv")], GRABBED, FOLDER).chosen == ()
    assert choose([file("a.mkv", (1, 2)), file("b.mkv", (2,)), file("c.mkv", (3,))], GRABBED, FOLDER).chosen == (2,)
    tracks = [file("1.flac", tracks=(11,)), file("2.flac", tracks=(12,)), file("3.flac", (2,), tracks=(13,))]
    assert choose(tracks, GRABBED, FOLDER).chosen == (0, 1, 2), "an album is many files"
    assert choose([*tracks, file("4.flac", tracks=(11,))], GRABBED, FOLDER).chosen == (1, 2)


def test_samples_and_what_was_imported_before_are_no_reason_to_refuse_the_rest():
    settled = [
        file("sample.mkv", rejections=("Sample",)),
        file("a.mkv", rejections=("Movie file already imported at 11/28/2026 19:05:55",)),
    ]
    assert choose([*settled, file("b.mkv")], GRABBED, FOLDER) == ManualImport((2,))
    assert choose(settled, GRABBED, FOLDER).obstacle == "nothing of it is left to import"


def test_nothing_is_chosen_of_what_the_arr_does_not_know():
    assert choose([file()], ImportProof(), FOLDER).obstacle == "the Arr does not know what it is for"
    assert choose([], GRABBED, FOLDER).obstacle == "the Arr lists no file of it"
    assert "outside" in choose([file()], GRABBED, "").obstacle, "the Arr has not said where it sees the download"


def test_paths_of_windows():
    one = Candidate("C:\\Downloads\\Some.Release\\A.mkv", (1,))
    assert choose([one], GRABBED, "c:\\downloads\\some.release").chosen == (0,)


# -- answers ------------------------------------------------------------------------------------------------------

WORDS = "Manual Import required."
BLOCKED = factories.queue(
    tracked_state="importBlocked", status="completed", tracked_status="warning", messages=(WORDS,)
)


SEEN = {"selection": Selection(playable=1, complete=True)}


def answered(choice, words=WORDS, **changes):
    given = {"queue": BLOCKED, "history": History(**SEEN), "import_answer": ImportAnswer(ImportChoice(choice), words)}
    return context(**given | changes)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("import", (Action.MANUAL_IMPORT, "answered_by_user")),
        ("blocklist", (Action.FAIL, "answered_by_user")),
        ("leave", left_alone_by("answered_by_user")),
    ],
)
def test_an_answer_holds_while_the_arr_says_the_same(choice, expected):
    assert decision(verdict(COMPLETE, answered(choice))) == expected
    assert decision(verdict(COMPLETE, answered(choice, "else"))) == left_alone_by("arr_has_it")
    assert verdict(DOWNLOADING, answered(choice)).last.rule == "under_way"


def test_without_an_answer_the_arr_has_it():
    assert decision(verdict(COMPLETE, context(queue=BLOCKED, history=History(**SEEN)))) == left_alone_by("arr_has_it")


def test_of_what_was_imported_in_part_only_the_rest_is_blocklisted():
    part = ImportProof(frozenset({1, 2}), frozenset({1}), touched=True)
    history = History(proof=part, faults={}, **SEEN)
    found = verdict(COMPLETE, answered("blocklist", history=history))
    assert decision(found) == (Action.FAIL_REST, "answered_by_user")


@pytest.mark.parametrize(
    "objection",
    [
        {"elsewhere": True},
        {"clearance": Clearance(False, "the hit-and-run minimum is not met")},
        {"history": History(discarded_at=factories.NOW - 1, **SEEN)},
    ],
)
def test_what_is_to_be_blocklisted_has_the_guards_of_every_failure(objection):
    found = verdict(COMPLETE, answered("blocklist", **objection))
    assert decision(found) == left_alone_by("answered_by_user")
    assert found.last.finding.because.startswith("the user answered to blocklist it, but ")


def test_a_download_that_the_arr_does_not_list_can_be_left():
    checked = History(imports=ImportFacts(checks=1, checked_at=factories.NOW - 1))
    unlisted = context(queue=None, history=checked)
    because = verdict(COMPLETE, unlisted).last.finding.because
    left = answered("leave", because, queue=None, history=checked)
    found = verdict(COMPLETE, left)
    assert decision(found) == left_alone_by("not_in_queue")
    assert found.last.finding.because.startswith("the user answered to leave it")
    assert verdict(COMPLETE, answered("leave", "else", queue=None, history=checked)).last.finding.because == because


def test_the_order_of_the_words_does_not_matter():
    one, other = Refusal("a", ("x",)), Refusal("b", ("y",))
    for refused in ((one, other), (other, one)):
        words = tuple(text for refusal in refused for text in refusal.texts)
        assert complaint(QueueReading(QueueState.REFUSED, words, refused=refused)) == "x; y"
    assert complaint(QueueReading(QueueState.IMPORTING, ("x",))) == ""
