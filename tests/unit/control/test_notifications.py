"""Notifications: which events have one, collected, retried, and without a secret."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from control.announced import AnnouncedFile
from control.auth.answer_links import fingerprint
from control.events import BreakerTripped, SettingContradicts, UpdateAvailable, WorkerGone
from control.handlers.decisions import Decision
from control.handlers.inbox import InboxEntry, WorkerChange
from control.handlers.processes import ProcessView
from control.message_text import plain
from control.notifications import NotificationSender, message
from control.outbox import MOST_PENDING
from qbitrr.backoff import Backoff
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.config.model import Notifications, NotificationTarget
from qbitrr.config.redact import secrets_of
from qbitrr.rules.quarantine import UNDO_REFUSED, UNDOING
from supervisor.lifecycle import Phase
from tests.support.polling import until

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
PAGE = "http://nas:6969/ui"
AT_ONCE = Backoff(first_seconds=0.0, limit_seconds=0.0)
TO_ONE = Notifications(urls=("json://x",), digest_seconds=0)


def no_links(_subject, _purposes):
    return []


def links(subject, purposes):
    return [f"{PAGE}/{purpose}/{'/'.join(subject)}" for purpose in purposes]


def worker(state, category="movies", waiting_for=None, error="it ended", entry=None):
    values = dict.fromkeys(ProcessView.__struct_fields__)
    given = {"category": category, "phase": state, "waiting_for": waiting_for, "last_error": error}
    return WorkerChange(ProcessView(**{**values, **given}), entry)


REFUSED = InboxEntry("credentials", "movies", "Radarr", "status 401", "Correct APIKey of Radarr")
TRIPPED = BreakerTripped("movies", "11 deletions in an hour")
AWAITS_APPROVAL = worker(Phase.HELD, waiting_for="approval", error="11 deletions in an hour; approve or discard them")
IS_REFUSED = worker(Phase.HELD, waiting_for="Radarr", error="status 401", entry=REFUSED)


def decision(state="done", **changes):
    values = dict.fromkeys(Decision.__struct_fields__)
    given = {
        "id": 7,
        "category": "movies",
        "name": "Some.Movie",
        "action": "fail",
        "because": "it is stalled",
        "notes": {},
    }
    return Decision(**{**values, **given, "state": state, **changes})


@pytest.mark.parametrize(
    ("what", "events"),
    [
        (worker(Phase.DEGRADED), ("worker",)),
        (worker(Phase.HELD), ("worker",)),
        (worker(Phase.RUNNING), None),
        (worker(Phase.WAITING), None),
        (AWAITS_APPROVAL, None),  # its breaker is the message
        (IS_REFUSED, ("worker", "inbox")),
        (REFUSED, None),  # its worker is the message
        (decision(), ("action",)),
        (decision("planned"), None),
        (decision("awaiting_approval"), None),  # its breaker is the message
        (decision("awaiting_approval", notes={"asked": True}), ("ask",)),
        (decision("failed"), None),
        (decision(step=UNDOING), None),  # it had its message when it was done
        (decision(notes={UNDO_REFUSED: True}), None),
        (TRIPPED, ("breaker", "worker")),
        (InboxEntry("import", "movies", "A.Movie", "it is refused"), ("inbox",)),
        (SettingContradicts("movies", "removes_completed", "Radarr deletes", "Switch it off"), ("settings",)),
    ],
)
def test_which_events_have_a_message(what, events):
    found = message(what, PAGE, no_links)
    assert (found[0] if found else None) == events


REMOVED = decision(notes={"torrent_file": "7.torrent"})
ASKED = decision("awaiting_approval", notes={"asked": True})
WHAT = "fail: Some.Movie (movies), because it is stalled."


@pytest.mark.parametrize(
    ("what", "links", "text"),
    [
        (REMOVED, no_links, f"{WHAT} Undo at {PAGE}"),
        (REMOVED, links, f"{WHAT} Undo: {PAGE}/undo/7"),
        (decision(), links, WHAT),  # its torrent was not kept
        (decision(action="import", notes={"torrent_file": "7.torrent"}), links, WHAT.replace("fail", "import")),
        (ASKED, no_links, f"Do it or leave it? {WHAT} Answer at {PAGE}"),
        (ASKED, links, f"Do it or leave it? {WHAT} Do it: {PAGE}/do/7 · Leave it: {PAGE}/leave/7"),
    ],
)
def test_the_message_of_an_action_has_its_reason_and_the_answers_that_there_are(what, links, text):
    assert plain(message(what, PAGE, links)[1]) == text


def test_the_message_of_a_setting_has_the_remedy():
    setting = SettingContradicts("movies", "removes_completed", "Radarr deletes torrents", "Switch it off")
    assert plain(message(setting, PAGE, no_links)[1]) == "Radarr deletes torrents (movies). Switch it off."


class Sender:
    """Records what was sent; the first `failures` attempts fail."""

    def __init__(self, failures=0):
        self.failures = failures
        self.sent = []
        self.tried = 0

    async def __call__(self, urls, title, body):
        self.tried += 1
        if self.tried <= self.failures:
            return False
        self.sent.append(body.plain)
        return True


@pytest.fixture
def path(tmp_path):
    return tmp_path / "notifications.json"


@pytest.fixture
def started(path):
    """A sender with what is in its file."""

    def start(send, settings=TO_ONE, clock=None, send_seconds=5.0):
        file = AnnouncedFile(path)
        return NotificationSender(
            lambda: settings, lambda: PAGE, no_links, file, send, clock or Clock(), AT_ONCE, send_seconds
        )

    return start


@pytest.fixture
def sent(started):
    """Has a sender send messages about events; returns what it sent."""

    async def send_about(sender, *events, settings=TO_ONE, count=1):
        return await sent_by(started(sender, settings), sender, *events, count=count)

    return send_about


async def sent_by(notifications, sender, *events, count=1):
    for event in events:
        notifications.notify(event)
    running = asyncio.create_task(notifications.run())
    try:
        await until(lambda: len(sender.sent) >= count or sender.tried >= 5, 5, lambda: str(sender.sent))
    finally:
        running.cancel()
    return sender.sent


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (
            InboxEntry("import", "movies", "A.Movie", 'it is complete, but the Arr refuses it: "x"'),
            f'A.Movie (movies): it is complete, but the Arr refuses it: "x". Answer at {PAGE}',
        ),
        (
            InboxEntry("space", name="qBit", text="They would not fit", remedy="Make room", number=2),
            "Downloads of qBit wait for room: 2. They would not fit. Make room.",
        ),
        (
            InboxEntry("orphans", text="They have 4.9 GiB", number=3, answers=("move", "leave")),
            f"Files that belong to no torrent: 3. They have 4.9 GiB. Answer at {PAGE}",
        ),
        (InboxEntry("disk", "books", "qBit", "A disk is away", "See to it"), "A disk is away (books). See to it."),
    ],
)
def test_what_is_new_in_the_inbox_has_a_message(entry, text):
    events, found = message(entry, PAGE, no_links)
    assert (events, plain(found)) == (("inbox",), text)


def test_a_stuck_import_has_the_answers_that_its_reason_allows():
    entry = InboxEntry("import", "movies", "A.Movie", "refused", hash="c0ffee", instance="qBit", answers=("leave",))
    where = f"movies/qBit/c0ffee/{fingerprint('refused')}"
    text = plain(message(entry, PAGE, links)[1])
    assert text == f"A.Movie (movies): refused. Leave it: {PAGE}/leave_import/{where}"
    all_three = msgspec.structs.replace(entry, answers=("import", "blocklist", "leave"))
    text = plain(message(all_three, PAGE, links)[1])
    assert text == (
        f"A.Movie (movies): refused. Import what is certain: {PAGE}/import/{where} ·"
        f" Blocklist and search: {PAGE}/blocklist/{where} · Leave it: {PAGE}/leave_import/{where}"
    )
    none = msgspec.structs.replace(entry, answers=())
    assert plain(message(none, PAGE, links)[1]) == f"A.Movie (movies): refused. Answer at {PAGE}"


def test_held_removals_can_be_kept_from_the_message_and_approved_on_the_page_only():
    tripped = BreakerTripped("movies", "11 deletions in an hour")
    what = "Removals of movies await approval: 11 deletions in an hour."
    keep = f"{PAGE}/discard/movies/{fingerprint('11 deletions in an hour')}"
    assert plain(message(tripped, PAGE, no_links)[1]) == f"{what} Decide at {PAGE}"
    assert plain(message(tripped, PAGE, links)[1]) == f"{what} Keep them: {keep} · Decide at {PAGE}"


async def test_a_newer_version_has_a_message(sent):
    (text,) = await sent(Sender(), UpdateAvailable("1.0", "2.0"))
    assert text == f"qbitrr 2.0 is available; 1.0 runs. Update at {PAGE}"


async def test_what_comes_together_is_sent_as_one(sent):
    (text,) = await sent(Sender(), decision(), BreakerTripped("movies", "many"), worker(Phase.HELD))
    assert len(text.splitlines()) == 3


async def test_a_worker_in_trouble_has_one_message(sent):
    (text,) = await sent(Sender(), worker(Phase.HELD), worker(Phase.HELD), worker(Phase.HELD, "tv"))
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize(
    ("events", "matter", "text"),
    [
        (events, matter, text)
        for matter, other, text in (
            (
                (TRIPPED, AWAITS_APPROVAL),
                "breaker",
                f"Removals of movies await approval: {TRIPPED.because}. Decide at {PAGE}",
            ),
            (
                (IS_REFUSED, REFUSED),
                "inbox",
                "Radarr (movies) refuses what qbitrr logs in with: status 401. Correct APIKey of Radarr.",
            ),
        )
        for events in (("worker",), (other,), ("worker", other))
    ],
)
async def test_a_matter_that_several_events_are_about_has_one_message(sent, events, matter, text):
    settings = Notifications(urls=("json://x",), events=events, digest_seconds=0)
    assert await sent(Sender(), *matter, settings=settings) == [text]


async def test_only_configured_events_are_sent(sent):
    settings = Notifications(urls=("json://x",), events=("breaker",), digest_seconds=0)
    (text,) = await sent(Sender(), decision(), BreakerTripped("movies", "many"), settings=settings)
    assert len(text.splitlines()) == 1


async def test_each_target_has_its_events_and_one_that_does_not_answer_keeps_no_other_waiting(started):
    received = {}

    async def send(urls, _title, body):
        if urls == ("mailto://me",):
            await asyncio.Event().wait()
        received.setdefault(urls, []).append(body.plain)
        return True

    settings = Notifications(
        urls=("json://x", "mailto://me", "discord://y", "json://z"),
        events=("worker",),
        digest_seconds=0,
        targets=(
            NotificationTarget("mailto", ("worker", "action"), 0),
            NotificationTarget("discord", ("action",), 0),
        ),
    )
    notifications = started(send, settings)
    running = asyncio.create_task(notifications.run())
    try:
        notifications.notify(decision())
        await until(lambda: ("discord://y",) in received, 5, lambda: received)
        notifications.notify(worker(Phase.HELD))
        await until(lambda: len(received) == 3, 5, lambda: received)
    finally:
        running.cancel()
    assert "fail:" in received["discord://y",][0]
    for url in ("json://x", "json://z"):
        assert ["is held" in text for text in received[url,]] == [True]


async def test_sending_is_retried_and_given_up_at_last(sent):
    sender = Sender(failures=2)
    assert len(await sent(sender, decision())) == 1
    hopeless = Sender(failures=100)
    await sent(hopeless, decision())
    assert hopeless.tried == 5


@pytest.mark.parametrize(
    ("failures", "ends"), [(0, {"sent": 1}), (4, {"failed": 4, "sent": 1}), (5, {"failed": 5, "dropped": 1})]
)
async def test_ends_of_attempts_are_counted_by_the_kind_of_the_address(started, failures, ends):
    notifications = started(Sender(failures))
    notifications.notify(decision())
    running = asyncio.create_task(notifications.run())
    try:
        await until(lambda: notifications.counts.ended.total() >= sum(ends.values()), 5, lambda: notifications.counts)
    finally:
        running.cancel()
    assert notifications.counts.ended == {("json", outcome): number for outcome, number in ends.items()}


async def test_an_address_without_a_kind_is_counted_without_a_word_of_it(started):
    notifications = started(Sender(), settings=Notifications(urls=("discord:/1/hook",), digest_seconds=0))
    notifications.notify(decision())
    running = asyncio.create_task(notifications.run())
    try:
        await until(lambda: notifications.counts.ended.total() == 1, 5, lambda: notifications.counts)
    finally:
        running.cancel()
    assert notifications.counts.ended == {("", "sent"): 1}


async def test_a_send_that_does_not_return_is_cancelled_in_time_and_the_next_message_is_sent(started):
    sender, cancelled = Sender(), []

    async def stuck_at_first(urls, title, body):
        if "stuck" not in body.plain:
            return await sender(urls, title, body)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(body)

    notifications = started(stuck_at_first, send_seconds=0.01)
    running = asyncio.create_task(notifications.run())
    notifications.notify(BreakerTripped("stuck", "many"))
    await until(lambda: len(cancelled) == 5, 5, lambda: cancelled)
    notifications.notify(BreakerTripped("tv", "many"))
    await until(lambda: len(sender.sent) == 1, 5, lambda: sender.tried)
    running.cancel()


async def test_too_many_are_counted_not_kept(sent):
    (text,) = await sent(Sender(), *(BreakerTripped(f"c{number}", "many") for number in range(MOST_PENDING + 5)))
    assert text.splitlines()[-1] == "5 more could not be kept."
    assert len(text.splitlines()) == MOST_PENDING + 1


def test_addresses_are_secrets():
    url = "discord://1234567890/abcdefgh12345678"
    config = load_text(f'[Notifications]\nUrls = ["{url}"]', {}).config
    assert config.notifications.urls == (url,)
    assert url in secrets_of(config)


# -- over a restart -------------------------------------------------------------------------------------------------


class Hours:
    """A clock that a test sets; `ahead` is by what the wall clock is wrong, in seconds."""

    def __init__(self):
        self.now = 1_700_000_000.0
        self.ahead = 0.0
        self.clock = Clock(lambda: self.now + self.ahead, lambda: self.now)


async def stopped(notifications, running):
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await notifications.close()


async def test_what_was_not_sent_at_the_end_is_sent_after_the_next_start_and_once(started, path):
    unreached, settings = Sender(failures=99), msgspec.structs.replace(TO_ONE, urls=("json://x", "form://y"))
    notifications = started(unreached, settings)
    notifications.notify(decision(name="A.Movie*", notes={"torrent_file": "x"}))
    await notifications.close()  # before anything was sent
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"json://" not in path.read_bytes()
    sender = Sender()
    notifications = started(sender, settings)
    running = asyncio.create_task(notifications.run())
    await until(lambda: len(sender.sent) == 2, 5, lambda: sender.sent)
    await stopped(notifications, running)
    assert all(text == f"fail: A.Movie* (movies), because it is stalled. Undo at {PAGE}" for text in sender.sent)
    notifications = started(sender, settings)
    running = asyncio.create_task(notifications.run())
    notifications.notify(BreakerTripped("movies", "many"))
    await until(lambda: len(sender.sent) == 4, 5, lambda: sender.sent)
    await stopped(notifications, running)
    assert all("await approval" in text and "fail:" not in text for text in sender.sent[2:])


async def test_an_address_that_was_reached_gets_no_message_again_while_another_one_is_retried(started):
    received = []

    async def send(urls, _title, _body):
        received.extend(urls)
        return urls != ("json://down",)

    notifications = started(send, msgspec.structs.replace(TO_ONE, urls=("json://up", "json://down")))
    running = asyncio.create_task(notifications.run())
    notifications.notify(decision())
    await until(lambda: received.count("json://down") == 5, 5, lambda: received)
    running.cancel()
    assert received.count("json://up") == 1


@pytest.mark.parametrize("event", [UpdateAvailable("1.0", "2.0"), worker(Phase.HELD)])
async def test_what_was_reported_before_a_restart_is_not_reported_again(started, event):
    sender = Sender()
    notifications = started(sender)
    running = asyncio.create_task(notifications.run())
    notifications.notify(event)
    await until(lambda: sender.sent, 5, lambda: sender.tried)
    await stopped(notifications, running)
    notifications = started(sender)
    running = asyncio.create_task(notifications.run())
    notifications.notify(worker(Phase.RUNNING))
    notifications.notify(event)
    notifications.notify(decision())
    await until(lambda: len(sender.sent) == 2, 5, lambda: sender.sent)
    await stopped(notifications, running)
    assert sender.sent[1].startswith("fail:")
    assert len(sender.sent[1].splitlines()) == 1


@pytest.mark.parametrize(("later_seconds", "messages"), [(599.0, 1), (600.0, 2)])
async def test_the_same_trouble_is_another_one_after_a_while_without_it(started, later_seconds, messages):
    time, sender = Hours(), Sender()
    notifications = started(sender, clock=time.clock)
    running = asyncio.create_task(notifications.run())
    notifications.notify(worker(Phase.HELD))
    notifications.notify(worker(Phase.RUNNING))
    time.now += later_seconds
    notifications.notify(worker(Phase.HELD))
    notifications.notify(BreakerTripped("movies", "many"))
    await until(lambda: sender.sent, 5, lambda: sender.tried)
    await stopped(notifications, running)
    assert sum("is held" in line for line in sender.sent[0].splitlines()) == messages


def lines(notifications):
    """What is still to be sent to the one address."""
    (collected,) = notifications.announced.collected.values()
    return [plain(text) for text in collected.waiting]


async def test_a_degraded_worker_has_a_message_and_its_end_has_one_whatever_its_errors_say(started):
    time = Hours()
    notifications = started(Sender(), clock=time.clock)
    for port in range(41000, 41020):
        notifications.notify(worker(Phase.DEGRADED, error=f"connect call failed ('127.0.0.1', {port})"))
        time.now += 450.0
        notifications.notify(worker(Phase.STARTING))
    notifications.notify(worker(Phase.RUNNING))
    time.now += 600.0
    notifications.notify(worker(Phase.RUNNING, "tv"))
    assert lines(notifications) == [
        "The worker of movies is degraded: connect call failed ('127.0.0.1', 41000).",
        "The worker of movies runs again.",
    ]


async def test_a_worker_that_needs_the_user_for_something_else_has_another_message(started):
    notifications = started(Sender())
    for held in (AWAITS_APPROVAL, IS_REFUSED, AWAITS_APPROVAL, IS_REFUSED):
        notifications.notify(held)
    assert lines(notifications) == [plain(message(IS_REFUSED, PAGE, no_links)[1])]


async def test_a_category_that_is_configured_again_is_another_worker(started):
    notifications = started(Sender())
    for change in (worker(Phase.HELD), WorkerGone("movies"), worker(Phase.HELD)):
        notifications.notify(change)
    assert len(lines(notifications)) == 2


async def test_the_end_of_a_trouble_is_reported_although_nothing_changes(started):
    time, sender = Hours(), Sender()
    notifications = started(sender, clock=time.clock)
    notifications.notify(worker(Phase.HELD))
    notifications.notify(worker(Phase.RUNNING))
    running = asyncio.create_task(notifications.run())
    await until(lambda: len(sender.sent) == 1, 5, lambda: sender.tried)
    time.now += 600.0
    await until(lambda: len(sender.sent) == 2, 10, lambda: sender.tried)
    await stopped(notifications, running)
    assert sender.sent[1] == "The worker of movies runs again."


async def test_messages_to_an_address_that_was_removed_meanwhile_are_dropped(started, path):
    notifications = started(Sender())
    notifications.notify(decision())
    await notifications.close()
    notifications = started(sender := Sender(), msgspec.structs.replace(TO_ONE, urls=("json://other",)))
    assert await sent_by(notifications, sender, BreakerTripped("movies", "many")) != []
    await notifications.close()
    assert "fail:" not in sender.sent[0]
    notifications = started(Sender(), msgspec.structs.replace(TO_ONE, urls=()))
    notifications.notify(decision())
    await notifications.close()
    assert not path.exists()


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"collected": {"x": {"waiting": [["strong"]]}}}'])
async def test_a_file_that_cannot_be_read_holds_no_message_up(sent, path, content):
    path.write_bytes(content)
    assert len(await sent(Sender(), decision())) == 1
