"""What an Arr's history and its present files prove of a download."""

import math

import pytest

from qbitrr.rules.supersession import (
    DELETED,
    MOST_ITEMS,
    REPLACED,
    REPLACED_OR_DELETED,
    UNREADABLE,
    FileEvent,
    HistoryReading,
    Witness,
    supersession,
    witnesses_of,
)

OLD, NEW = "A" * 40, "B" * 40


def grab(number, item=1, download=OLD):
    return FileEvent(number, float(number), download, item)


def imported(number, file, item=1, download=OLD, part=0):
    return FileEvent(number, float(number), download, item, part, file)


UPGRADE = [grab(1), imported(2, 10), grab(3, download=NEW), imported(4, 11, download=NEW)]


def test_a_movie_whose_file_a_later_download_brought_is_superseded():
    found = supersession(OLD, UPGRADE, {1: {11}})
    assert (found.proven, found.because, found.deleted) == (True, REPLACED, False)
    assert found.facts == {
        "items": 1,
        "replaced": [{"item": 1, "file": 11, "by": NEW, "imported_at": 4.0}],
        "deleted": [],
    }


def test_the_order_in_which_events_are_given_does_not_matter_nor_that_one_is_given_twice():
    assert supersession(OLD, [*reversed(UPGRADE), *UPGRADE], {1: {11}}).proven


def test_the_download_that_replaced_it_is_not_superseded():
    assert not supersession(NEW, UPGRADE, {1: {11}}).proven


@pytest.mark.parametrize(
    ("events", "files", "because"),
    [
        (UPGRADE[1:], {1: {11}}, "the Arr's history does not reach back to its grab"),
        ([], {}, "the Arr's history does not reach back to its grab"),
        ([grab(1)], {1: set()}, "the Arr has not imported all that it grabbed"),
        (UPGRADE, {1: set()}, "an item of it has no file now"),
        (UPGRADE, {}, "an item of it has no file now"),
        (UPGRADE, {1: {10}}, "a file of it is in the library"),
        (UPGRADE, {1: {10, 11}}, "a file of it is in the library"),
        (UPGRADE, {1: {12}}, "where a file in the library comes from is not known"),  # found by a scan of the disk
        (UPGRADE[:2], {1: {11}}, "where a file in the library comes from is not known"),
        (
            [*UPGRADE[:3], imported(4, 11, download="")],
            {1: {11}},
            "where a file in the library comes from is not known",
        ),
        ([*UPGRADE[:3], imported(4, UNREADABLE, download=NEW)], {1: {11}}, "where a file in the library comes from is"),
        ([grab(1), imported(2, UNREADABLE), *UPGRADE[2:]], {1: {11}}, "the Arr's history does not name its files"),
        # the other download came first
        (
            [grab(1), imported(2, 11, download=NEW), imported(3, 10)],
            {1: {11}},
            "where a file in the library comes from",
        ),
        # imported again after it had been replaced
        ([*UPGRADE, imported(5, 12)], {1: {11}}, "where a file in the library comes from is not known"),
    ],
)
def test_what_is_not_known_or_still_there_proves_nothing(events, files, because):
    found = supersession(OLD, events, files)
    assert not found.proven
    assert found.because.startswith(because)


PACK = [grab(1, 1), grab(2, 2), imported(3, 10, 1), imported(4, 20, 2)]


@pytest.mark.parametrize(
    ("more", "files", "proven"),
    [
        ([imported(5, 11, 1, NEW)], {1: {11}, 2: {20}}, False),
        ([imported(5, 11, 1, NEW)], {1: {11}, 2: set()}, False),
        ([imported(5, 11, 1, NEW), imported(6, 21, 2, "C" * 40)], {1: {11}, 2: {21}}, True),
        ([imported(5, 11, 1, NEW), imported(6, 11, 2, NEW)], {1: {11}, 2: {11}}, True),  # one file for both
    ],
)
def test_every_episode_of_a_pack_has_to_be_replaced(more, files, proven):
    assert supersession(OLD, [*PACK, *more], files).proven is proven


ALBUM = [grab(1), imported(2, 10, part=7), imported(3, 11, part=8)]


@pytest.mark.parametrize(
    ("later", "present", "proven"),
    [
        ((20, 21), {20, 21}, True),
        ((20, 21, 22), {20, 21, 22}, True),
        ((20,), {20}, False),  # fewer tracks than before
        ((20, 21), {20}, False),
        ((20,), {20, 11}, False),
    ],
)
def test_an_album_has_to_have_as_many_tracks_as_before(later, present, proven):
    events = [*ALBUM, *(imported(4 + n, file, part=7 + n, download=NEW) for n, file in enumerate(later))]
    assert supersession(OLD, events, {1: present}).proven is proven


def test_what_the_arr_has_no_more_is_said_apart():
    gone = supersession(OLD, PACK, {1: None, 2: None})
    assert (gone.proven, gone.because, gone.deleted) == (True, DELETED, True)
    some = supersession(OLD, [*PACK, imported(5, 11, 1, NEW)], {1: {11}, 2: None})
    assert (some.proven, some.because, some.deleted) == (True, REPLACED_OR_DELETED, True)
    assert some.facts["deleted"] == [2]
    assert not supersession(OLD, PACK, {1: {10}, 2: None}).proven


@pytest.mark.parametrize(("number", "proven"), [(MOST_ITEMS, True), (MOST_ITEMS + 1, False)])
def test_too_many_items_prove_nothing(number, proven):
    events = [grab(item, item) for item in range(1, number + 1)]
    found = supersession(OLD, events, dict.fromkeys(range(1, number + 1)))
    assert found.proven is proven
    assert len(found.facts.get("deleted", ())) <= 20


# -- how far the history was read ---------------------------------------------------------------------------------

KNOWN = HistoryReading(newest=50, page=3, reached=1000.0, witnesses=(Witness(50, 5.0), Witness(49, 4.0)))


@pytest.mark.parametrize(
    ("events", "confirmed"),
    [
        ([Witness(60, 9.0), Witness(50, 5.0), Witness(49, 4.0)], 50),
        ([Witness(60, 9.0), Witness(49, 4.0)], 49),  # the newest one is gone with its item, or with a database
        ([Witness(60, 9.0), Witness(50, 6.0)], 0),  # another event of the same number
        ([Witness(3, 9.0)], 0),
        ([], 0),
    ],
)
def test_a_history_is_known_up_to_the_newest_event_that_is_still_there(events, confirmed):
    assert KNOWN.confirmed_by(events) == confirmed


@pytest.mark.parametrize(("number", "chosen"), [(0, 0), (19, 19), (20, 20), (21, 21), (45, 21), (46, 22), (5000, 60)])
def test_witnesses_are_the_newest_and_some_far_between(number, chosen):
    events = [Witness(number - n, 1.0) for n in range(number)]
    found = witnesses_of(events)
    assert len(found) == len(set(found)) == chosen
    assert found[:20] == tuple(events[:20])


def test_nothing_was_read_at_first():
    assert HistoryReading().reached == math.inf


def test_older_events_are_read_from_the_last_page_on():
    assert KNOWN.next_older == 2
    assert HistoryReading().next_older == 1
    first = HistoryReading().with_older(1, [Witness(9, 90.0), Witness(8, 80.0)], is_last=False)
    assert (first.page, first.reached) == (2, 80.0)
    last = first.with_older(2, [Witness(7, 70.0)], is_last=True)
    assert (last.page, last.reached) == (3, 0.0)


@pytest.mark.parametrize(("page", "oldest", "reached"), [(2, 1000.0, 1000.0), (3, 999.0, 999.0), (3, 1000.0, 0.0)])
def test_a_page_that_goes_no_further_back_is_the_last(page, oldest, reached):
    assert KNOWN.with_older(page, [Witness(1, oldest)], is_last=False).reached == reached
