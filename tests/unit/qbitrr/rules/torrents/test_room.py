"""Seeds that go for the space of a download."""

import pytest
from msgspec.structs import replace

from qbitrr.config.model import MakeRoom
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.seed_value import RoomChoice, SeedNumbers
from qbitrr.rules.verdict import Action
from tests.factories import NOW, completed, context, policy, queue, seeding
from tests.unit.qbitrr.rules.torrents.scenes import decision, verdict

DAY = 86_400.0
SEEDING = completed(state="uploading")
ENOUGH = seeding(ratio=1.0, seconds=14 * DAY)
IMPORTED = History(imports=ImportFacts(imported=True))
CHOSEN = RoomChoice(SeedNumbers(other_seeders=1), {"lacks_bytes": 7, "disk": "8:1"})
RULES = MakeRoom(enabled=True)
ON = policy(make_room=RULES)
REMOVED = (Action.REMOVE, "room_needed")
STAYS = (Action.NOTHING, "room_needed")
LEFT = (Action.NOTHING, "imported")


def chosen(**changes):
    return context(**{"queue": None, "history": IMPORTED, "room": CHOSEN, **changes})


def decided(around=None, by=ON, **changes):
    return decision(verdict(SEEDING, chosen() if around is None else around, by, **{"seeding": ENOUGH, **changes}))


def test_the_chosen_one_is_removed_with_the_facts_of_its_choice():
    found = verdict(SEEDING, chosen(), ON, seeding=ENOUGH)
    assert decision(found) == REMOVED
    facts = found.last.finding.facts
    assert facts["lacks_bytes"] == 7
    assert facts["seeding_seconds"] == 14 * DAY
    assert (facts["ratio"], facts["other_seeders"]) == (1.0, 1)


@pytest.mark.parametrize(("by", "expected"), [(policy(), LEFT), (ON, REMOVED)])
def test_it_is_off_by_default(by, expected):
    assert decided(by=by) == expected


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        (chosen(room=None), LEFT),
        (chosen(history=History()), (Action.CHECK_IMPORT, "not_in_queue")),
        (chosen(queue=queue(tracked_state="imported")), REMOVED),
        (chosen(queue=queue(tracked_state="importPending")), STAYS),
        (chosen(queue_known=False), STAYS),
        (chosen(clearance=Clearance(False, "a minimum")), STAYS),
        (chosen(elsewhere=True), STAYS),
    ],
)
def test_only_what_was_chosen_and_is_imported_goes_and_what_is_not_known_keeps_it(around, expected):
    assert decided(around) == expected


def test_what_owes_something_to_a_tracker_stays_with_the_facts_of_that():
    owes = Clearance(False, "the hit-and-run minimum of a.example is not met", {"ratio": 1.0, "minimum of a": "9 days"})
    found = verdict(SEEDING, chosen(clearance=owes), ON, seeding=ENOUGH)
    assert decision(found) == STAYS
    assert found.last.finding.facts["minimum of a"] == "9 days"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ENOUGH, REMOVED),
        (replace(ENOUGH, seconds=14 * DAY - 1), STAYS),
        (replace(ENOUGH, ratio=0.999), STAYS),
        (replace(ENOUGH, ratio=float("inf")), REMOVED),
        (replace(ENOUGH, forced=True), STAYS),
        (replace(ENOUGH, super_seeding=True), STAYS),
        (replace(ENOUGH, own_ratio_limit=1.1), STAYS),
        (replace(ENOUGH, own_ratio_limit=1.0), REMOVED),
        (replace(ENOUGH, own_ratio_limit=float("inf")), STAYS),
    ],
)
def test_its_minimums_come_first(found, expected):
    assert decided(seeding=found) == expected


@pytest.mark.parametrize(
    ("least", "others", "expected"),
    [
        (1, 1, REMOVED),
        (1, 0, STAYS),
        (1, None, STAYS),
        (3, 2, STAYS),
        (3, 3, REMOVED),
        (0, 0, REMOVED),
        (0, None, REMOVED),
    ],
)
def test_so_many_others_have_to_seed_it(least, others, expected):
    by = policy(make_room=replace(RULES, min_other_seeders=least))
    assert decided(chosen(room=replace(CHOSEN, numbers=SeedNumbers(others))), by) == expected


@pytest.mark.parametrize(
    ("rules", "found", "expected"),
    [
        (replace(RULES, min_seeding_seconds=0), seeding(ratio=1.0), REMOVED),
        (replace(RULES, min_seed_ratio=0.0), seeding(seconds=14 * DAY), REMOVED),
        (replace(RULES, min_seed_ratio=2.0), seeding(ratio=2.0, seconds=14 * DAY), REMOVED),
        (replace(RULES, min_seed_ratio=2.0), seeding(ratio=1.99, seconds=14 * DAY), STAYS),
    ],
)
def test_the_minimums_are_those_of_the_configuration(rules, found, expected):
    assert decided(by=policy(make_room=rules), seeding=found) == expected


def test_the_observed_seeding_time_counts_and_says_when_it_is_enough():
    short = replace(ENOUGH, seconds=10.0)
    assert decided(chosen(seeding_seconds=14 * DAY), seeding=short) == REMOVED
    found = verdict(SEEDING, chosen(seeding_seconds=14 * DAY - 60), ON, seeding=short)
    assert found.revisit_at == NOW + 60


@pytest.mark.parametrize(
    "changes", [{"left_bytes": 1}, {"completed_at": None}, {"state": "missingFiles"}, {"state": "error"}]
)
def test_what_is_not_complete_or_in_trouble_is_left(changes):
    assert decided(**changes)[1] != "room_needed"


@pytest.mark.parametrize(
    ("private", "modes", "expected"),
    [
        (False, {}, REMOVED),
        (True, {}, STAYS),
        (None, {}, STAYS),
        (True, {"private_modes": {"room_needed": "act"}}, REMOVED),
        (False, {"public_modes": {"room_needed": "off"}}, STAYS),
        (False, {"public_modes": {"room_needed": "shadow"}}, STAYS),
        (False, {"public_modes": {"room_needed": "ask"}}, (Action.ASK, "room_needed")),
    ],
)
def test_private_torrents_stay_by_default_and_its_mode_counts(private, modes, expected):
    assert decided(by=replace(ON, **modes), private=private) == expected


def test_what_the_user_decided_against_stays_for_a_day():
    assert decided(chosen(history=replace(IMPORTED, discarded_at=NOW - 86399))) == STAYS
    assert decided(chosen(history=replace(IMPORTED, discarded_at=NOW - 86400))) == REMOVED


def test_what_is_protected_stays():
    assert decided(tags=frozenset({"qBitrr-ignored"}))[1] == "ignored_by_user"
