"""Budgets: what fits, what one client may have of it, and which addresses are one client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.web.budget import Budget, client_of
from qbitrr.errors import OverloadedError


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.168.1.2", "192.168.1.2"),
        ("::ffff:192.168.1.2", "192.168.1.2"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("control socket", "control socket"),
    ],
)
def test_addresses_that_one_client_can_use(address, client):
    assert client_of(address) == client


def test_what_does_not_fit_is_refused_until_something_is_released():
    budget = Budget("bytes", 10, 10)
    assert budget.acquire("a", 6)
    assert budget.acquire("b", 4)
    assert not budget.acquire("c", 1)
    budget.release("a", 6)
    assert budget.acquire("c", 6)
    assert budget.used == 10


def test_a_client_has_its_share_and_others_have_the_rest():
    budget = Budget("bytes", 10, 4)
    assert budget.acquire("a", 3)
    assert not budget.acquire("a", 2)
    assert budget.acquire("a", 1)
    assert budget.acquire("b", 4)
    assert budget.used == 8


def test_something_larger_than_the_budget_is_possible_alone():
    budget = Budget("bytes", 10, 4)
    assert budget.acquire("a", 30)
    assert not budget.acquire("b")
    assert not budget.acquire("a")
    budget.release("a", 30)
    assert budget.acquire("b")
    assert not budget.acquire("a", 30)


def test_it_is_held_within_a_block_also_when_that_fails():
    budget = Budget("large answers", 1, 1)
    with budget.held("a"):
        with pytest.raises(OverloadedError, match="Too many large answers; ask again in a moment"), budget.held("b"):
            pass
        assert budget.used == 1
    with pytest.raises(ZeroDivisionError), budget.held("a"):
        raise ZeroDivisionError
    assert budget.used == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.booleans())))
def test_neither_the_total_nor_a_share_is_exceeded_by_a_second_one(steps):
    budget = Budget("bytes", 12, 5)
    held = []
    for client, amount, releases in steps:
        before = [one for one in held if one[0] == client]
        if budget.acquire(client, amount):
            assert not held or budget.used <= 12
            assert not before or sum(one[1] for one in before) + amount <= 5
            held.append((client, amount))
        if releases and held:
            budget.release(*held.pop(0))
        assert budget.used == sum(one[1] for one in held)
    for one in held:
        budget.release(*one)
    assert budget.used == 0
    assert budget._by_client == {}
