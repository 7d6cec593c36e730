"""How often a tracker has to refuse a torrent before it is believed."""

from qbitrr.rules.tracker_refusals import APART_SECONDS, LEAST_SECONDS, refused_again


def after(*moments):
    refusals = None
    for moment in moments:
        refusals = refused_again(refusals, moment)
    return refusals


def test_three_times_over_an_hour():
    assert after(0, 1800, LEAST_SECONDS).proven
    assert not after(0, 1800, LEAST_SECONDS - 1).proven
    assert not after(0, LEAST_SECONDS).proven


def test_what_is_close_together_counts_once():
    assert after(*range(0, int(APART_SECONDS), 10)).times == 1
    assert after(0, APART_SECONDS - 1).times == 1
    assert after(0, APART_SECONDS).times == 2
