import asyncio

import pytest

from qbitrr.clock import Clock
from qbitrr.errors import CredentialsRejectedError, UnreachableError
from qbitrr.state import logins
from qbitrr.state.database import open_writer
from qbitrr.state.logins import LoginRegister
from tests.support.polling import until


@pytest.fixture
async def two_processes(state_file):
    """Two workers have connections of their own to the same files."""
    lock = state_file.with_name("logins.lock")
    async with open_writer(state_file) as one, open_writer(state_file) as other:
        yield LoginRegister(one, lock, Clock()), LoginRegister(other, lock, Clock())


async def refuse(register, fingerprint="f"):
    with pytest.raises(CredentialsRejectedError):
        async with register.attempt("qBit", lambda: fingerprint):
            raise CredentialsRejectedError("qBit", "wrong password")


async def test_what_one_process_had_refused_the_other_does_not_try(two_processes):
    one, other = two_processes
    await refuse(one)
    with pytest.raises(CredentialsRejectedError, match="refused before"):
        async with other.attempt("qBit", lambda: "f"):
            pytest.fail("tried again")


async def test_changed_credentials_are_tried(two_processes):
    one, other = two_processes
    await refuse(one)
    async with other.attempt("qBit", lambda: "another"):
        pass
    async with one.attempt("qBit-2", lambda: "f"):
        pass


async def test_what_is_costly_to_compute_is_not_while_nothing_was_refused(two_processes):
    one, other = two_processes
    for register in two_processes:
        async with register.attempt("qBit", lambda: pytest.fail("computed")):
            pass
    await refuse(one)
    async with other.attempt("qBit-2", lambda: pytest.fail("computed")):
        pass


async def test_only_one_process_tries_at_a_time(two_processes, monkeypatch):
    one, other = two_processes
    order, refusals = [], []
    lock = logins._lock

    def counted(descriptor, service):
        got = lock(descriptor, service)
        if not got:
            refusals.append(service)
        return got

    monkeypatch.setattr(logins, "_lock", counted)

    async def wait_and_try():
        async with other.attempt("qBit", lambda: "f"):
            order.append("other")

    async with one.attempt("qBit", lambda: "f"):
        task = asyncio.create_task(wait_and_try())
        await until(lambda: len(refusals) >= 3, 5, "the other did not ask for the turn")
        order.append("one")
    await task
    assert order == ["one", "other"]


async def test_a_transport_error_refuses_nothing(two_processes):
    one, other = two_processes
    with pytest.raises(UnreachableError):
        async with one.attempt("qBit", lambda: "f"):
            raise UnreachableError("qBit", "no answer")
    async with other.attempt("qBit", lambda: "f"):
        pass


async def test_a_service_that_hangs_keeps_nobody_from_another(two_processes):
    one, other = two_processes
    async with one.attempt("qBit", lambda: "f"), other.attempt("qBit-2", lambda: "f"):
        pass
