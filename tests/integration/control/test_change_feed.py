"""The feed of changes: each contradiction in the settings of an Arr is published once, until it is resolved."""

import pytest

from control.change_feed import ChangeFeed
from control.events import SettingContradicts
from qbitrr.ipc import Contradiction
from supervisor.worker_process import LastReport
from tests.integration.control.sample import fake_process

REMOVES = Contradiction("removes_completed", "Radarr deletes", "Switch it off")
AWAY = Contradiction("client_unavailable", "Radarr does not reach it", "Test it")


@pytest.fixture
def polled(make_context):
    """Polls once with these contradictions in the last report of `movies`; returns what was published of them."""
    context, published = make_context(), []
    feed = ChangeFeed(context, published.append)
    movies = context.workers.processes["movies"].config.arr

    def poll(found):
        context.workers.processes["movies"] = fake_process(movies, last_report=LastReport(contradictions=found))
        published.clear()
        feed.poll_contradictions()
        return [(one.category, one.kind) for one in published if isinstance(one, SettingContradicts)]

    return poll


def test_a_contradiction_is_published_once_until_it_is_resolved(polled):
    assert polled(None) == []
    assert polled((REMOVES,)) == [("movies", "removes_completed")]
    assert polled((REMOVES, AWAY)) == [("movies", "client_unavailable")]
    assert polled(None) == []  # the worker was restarted and has read nothing yet
    assert polled((REMOVES, AWAY)) == []
    assert polled((REMOVES,)) == []
    assert polled((REMOVES, AWAY)) == [("movies", "client_unavailable")]
