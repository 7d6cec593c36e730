import pytest

from tests.support.generated import FILES, ROOT
from tests.support.state_machines import worker


@pytest.mark.parametrize("name", FILES)
def test_what_is_generated_is_up_to_date(name):
    """`make docs` renews it."""
    assert (ROOT / name).read_text() == FILES[name]()


def test_every_event_of_the_life_cycle_is_tried():
    assert not worker.uncovered()
