"""Links in messages: whole or nothing, for one answer, once, for a time, and over restarts."""

import asyncio
import base64

import pytest

from control.auth import answer_links
from control.auth.answer_links import AnswerLinks
from qbitrr.clock import Clock
from qbitrr.errors import ConflictError, NotReadyError, StateError, UnauthorizedError

NOW = 1_700_000_000.0


class Time:
    """A wall clock that is set by hand."""

    def __init__(self):
        self.now = NOW
        self.clock = Clock(wall=lambda: self.now)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def opened(tmp_path, time):
    """Opens the links of the data folder, as each start of the daemon does."""
    made = []

    def open_():
        made.append(AnswerLinks(tmp_path / "answer-links.json", time.clock))
        return made[-1]

    yield open_
    for one in made:
        one.close()


async def use(links, link):
    async with links.used_up(links.verify(link)):
        pass


async def test_a_link_is_good_for_what_it_was_made_for_once_also_over_restarts(opened, tmp_path):
    (link,) = opened().issue(("7",), ["undo"])
    links = opened()
    claim = links.verify(link)
    assert (claim.purpose, claim.subject, claim.ends_at) == ("undo", ("7",), NOW + answer_links.LIFETIME_SECONDS)
    await use(links, link)
    for each in (links, opened()):
        with pytest.raises(ConflictError, match="answered"):
            await use(each, link)
    assert (tmp_path / "answer-links.json").stat().st_mode & 0o777 == 0o600


async def test_a_link_is_letters_and_digits_and_is_read_in_any_case(opened):
    links = opened()
    (link,) = links.issue(("123456789012345678",), ["leave"])
    assert link.isalnum()
    assert link.islower()
    assert len(link) < answer_links.LONGEST
    assert links.verify(link.upper()) == links.verify(link)


async def test_every_other_text_is_refused(opened):
    """Each byte changed, shortened, extended, and what is no link at all."""
    links = opened()
    link, other = links.issue(("7",), ["undo"])[0], links.issue(("8",), ["undo"])[0]
    whole = base64.b32decode(link + "=" * (-len(link) % 8), casefold=True)

    def encoded(raw):
        return base64.b32encode(raw).decode().rstrip("=").lower()

    changed = [encoded(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]) for at in range(len(whole))]
    other_raw = base64.b32decode(other + "=" * (-len(other) % 8), casefold=True)
    mixed = [encoded(whole[:16] + other_raw[16:]), encoded(whole[16:] + whole[:16])]
    unlike = ["", "a", link[:-8], link + "aaaaaaaa", "ä" * 20, "\udcff", "1" * 40, "0", "=" * 8, encoded(bytes(32))]
    for text in (*changed, *mixed, *unlike):
        with pytest.raises(UnauthorizedError):
            links.verify(text)


async def test_a_link_of_another_key_is_refused(opened, tmp_path):
    (link,) = opened().issue(("7",), ["undo"])
    (tmp_path / "answer-links.json").unlink()
    with pytest.raises(UnauthorizedError):
        opened().verify(link)


async def test_a_link_for_what_is_not_known_here_is_refused(opened):
    """As after the way back to an older version."""
    links = opened()
    (link,) = links.issue(("7",), ["rm -rf"])
    with pytest.raises(UnauthorizedError):
        links.verify(link)


async def test_it_expires(opened, time):
    links = opened()
    (link,) = links.issue(("7",), ["undo"])
    time.now += answer_links.LIFETIME_SECONDS - 1
    links.check_usable(links.verify(link))
    time.now += 1
    with pytest.raises(ConflictError, match="expired"):
        await use(links, link)


async def test_one_answer_to_a_question_is_the_only_one(opened):
    links = opened()
    do, leave = links.issue(("7",), ["do", "leave"])
    (again,) = links.issue(("7",), ["leave"])
    await use(links, leave)
    with pytest.raises(ConflictError):
        await use(links, do)
    await use(links, again)


async def test_of_two_at_once_one_is_used(opened):
    links = opened()
    (link,) = links.issue(("7",), ["undo"])
    given = []

    async def click():
        async with links.used_up(links.verify(link)):
            given.append(True)
            await asyncio.sleep(0)

    results = await asyncio.gather(*(click() for _ in range(5)), return_exceptions=True)
    assert given == [True]
    assert sorted(str(type(one).__name__) for one in results) == ["ConflictError"] * 4 + ["NoneType"]


async def test_what_was_refused_can_be_tried_again_also_after_a_restart(opened):
    links = opened()
    (link,) = links.issue(("7",), ["undo"])
    with pytest.raises(NotReadyError):
        async with links.used_up(links.verify(link)):
            raise NotReadyError("The worker does not run")
    await use(opened(), link)


async def test_what_may_have_been_done_is_not_tried_again(opened):
    links = opened()
    (link,) = links.issue(("7",), ["undo"])
    with pytest.raises(RuntimeError):
        async with links.used_up(links.verify(link)):
            raise RuntimeError("who knows")
    with pytest.raises(ConflictError):
        await use(opened(), link)


async def test_a_use_that_cannot_be_written_is_none(opened, monkeypatch):
    links = opened()
    (link,) = links.issue(("7",), ["undo"])

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(answer_links, "write_private", full)
        with pytest.raises(StateError, match="twice"):
            await use(links, link)
    await use(links, link)


async def test_no_more_are_remembered_than_a_number_and_none_is_forgotten_before_it_expires(opened, time, monkeypatch):
    monkeypatch.setattr(answer_links, "MOST_USED", 3)
    links = opened()
    used = [links.issue((str(number),), ["undo"])[0] for number in range(3)]
    for link in used:
        await use(links, link)
    (another,) = links.issue(("9",), ["undo"])
    with pytest.raises(ConflictError, match="Too many"):
        await use(links, another)
    time.now += answer_links.LIFETIME_SECONDS
    (new,) = links.issue(("10",), ["undo"])
    await use(links, new)
    time.now = NOW  # the clock was ahead
    for link in (*used, another, new):
        with pytest.raises(ConflictError):
            await use(opened(), link)


NO_KEY, SHORT_KEY = b'{"key": "", "answered": {}}', b'{"key": "eA==", "answered": {}}'


@pytest.mark.parametrize("content", [b"", b"{", NO_KEY, SHORT_KEY, b"\xff"])
async def test_a_damaged_file_makes_earlier_links_void_and_no_more(opened, tmp_path, content):
    (link,) = opened().issue(("7",), ["undo"])
    (tmp_path / "answer-links.json").write_bytes(content)
    links = opened()
    with pytest.raises(UnauthorizedError):
        links.verify(link)
    (new,) = links.issue(("7",), ["undo"])
    await use(opened(), new)
