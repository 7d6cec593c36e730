"""Imported torrents of which nothing is in the library any more."""

import pytest
from msgspec.structs import replace

from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.supersession import CHECK_AGAIN_SECONDS, DELETED, REPLACED, Supersession
from qbitrr.rules.verdict import Action
from tests.factories import NOW, completed, context, policy, queue, seeding
from tests.unit.qbitrr.rules.torrents.scenes import decision, verdict

SEEDING = completed(state="uploading")
PROVEN = Supersession(True, REPLACED, facts={"items": 1})
GONE = Supersession(True, DELETED, deleted=True)
IMPORTED = ImportFacts(imported=True)
ON, ALL = policy(remove_superseded="replaced"), policy(remove_superseded="all")
REMOVED = (Action.REMOVE, "superseded")
CHECKED = (Action.CHECK_SUPERSEDED, "superseded")
LEFT = (Action.NOTHING, "imported")


def known(found=PROVEN, age=1.0, imports=IMPORTED, **changes):
    history = History(imports=imports, supersession=found, supersession_checked_at=NOW - age)
    return context(**{"queue": None, "suspected_superseded": True, "history": history, **changes})


def decided(around=None, torrent=SEEDING, by=ON, **changes):
    return decision(verdict(torrent, known() if around is None else around, by, **changes))


def test_what_is_proven_to_be_replaced_is_removed_with_its_proof():
    found = verdict(SEEDING, known(), ON)
    assert decision(found) == REMOVED
    assert found.last.finding.because == REPLACED
    assert found.last.finding.facts["items"] == 1


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        (known(suspected_superseded=False), LEFT),
        (known(Supersession(False, "a file of it is in the library")), LEFT),
        (known(imports=ImportFacts()), (Action.CHECK_IMPORT, "not_in_queue")),
        (known(queue=queue(tracked_state="imported")), REMOVED),
        (known(queue=queue(tracked_state="importPending")), (Action.NOTHING, "superseded")),
        (known(queue_known=False), (Action.NOTHING, "superseded")),
        (known(clearance=Clearance(False, "a minimum")), (Action.NOTHING, "superseded")),
        (known(clearance=Clearance(True, "met")), REMOVED),
    ],
)
def test_nothing_but_a_proof_removes_it_and_minimums_come_first(around, expected):
    assert decided(around) == expected


@pytest.mark.parametrize(
    ("by", "found", "expected"),
    [
        (policy(), PROVEN, LEFT),
        (ON, PROVEN, REMOVED),
        (ON, GONE, LEFT),
        (ALL, GONE, REMOVED),
        (ALL, PROVEN, REMOVED),
    ],
)
def test_its_key_is_off_by_default_and_covers_what_was_deleted_only_as_all(by, found, expected):
    assert decided(known(found), by=by) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0.0, REMOVED),
        (CHECK_AGAIN_SECONDS - 1, REMOVED),
        (CHECK_AGAIN_SECONDS, CHECKED),
        (-1.0, CHECKED),  # the clock was ahead
    ],
)
def test_a_proof_of_some_age_is_looked_for_again(age, expected):
    assert decided(known(age=age)) == expected


def test_a_suspect_is_checked_first():
    assert decided(context(queue=None, suspected_superseded=True, history=History(imports=IMPORTED))) == CHECKED
    assert verdict(SEEDING, known(Supersession(False, "x")), ON).revisit_at == NOW - 1.0 + CHECK_AGAIN_SECONDS


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (seeding(), REMOVED),
        (seeding(forced=True), (Action.NOTHING, "superseded")),
        (seeding(super_seeding=True), (Action.NOTHING, "superseded")),
        (seeding(ratio=0.9, own_ratio_limit=1.0), (Action.NOTHING, "superseded")),
        (seeding(ratio=1.0, own_ratio_limit=1.0), REMOVED),
        (seeding(seconds=99.0, own_seconds_limit=100.0), (Action.NOTHING, "superseded")),
        (seeding(seconds=100.0, own_seconds_limit=100.0), REMOVED),
    ],
)
def test_what_the_user_set_on_the_torrent_keeps_it(found, expected):
    assert decided(seeding=found) == expected


def test_the_observed_seeding_time_counts_and_says_when_it_is_enough():
    short = seeding(seconds=10.0, own_seconds_limit=100.0)
    assert decided(known(seeding_seconds=100.0), seeding=short) == REMOVED
    found = verdict(SEEDING, known(seeding_seconds=40.0), ON, seeding=short)
    assert found.revisit_at == NOW + 60.0


@pytest.mark.parametrize("changes", [{"left_bytes": 1}, {"completed_at": None}])
def test_a_torrent_that_is_not_complete_is_left(changes):
    assert decided(**changes)[1] != "superseded"


@pytest.mark.parametrize(
    ("private", "modes", "expected"),
    [
        (False, {}, REMOVED),
        (True, {}, (Action.NOTHING, "superseded")),
        (None, {}, (Action.NOTHING, "superseded")),
        (True, {"private_modes": {"superseded": "act"}}, REMOVED),
        (None, {"private_modes": {"superseded": "act"}}, REMOVED),
        (False, {"public_modes": {"superseded": "off"}}, (Action.NOTHING, "superseded")),
        (False, {"public_modes": {"superseded": "shadow"}}, (Action.NOTHING, "superseded")),
        (False, {"public_modes": {"superseded": "ask"}}, (Action.ASK, "superseded")),
    ],
)
def test_private_torrents_stay_by_default_and_its_mode_counts(private, modes, expected):
    found = verdict(SEEDING, known(), replace(ON, **modes), private=private)
    assert decision(found) == expected
    if "shadow" in str(modes) or "ask" in str(modes):
        assert found.last.finding.would is Action.REMOVE


def test_what_the_user_decided_against_stays_for_a_day():
    history = known().history
    assert decided(known(history=replace(history, discarded_at=NOW - 86399))) == (Action.NOTHING, "superseded")
    assert decided(known(history=replace(history, discarded_at=NOW - 86400))) == REMOVED
