"""The one seed that goes: one at a time, for one torrent, and whoever it concerns is judged again."""

from qbitrr.rules.seed_value import RoomChoice
from qbitrr.worker.torrents.chosen_seed import ChosenSeed
from tests.factories import completed

ONE, OTHER = completed(infohash="a" * 40), completed(infohash="b" * 40)
CHOICE = RoomChoice(facts={"lacks_bytes": 1})


def chosen():
    made = ChosenSeed()
    made.choose(ONE.key, ONE.added_at, CHOICE, 5.0)
    return made


def test_at_first_none_is_chosen():
    made = ChosenSeed()
    assert (made.choice_of(ONE), made.chosen_at, made.changes()) == (None, None, set())


def test_only_the_torrent_that_was_meant_is_chosen():
    made = chosen()
    assert made.choice_of(ONE) == CHOICE
    assert made.choice_of(OTHER) is None
    assert made.choice_of(completed(infohash="a" * 40, added_at=ONE.added_at + 1)) is None, "it was added again"


def test_another_one_takes_its_place_and_both_are_judged_again():
    made = chosen()
    assert made.changes() == {ONE.key}
    made.choose(OTHER.key, OTHER.added_at, CHOICE, 6.0)
    assert (made.choice_of(ONE), made.choice_of(OTHER), made.chosen_at) == (None, CHOICE, 6.0)
    assert made.changes() == {ONE.key, OTHER.key}


def test_to_choose_it_again_is_only_newer():
    made = chosen()
    made.changes()
    made.choose(ONE.key, ONE.added_at, CHOICE, 9.0)
    assert (made.chosen_at, made.changes()) == (9.0, set())


def test_only_what_is_chosen_is_renewed():
    made = chosen()
    made.renew(OTHER.key, 7.0)
    assert made.chosen_at == 5.0
    made.renew(ONE.key, 8.0)
    assert made.chosen_at == 8.0
    made.clear()
    made.renew(ONE.key, 9.0)
    assert made.choice_of(ONE) is None


def test_none_is_chosen_any_more():
    made = chosen()
    made.changes()
    made.clear()
    made.clear()
    assert (made.choice_of(ONE), made.chosen_at, made.changes()) == (None, None, {ONE.key})
