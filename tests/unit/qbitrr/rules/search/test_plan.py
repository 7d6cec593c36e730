"""What is searched next: tables for each rule, and promises over any library."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.search import plan
from qbitrr.rules.search.plan import Again, Item, SeasonItems, Switches
from qbitrr.rules.search.seasons import SeasonStage

DAY = 86400.0
NOW = 1_790_000_000.0
ALL = Switches(specials=True, custom_format=True, quality=True, upgrade=True)


def item(id_=1, **changes):
    fields = {
        "id": id_,
        "parent": 0,
        "season": None,
        "number": None,
        "title": f"Item {id_}",
        "year": 2020,
        "released_at": NOW - 100 * DAY,
        "is_request": False,
        "has_file": False,
        "quality_met": False,
        "custom_format_met": False,
        "upgrade": False,
        "tags": None,
        "searched_at": None,
        "tries": 0,
        "searched_release": NOW - 100 * DAY,
    }
    return Item(**fields | changes)


def episode(number, season=1, **changes):
    return item(10 * season + number, parent=7, season=season, number=number, **changes)


def order(items, switches=ALL):
    choices = filter(None, (plan.choice(one, switches, NOW) for one in items))
    return [choice.item.id for choice in plan.best([], choices, 100)]


@pytest.mark.parametrize(
    ("facts", "switches", "reason"),
    [
        ({}, Switches(), "Missing"),
        ({"has_file": True}, Switches(), None),
        ({"has_file": True}, ALL, "CustomFormat"),
        ({"has_file": True, "custom_format_met": True}, ALL, "Quality"),
        ({"has_file": True}, Switches(quality=True), "Quality"),
        ({"has_file": True, "quality_met": True}, Switches(quality=True), None),
        ({"has_file": True, "quality_met": True, "custom_format_met": True, "upgrade": True}, ALL, "Upgrade"),
        ({"has_file": True, "quality_met": True, "custom_format_met": True}, ALL, None),
        ({"season": 0, "number": 1}, Switches(), None),
        ({"season": 0, "number": 1}, ALL, "Missing"),
        ({"season": 0, "number": 1, "is_request": True}, Switches(), "Missing"),
    ],
)
def test_why_something_is_searched(facts, switches, reason):
    assert plan.reason_of(item(**facts), switches) == reason


@pytest.mark.parametrize(
    ("tries", "days", "due"),
    [(1, 0.99, False), (1, 1, True), (2, 1.99, False), (2, 2, True), (3, 3.99, False), (3, 4, True), (50, 64, True)],
)
def test_what_is_missing_waits_twice_as_long_each_time(tries, days, due):
    searched = item(searched_at=NOW - days * DAY, tries=tries)
    assert (plan.choice(searched, ALL, NOW) is not None) == due
    assert plan.choice(searched, Switches(again=False), NOW) is None


@pytest.mark.parametrize(("days", "due"), [(6.99, False), (7, True)])
def test_what_is_not_good_enough_waits_for_its_cooldown(days, due):
    searched = item(has_file=True, searched_at=NOW - days * DAY, tries=9)
    assert (plan.choice(searched, ALL, NOW) is not None) == due


def test_another_release_date_restarts_the_count():
    assert order([item(searched_at=NOW - 60, tries=9, released_at=NOW - DAY * 2)]) == [1]


@pytest.mark.parametrize(
    ("first", "second", "switches"),
    [
        (item(2, is_request=True), item(1, released_at=NOW - 60), ALL),
        (item(2, released_at=NOW - 60), item(1), ALL),
        (item(2, searched_at=None), item(1, searched_at=NOW - 9 * DAY, tries=1), ALL),
        (item(2), item(1, has_file=True), ALL),
        (item(2, has_file=True), item(1, has_file=True, custom_format_met=True), ALL),
        (item(2, year=1999), item(1, year=2001), ALL),
        (item(2, year=2001), item(1, year=1999), Switches(newest_first=True)),
        (item(2, year=2001, released_at=NOW - 200 * DAY), item(1, year=1999), Switches(by_year=False)),
        (item(1, released_at=NOW - 60, year=2001), item(2, year=2020), Switches(today_first=False)),
    ],
)
def test_what_comes_first(first, second, switches):
    assert order([second, first], switches) == [first.id, second.id]


def free(_):
    return True


def shows(missing, aired=4, season=1, **changes):
    return SeasonItems(aired, tuple(episode(number, season, **changes) for number in missing))


@pytest.mark.parametrize(
    ("seasons", "mode", "command", "ids", "cost"),
    [
        ({1: shows([1])}, "smart", "EpisodeSearch", (11,), 1),
        ({1: shows([1, 2])}, "smart", "EpisodeSearch", (11, 12), 2),
        ({1: shows([1, 2, 3])}, "smart", "EpisodeSearch", (11, 12, 13), 3),
        ({1: shows([1, 2, 3, 4])}, "smart", "SeasonSearch", (11, 12, 13, 14), 1),
        ({1: shows([1, 2, 3, 4]), 2: shows([1], 2, 2)}, "smart", "SeasonSearch", (11, 12, 13, 14), 1),
        ({1: shows([1, 2]), 2: shows([1], 1, 2)}, "smart", "EpisodeSearch", (11, 12), 2),
        ({1: shows([1, 2], 2), 2: shows([1], 1, 2)}, "smart", "SeriesSearch", (11, 12, 21), 2),
        ({1: shows([1, 2]), 2: shows([1], 1, 2)}, "true", "SeriesSearch", (11, 12, 21), 2),
        ({1: shows([1, 2, 3, 4])}, "false", "EpisodeSearch", (11,), 1),
        ({1: shows(range(1, 9), 20)}, "smart", "EpisodeSearch", (11, 12, 13, 14, 15), 5),
    ],
)
def test_as_much_of_a_series_is_searched_as_is_missing(seasons, mode, command, ids, cost):
    chosen = plan.choice(seasons[1].missing[0]._replace(), ALL, NOW)  # read from the state file another time
    search = plan.for_series(chosen, "Show", seasons, mode, free, free)
    assert (search.command, search.item_ids, search.cost) == (command, ids, cost)


def test_what_is_not_free_keeps_its_season_from_being_searched_whole():
    seasons = {1: shows([1, 2, 3, 4])}
    chosen = plan.choice(seasons[1].missing[0], ALL, NOW)
    search = plan.for_series(chosen, "Show", seasons, "smart", lambda one: one.number != 3, free)
    assert (search.command, search.item_ids) == ("EpisodeSearch", (11, 12, 14))


@pytest.mark.parametrize("mode", ["smart", "true"])
def test_a_series_is_not_searched_as_a_whole_when_something_of_a_season_that_is_not_monitored_is_missing(mode):
    """Sonarr leaves such a season out of a search for the series, not out of one for the season."""
    seasons = {1: shows([1, 2], 2)._replace(monitored=False), 2: shows([1, 2], 2, 2)}
    chosen = plan.choice(seasons[1].missing[0], ALL, NOW)
    search = plan.for_series(chosen, "Show", seasons, mode, free, free)
    assert (search.command, search.season, search.item_ids) == ("SeasonSearch", 1, (11, 12))
    complete = {1: seasons[1]._replace(missing=()), 2: seasons[2]}
    chosen = plan.choice(seasons[2].missing[0], ALL, NOW)
    assert plan.for_series(chosen, "Show", complete, "true", free, free).command == "SeriesSearch"


def test_the_reason_says_when_more_is_searched_than_is_missing():
    season = {1: shows([1, 2, 3, 4])}
    series = {1: shows([1, 2], 2), 2: shows([1, 2], 2, 2)}
    for seasons, words in ((season, "the whole season is searched"), (series, "the whole series is searched")):
        chosen = plan.choice(seasons[1].missing[0], ALL, NOW)
        assert plan.for_series(chosen, "Show", seasons, "smart", free, free).why.endswith(words)


RESTING, RETURNING = SeasonStage.RESTING, SeasonStage.RETURNING


@pytest.mark.parametrize(
    ("stages", "mode", "command", "ids"),
    [
        ({1: RESTING}, "smart", "EpisodeSearch", (11, 12)),
        ({2: RESTING}, "smart", "SeasonSearch", (11, 12)),  # the series is not searched while one of its seasons rests
        ({1: RETURNING, 2: RETURNING}, "smart", "SeriesSearch", (11, 12, 21, 22)),
        ({1: RETURNING, 2: RESTING}, "smart", "SeasonSearch", (11, 12)),
    ],
)
def test_a_season_of_which_a_search_found_nothing_is_searched_by_its_episodes(stages, mode, command, ids):
    seasons = {number: shows([1, 2], 2, number) for number in (1, 2)}
    seasons = {number: one._replace(stage=stages.get(number, one.stage)) for number, one in seasons.items()}
    chosen = plan.choice(seasons[1].missing[0], ALL, NOW)
    search = plan.for_series(chosen, "Show", seasons, mode, free, free)
    assert (search.command, search.item_ids) == (command, ids)
    assert ("found nothing" in search.why) == (command == "EpisodeSearch")


def test_the_reason_for_one_episode_says_that_its_season_was_searched_in_vain():
    seasons = {1: shows([1, 2, 3, 4])._replace(stage=RESTING)}
    chosen = plan.choice(seasons[1].missing[0], ALL, NOW)
    search = plan.for_series(chosen, "Show", seasons, "smart", lambda one: one.number == 1, free)
    assert search.item_ids == (11,)
    assert search.why == "missing; a search for the whole season found nothing"
    few = {1: shows([1], 4)._replace(stage=RESTING)}  # as one episode of it is missing, it would not be searched whole
    assert plan.for_series(chosen, "Show", few, "smart", free, free).why == "missing"


def test_of_a_season_that_returns_from_its_rest_one_episode_has_to_be_due_and_none_may_be_downloading():
    seasons = {1: shows([1, 2, 3, 4])._replace(stage=RETURNING)}
    chosen = plan.choice(seasons[1].missing[0], ALL, NOW)
    alone = lambda one: one.number == 1  # noqa: E731 - a predicate of two calls
    assert plan.for_series(chosen, "Show", seasons, "smart", alone, free).command == "SeasonSearch"
    some = plan.for_series(chosen, "Show", seasons, "smart", alone, lambda one: one.number != 3)
    assert (some.command, some.item_ids) == ("EpisodeSearch", (11,))
    normal = {1: shows([1, 2, 3, 4])}
    assert plan.for_series(chosen, "Show", normal, "smart", alone, free).command == "EpisodeSearch"


@pytest.mark.parametrize(("again", "has_file", "due"), [
    (None, False, False), (Again.SEASON, False, True), (Again.SEASON, True, False), (Again.INDEXERS, False, True),
    (Again.INDEXERS, True, True),
])  # fmt: skip
def test_what_proved_nothing_is_searched_again_at_once(again, has_file, due):
    searched = item(searched_at=NOW - 60, tries=3, again=again, has_file=has_file)
    assert (plan.choice(searched, ALL, NOW) is not None) == due


HOUR = 3600.0
RETRIES = Switches(retry_after_release_seconds=2 * DAY)


def after_release(hours, **changes):
    """An item that was searched last so many hours after its release."""
    released_at = NOW - 100 * DAY
    return item(
        released_at=released_at, searched_release=released_at, searched_at=released_at + hours * HOUR, **changes
    )


@pytest.mark.parametrize(
    ("hours", "tries", "wait"),
    [
        (0, 1, 3),
        (3, 2, 6),
        (9, 3, 12),
        (47.9, 1, 3),
        (47.9, 4, 24),
        (48, 1, 24),  # the time for retries is over
        (48, 4, 72),  # for no longer than it was out, and a day, instead of for eight days
        (48, 2, 48),
        (-1, 1, 24),  # a clock was wrong
        (-1, 5, 16 * 24),
        (99 * 24, 5, 16 * 24),
    ],
)
def test_soon_after_its_release_what_is_missing_is_searched_again_sooner(hours, tries, wait):
    searched = after_release(hours, tries=tries)
    assert plan.due_at(searched, "Missing", RETRIES) == searched.searched_at + wait * HOUR


def test_without_a_date_without_the_key_or_with_a_file_it_waits_as_ever():
    dateless = item(released_at=None, searched_release=None, searched_at=NOW, tries=1)
    assert plan.due_at(dateless, "Missing", RETRIES) == NOW + DAY
    searched = after_release(0, tries=1)
    assert plan.due_at(searched, "Missing", Switches()) == searched.searched_at + DAY
    assert plan.due_at(searched, "Quality", RETRIES) == searched.searched_at + 7 * DAY
    assert plan.due_at(searched, "Missing", Switches(again=False, retry_after_release_seconds=2 * DAY)) is None


def test_the_searches_of_the_first_month_after_a_release_are_few():
    """With retries and without, as many days apart later on."""
    released = NOW - 100 * DAY

    def hours(switches):
        found, one = [0.0], item(released_at=released, searched_release=released, searched_at=released, tries=1)
        while (due := plan.due_at(one, "Missing", switches)) <= released + 30 * DAY:
            found.append((due - released) / HOUR)
            one = one._replace(searched_at=due, tries=one.tries + 1)
        return found

    assert hours(Switches()) == [0, 24, 72, 168, 360]
    assert hours(RETRIES) == [0, 3, 9, 21, 45, 93, 210, 444]


def test_what_is_retried_comes_after_todays_releases_and_before_everything_else():
    retried = item(3, released_at=NOW - 1.5 * DAY, searched_release=NOW - 1.5 * DAY, searched_at=NOW - DAY, tries=1)
    today, other = item(2, released_at=NOW - 60), item(1)
    assert order([other, retried, today], RETRIES) == [2, 3, 1]
    assert order([other, retried, today], Switches()) == [2, 1, 3]
    assert plan.single(plan.choice(retried, RETRIES, NOW), "MoviesSearch").why == (
        "released lately; missing, searched once before"
    )


def test_what_was_searched_while_no_indexer_answered_comes_right_after_requests():
    repeated = item(4, searched_at=NOW - 60, tries=9, again=Again.INDEXERS)
    assert order([item(1), item(2, released_at=NOW - 60), item(3, is_request=True), repeated]) == [3, 4, 2, 1]
    assert plan.choice(repeated, ALL, NOW).rank[0] < plan.choice(item(2, released_at=NOW - 60), ALL, NOW).rank[0]


items_ = st.builds(
    item,
    st.integers(1, 40),
    year=st.integers(1990, 2026),
    has_file=st.booleans(),
    quality_met=st.booleans(),
    upgrade=st.booleans(),
    is_request=st.booleans(),
)


@given(library=st.lists(items_, unique_by=lambda one: one.id), newest=st.booleans())
def test_everything_wanted_is_reached_and_nothing_is_searched_within_its_cooldown(library, newest):
    switches = Switches(custom_format=True, quality=True, upgrade=True, newest_first=newest)
    now, state = NOW, {one.id: one for one in library}
    searchable = {one.id for one in library if plan.reason_of(one, switches)}
    searched = []
    for _ in range(3 * len(searchable)):
        now += 3600.0
        choices = filter(None, (plan.choice(one, switches, now) for one in state.values()))
        for chosen in plan.best([], choices, 1):
            before = chosen.item.searched_at
            assert before is None or now - before >= DAY
            searched.append(chosen.item.id)
            tries = plan.tries_of(chosen.item) + 1
            state[chosen.item.id] = chosen.item._replace(searched_at=now, tries=tries)
    assert set(searched) == searchable


def shows_(draw, count):
    """Series with episodes of some seasons, some of them there."""
    made, number = [], 0
    for series in range(1, count + 1):
        for season in range(draw(st.integers(0, 1)), draw(st.integers(1, 3)) + 1):
            for place in range(1, draw(st.integers(1, 6)) + 1):
                number += 1
                made.append(item(number, parent=series, season=season, number=place, has_file=draw(st.booleans())))
    return made


@st.composite
def libraries(draw):
    return shows_(draw, draw(st.integers(1, 3)))


@given(
    library=libraries(),
    mode=st.sampled_from(["smart", "true", "false"]),
    specials=st.booleans(),
    arrivals=st.lists(items_, max_size=12),
)
def test_every_episode_is_reached_in_a_bounded_number_of_rounds_however_series_are_searched(
    library, mode, specials, arrivals
):
    """One search in a round of an hour, another request in each of the first.

    As waiting doubles, none is searched more than four times in these two weeks.
    """
    switches = Switches(specials=specials)
    state = {one.id: one for one in library}
    searchable = {one.id for one in library if plan.reason_of(one, switches)}
    searched_at = {}
    coming = [one._replace(id=1000 + n, season=None, is_request=True, has_file=False) for n, one in enumerate(arrivals)]
    for number in range(4 * (len(searchable) + len(coming))):
        now = NOW + 3600.0 * number
        if coming:
            new = coming.pop()
            state[new.id] = new
        chosen = plan.best([], filter(None, (plan.choice(one, switches, now) for one in state.values())), 1)
        if not chosen:
            continue
        search = plan.single(chosen[0], "MoviesSearch")
        if chosen[0].item.season is not None:
            seasons = seasons_of(state, chosen[0].item.parent, specials)

            def is_free(one, now=now):
                return plan.choice(one, switches, now) is not None

            search = plan.for_series(chosen[0], "Show", seasons, mode, is_free, free)
            assert search.cost <= max(plan.EPISODES_AT_ONCE, len(seasons))
        assert chosen[0].item.id in search.item_ids
        for found in search.item_ids:
            tries = plan.tries_of(state[found])
            assert found not in searched_at or now - searched_at[found] >= DAY * (1 << (tries - 1))
            searched_at[found] = now
            state[found] = state[found]._replace(searched_at=now, tries=tries + 1)
    assert searchable <= searched_at.keys()


def seasons_of(state, series, specials):
    """As the worker reads them from the state file."""
    by_season = {}
    for one in state.values():
        if one.parent == series and one.season is not None and (one.season or specials):
            by_season.setdefault(one.season, []).append(one)
    return {
        number: SeasonItems(len(some), tuple(one for one in some if not one.has_file))
        for number, some in by_season.items()
    }
