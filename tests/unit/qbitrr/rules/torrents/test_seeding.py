"""Each rule about seeding with both sides of each boundary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.config.model import HitAndRun, SeedingMode, TrackerRow
from qbitrr.rules import trackers
from qbitrr.rules.adjustment import Adjustment
from qbitrr.rules.facts import SeedingFacts
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.hit_and_run import Announce, Clearance, HitAndRunRules, clearance
from qbitrr.rules.seeding import EffectiveLimits, RateLimits, limits_for
from qbitrr.rules.torrents import judge
from qbitrr.rules.torrents.seeding import WRITE_AGAIN_SECONDS
from qbitrr.rules.verdict import Action
from tests import factories
from tests.factories import NOW

POLICY = factories.policy(ignore_younger_than_seconds=0, stalled_delay_seconds=-1)
ALONE = replace(POLICY, with_arr=False)
LIMITS = EffectiveLimits(remove=1, ratio=2.0)
IMPORTED = History(imports=ImportFacts(imported=True))
TORRENT = factories.completed(state="stalledUP", seeding=factories.seeding(ratio=2.0, seconds=100.0))
CONTEXT = factories.context(queue=None, limits=LIMITS, history=IMPORTED)
DIFFERENCE = Adjustment(RateLimits(download_limit=1024))


def judged(torrent=TORRENT, policy=POLICY, **context):
    found = judge(torrent, replace(CONTEXT, **context), policy, NOW)
    return found.action, found.last.rule


def seeding(**changes):
    return replace(TORRENT, seeding=replace(TORRENT.seeding, **changes))


@pytest.mark.parametrize("state", ["stalledUP", "uploading", "stoppedUP", "queuedUP"])
def test_what_has_reached_its_limits_is_removed_in_every_state_of_seeding(state):
    assert judged(replace(TORRENT, state=state)) == (Action.REMOVE, "seeding_is_over")
    assert judged(seeding(ratio=1.99)) == (Action.NOTHING, "seeding_is_over")


@pytest.mark.parametrize("state", ["checkingUP", "moving", "missingFiles", "error"])
def test_what_is_busy_or_in_trouble_is_not_removed(state):
    assert judged(replace(TORRENT, state=state))[0] is not Action.REMOVE


def test_without_proof_of_import_nothing_is_removed():
    unknown = History()
    assert judged(history=unknown)[1] == "not_in_queue"
    tagged = replace(TORRENT, tags=frozenset({"qBitrr-imported"}))
    assert judged(tagged, history=unknown) == (Action.CHECK_IMPORT, "seeding_is_over")
    checked = History(imports=ImportFacts(checks=1, checked_at=NOW - 299))
    assert judged(tagged, history=checked) == (Action.NOTHING, "imported")
    for checked_at in (NOW - 300, NOW + 7200):  # the other one by a clock that was ahead
        waited = History(imports=ImportFacts(checks=1, checked_at=checked_at))
        assert judged(tagged, history=waited) == (Action.CHECK_IMPORT, "seeding_is_over")


def test_a_category_without_an_arr_needs_no_proof():
    assert judged(policy=ALONE, history=History(), queue_known=False) == (Action.REMOVE, "seeding_is_over")
    assert judged(policy=ALONE, limits=EffectiveLimits()) == (Action.NOTHING, "seeding")


def test_what_the_arr_still_lists_or_may_list_is_not_removed():
    queue = factories.queue(tracked_state="importing")
    assert judged(queue=queue) == (Action.NOTHING, "seeding_is_over")
    assert judged(queue=replace(queue, tracked_state="imported"))[0] is Action.REMOVE
    assert judged(queue_known=False) == (Action.NOTHING, "seeding_is_over")


def test_an_unmet_or_unknown_minimum_keeps_it():
    assert judged(clearance=Clearance(False, "something is owed", in_seconds=60.0)) == (
        Action.NOTHING,
        "seeding_is_over",
    )
    assert judged(limits=None) == (Action.NOTHING, "imported")
    found = judge(TORRENT, replace(CONTEXT, clearance=Clearance(False, "x", in_seconds=60.0)), POLICY, NOW)
    assert found.revisit_at == NOW + 60


def test_it_is_judged_again_when_its_time_may_have_come():
    context = replace(CONTEXT, limits=EffectiveLimits(remove=2, seconds=160.0))
    assert judge(TORRENT, context, POLICY, NOW).revisit_at == NOW + 60
    assert judge(seeding(counting=False), context, POLICY, NOW).revisit_at is None


def test_it_is_judged_again_when_time_alone_may_change_what_a_rule_passed():
    written = replace(IMPORTED, adjusted=DIFFERENCE, adjusted_at=NOW - 5)
    context = replace(CONTEXT, limits=EffectiveLimits(), adjustment=DIFFERENCE, history=written)
    assert judge(TORRENT, context, POLICY, NOW).revisit_at == NOW - 5 + WRITE_AGAIN_SECONDS
    later = replace(context, history=replace(written, adjusted_at=NOW - WRITE_AGAIN_SECONDS))
    assert judge(TORRENT, later, POLICY, NOW).action is Action.ADJUST
    unproven = replace(CONTEXT, history=History(), limits=EffectiveLimits(remove=2, seconds=160.0))
    assert judge(TORRENT, unproven, POLICY, NOW).revisit_at == NOW + 60


def test_a_decision_of_the_user_holds_for_a_day():
    decided = replace(IMPORTED, discarded_at=NOW - 86399)
    assert judged(history=decided) == (Action.NOTHING, "seeding_is_over")
    assert judged(history=replace(decided, discarded_at=NOW - 86400))[0] is Action.REMOVE


def test_settings_are_written_before_anything_else_and_again_after_an_hour():
    assert judged(adjustment=DIFFERENCE) == (Action.ADJUST, "settings_differ")
    written = replace(IMPORTED, adjusted=DIFFERENCE, adjusted_at=NOW - WRITE_AGAIN_SECONDS + 1)
    assert judged(adjustment=DIFFERENCE, history=written)[1] == "seeding_is_over"
    later = replace(written, adjusted_at=NOW - WRITE_AGAIN_SECONDS)
    assert judged(adjustment=DIFFERENCE, history=later)[0] is Action.ADJUST
    other = replace(written, adjusted=Adjustment(RateLimits(upload_limit=1)))
    assert judged(adjustment=DIFFERENCE, history=other)[0] is Action.ADJUST


def test_addresses_of_trackers_do_not_get_into_the_facts():
    request = Adjustment(
        add_trackers=("https://tracker.example/0123456789/announce",), remove_trackers=("udp://b.example:1/x",)
    )
    assert request.in_facts() == {"add_trackers": ["tracker.example"], "remove_trackers": ["b.example"]}


hosts = st.sampled_from(["a.org", "x.a.org", "b.org"])
rows = st.lists(
    st.builds(
        TrackerRow,
        uri=hosts,
        priority=st.integers(-1, 1),
        max_upload_ratio=st.sampled_from([-1.0, 0.0, 1.0, 3.0]),
        max_seeding_seconds=st.sampled_from([-1, 0, 60, 600]),
        remove_if_exists=st.booleans(),
        hit_and_run=st.builds(
            HitAndRun,
            mode=st.sampled_from(["and", "or", "disabled"]),
            min_seed_ratio=st.sampled_from([0.0, 2.0]),
            min_seeding_seconds=st.sampled_from([0, 300]),
        ),
    ),
    max_size=4,
)
modes = st.builds(
    SeedingMode,
    max_upload_ratio=st.sampled_from([-1.0, 1.0]),
    max_seeding_seconds=st.sampled_from([-1, 60]),
    remove_torrent=st.sampled_from([-1, 1, 2, 3, 4]),
)
announced = st.none() | st.lists(hosts.map("http://{}/announce".format), max_size=3, unique=True).map(tuple)
seeders = st.builds(
    SeedingFacts,
    complete=st.just(True),
    progress=st.just(1.0),
    ratio=st.sampled_from([0.0, 1.0, 2.0, 5.0]),
    seconds=st.sampled_from([0, 60, 300, 700]),
    own_ratio_limit=st.sampled_from([-1.0, 4.0]),
)


@given(rows, modes, announced, seeders)
def test_no_rows_limits_and_trackers_remove_anything_below_a_minimum(rows, mode, announced, seeder):
    """As the worker puts it all together, against what the rows ask for."""
    merged = trackers.merged(rows)
    found = trackers.matching(merged, announced or ())
    urls = None if announced is None else tuple(map(Announce, announced))
    limits = limits_for(mode, found) if announced is not None or not merged else None
    torrent = replace(TORRENT, seeding=seeder)
    action, rule = judged(torrent, limits=limits, clearance=clearance(seeder, urls, HitAndRunRules(merged)))
    assert action in (Action.NOTHING, Action.REMOVE), rule
    if action is not Action.REMOVE:
        return
    assert mode.remove_torrent != -1
    for row in merged:
        if announced is None or not any(trackers.matches(row, url) for url in announced):
            continue
        minimum = row.hit_and_run
        ratio, time = seeder.ratio >= minimum.min_seed_ratio, seeder.seconds >= minimum.min_seeding_seconds
        asked = [met for met, least in ((ratio, minimum.min_seed_ratio), (time, minimum.min_seeding_seconds)) if least]
        assert minimum.mode == "disabled" or not asked or (all(asked) if minimum.mode == "and" else any(asked))
        if not row.remove_if_exists and mode.remove_torrent in (1, 4):
            assert seeder.ratio >= row.max_upload_ratio
        if not row.remove_if_exists and mode.remove_torrent in (2, 4):
            assert seeder.seconds >= row.max_seeding_seconds
    assert seeder.own_ratio_limit < 0 or seeder.ratio >= seeder.own_ratio_limit
