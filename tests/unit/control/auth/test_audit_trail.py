"""The audit trail: written before a change, closed with its end, bounded."""

import asyncio

import pytest

from control.auth import audit_trail
from control.auth.audit_trail import AuditTrail
from control.auth.roles import Author, Caller
from qbitrr.clock import Clock
from qbitrr.errors import ConflictError

NOW = 1_700_000_000.0
ME = Author("192.168.1.7", Caller.CREDENTIAL, "token")
STRANGER = Author("192.168.1.8", Caller.PRIVATE)


@pytest.fixture
def trail(tmp_path):
    return AuditTrail(tmp_path / "audit.db", Clock(wall=lambda: NOW))


async def test_an_entry_is_there_before_the_change_and_ends_with_it(trail, tmp_path):
    async with trail.entry(ME, "POST /web/config", "Settings.Shadow"):
        (open_entry,) = await trail.newest(10)
        assert open_entry.outcome is None
    (entry,) = await trail.newest(10)
    assert entry._asdict() == {
        "id": 1, "at": NOW, "caller": "credential", "address": "192.168.1.7", "proof": "token",
        "action": "POST /web/config", "subject": "Settings.Shadow", "outcome": "done",
    }  # fmt: skip
    assert (tmp_path / "audit.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("error", "outcome"), [(ConflictError("no"), "CONFLICT"), (ValueError(), "INTERNAL_ERROR")])
async def test_what_failed_has_its_code(trail, error, outcome):
    with pytest.raises(type(error)):
        async with trail.entry(ME, "POST /web/config"):
            raise error
    assert [entry.outcome for entry in await trail.newest(10)] == [outcome]


async def test_a_change_whose_client_disconnects_has_an_end(trail):
    begun = asyncio.Event()

    async def change():
        async with trail.entry(ME, "POST /web/reload"):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(change())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await trail.newest(1))[0].outcome == "INTERNAL_ERROR"


async def test_those_who_proved_nothing_cannot_push_others_out(trail, monkeypatch):
    monkeypatch.setattr(audit_trail, "KEPT", {True: 3, False: 2})
    for number in range(5):
        async with trail.entry(ME, f"mine {number}"):
            pass
    for number in range(5):
        async with trail.entry(STRANGER, f"theirs {number}"):
            pass
    actions = [entry.action for entry in await trail.newest(10)]
    assert actions == ["theirs 4", "theirs 3", "mine 4", "mine 3", "mine 2"]


async def test_pages_go_back_from_an_id(trail):
    for number in range(5):
        async with trail.entry(ME, str(number)):
            pass
    newest = await trail.newest(2)
    assert [entry.action for entry in newest] == ["4", "3"]
    assert [entry.action for entry in await trail.newest(2, newest[-1].id)] == ["2", "1"]


async def test_a_trail_that_cannot_be_written_is_no_reason_to_refuse_a_change(tmp_path):
    trail = AuditTrail(tmp_path / "gone" / "audit.db", Clock())
    done = False
    async with trail.entry(ME, "POST /web/arr/movies/discard"):
        done = True
    assert done
    assert await trail.newest(10) == []


async def test_a_damaged_file_is_set_aside(trail, tmp_path):
    (tmp_path / "audit.db").write_bytes(b"something else" * 1000)
    async with trail.entry(ME, "after it"):
        pass
    assert [entry.action for entry in await trail.newest(10)] == ["after it"]
    assert (tmp_path / "audit.db.damaged").read_bytes() == b"something else" * 1000


async def test_a_long_subject_is_cut(trail):
    async with trail.entry(ME, "POST /web/config", "x" * 1_000_000):
        pass
    assert len((await trail.newest(1))[0].subject) <= 2_000


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        ("POST /web/arr/movies/imports/answer", ""),
        ("POST /web/arr/movies/imports/answer", "leave"),
        ("POST /web/answer", "undo"),
        ("POST /web/answer", "import"),
        ("POST /web/answer", "import, hash"),
        ("POST /web/answer", "something else"),
    ],
)
async def test_an_answer_in_a_form_that_is_not_known_hides_no_other(trail, action, subject):
    async with trail.entry(ME, action, subject):
        pass
    async with trail.entry(ME, "POST /web/actions/46/undo"):
        pass
    assert await trail.answers() == [(NOW, "46", "undo")]
