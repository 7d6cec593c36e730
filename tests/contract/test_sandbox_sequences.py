"""What happens one after the other in the sandbox is what was recorded: an import, and what is pushed about it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.contract.recorded import Recording, every_recording, ids
from tests.contract.shapes import differences
from tests.contract.stage import QUICK, STUCK, Stage, staged

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP_SECONDS = 0.01
IMPORTED_SECONDS = 0.6  # recorded from the command on; Lidarr's albums take a little longer


def named(name: str) -> list[Recording]:
    return [one for one in every_recording() if one.name == name]


def complete(on: Stage) -> None:
    """Let the one torrent complete between two refreshes."""
    (torrent,) = on.world.client.torrents.values()
    torrent.fate = QUICK
    on.wait(0.1)
    assert torrent.complete


# --- queue and history while something is imported ---


def recorded_states(one: Recording) -> list[Any]:
    """Each state once, without ids and paths."""
    return [
        (
            [(row[1], row[2], row[3], row[4] is not None, row[5], len(row[6])) for row in state["queue"]],
            [event for event, _ in state["history"]],
        )
        for state in one.body
    ]


def our_state(on: Stage) -> Any:
    rows = [
        (one.status, one.tracked_state, one.tracked_status, one.output_path is not None, one.error, len(one.messages))
        for one in on.arr.queue.values()
    ]
    return rows, [event.event_type for event in on.arr.history]


@pytest.mark.parametrize("one", named("timeline-import"), ids=ids)
async def test_an_import_goes_through_the_recorded_states(one: Recording):
    async with staged(one.program) as on:
        on.grab(on.missing[:1], STUCK)
        on.wait(5)
        complete(on)
        on.arr.commands.post("RefreshMonitoredDownloads", {})
        states = [our_state(on)]
        for _ in range(int(IMPORTED_SECONDS / STEP_SECONDS)):
            on.wait(STEP_SECONDS)
            if (state := our_state(on)) != states[-1]:
                states.append(state)
    recorded = recorded_states(one)
    assert states[-1] == recorded[-1]
    # what lasts for less than the pause between two polls may be missing from the recording
    remaining = iter(states)
    assert all(state in remaining for state in recorded)
    everything = [state for other in named("timeline-import") for state in recorded_states(other)]
    assert all(state in everything for state in states)


# --- what is pushed ---


class Pushed(NamedTuple):
    """A message. `at` in seconds; `version` is None where a program sends none."""

    at: float
    name: str
    action: str
    version: int | None
    resource: Any


def recorded_messages(one: Recording) -> list[Pushed]:
    first = one.body[0].get("at", 0.0)
    return [pushed(entry.get("seconds", entry.get("at", 0.0) - first), entry["message"]) for entry in one.body]


def pushed(at: float, message: dict[str, Any]) -> Pushed:
    body = message["body"]
    return Pushed(at, message["name"], body["action"], message.get("version"), body.get("resource"))


async def our_messages(on: Stage) -> list[Pushed]:
    """The same story: a grab, its completion, a refresh that is asked for, the import, and what follows by itself."""
    incoming: asyncio.Queue[str] = asyncio.Queue()
    on.stand_in.hub.listeners[None] = incoming  # type: ignore[index]  # one that is no connection
    messages, start = list[Pushed](), on.world.now

    def pass_seconds(seconds: float) -> None:
        for _ in range(round(seconds / STEP_SECONDS)):
            on.wait(STEP_SECONDS)
            while not incoming.empty():
                (message,) = json.loads(incoming.get_nowait()[:-1])["arguments"]
                messages.append(pushed(on.world.now - start, message))

    item = on.missing[0]
    on.arr.grab([item], on.arr.offer([item]), STUCK)
    pass_seconds(5.2)
    complete(on)
    await on.ask("POST", "command", {"name": "RefreshMonitoredDownloads"})
    pass_seconds(6)
    del on.stand_in.hub.listeners[None]  # type: ignore[arg-type]
    return messages


QUEUE = ("queue", "queue/details", "system/task")


def about_the_grab(messages: list[Pushed]) -> list[str]:
    """What is pushed before the first refresh."""
    numbers = [one for one in messages if one.name == "queue/status"]
    return [one.name for one in takewhile(lambda one: one.name not in QUEUE, messages) if one not in numbers]


def refresh_of_the_grab(messages: list[Pushed]) -> Counter[str]:
    """What is pushed by the refresh that follows a grab."""
    start = next(one.at for one in messages if one.name == "queue")
    return Counter(one.name for one in messages if start <= one.at < start + 0.15)


def about_the_import(messages: list[Pushed]) -> list[str]:
    """What is pushed after the command has ended, until the queue changes; repetitions once."""
    last = max(number for number, one in enumerate(messages) if one.name == "command")
    rest = [one for one in messages[last + 1 :] if one.name not in QUEUE[2:]]
    return collapsed([one.name for one in takewhile(lambda one: one.name not in QUEUE, rest)])


def collapsed(names: list[str]) -> list[str]:
    """Without the repetitions that there are for each track."""
    found: list[str] = []
    for name in names:
        if name in ("trackfile", "track", "album") and name in found[-2:]:
            continue
        found.append(name)
    return found


def by_version(messages: list[Pushed]) -> dict[int | None, list[Pushed]]:
    return {
        version: [one for one in messages if one.version == version] for version in {one.version for one in messages}
    }


@pytest.mark.parametrize("one", named("hub-grab-and-import"), ids=ids)
async def test_what_is_pushed_is_what_was_recorded(one: Recording):
    async with staged(one.program) as on:
        ours = by_version(await our_messages(on))
    recorded = by_version(recorded_messages(one))
    assert ours.keys() == recorded.keys()
    for version, expected in recorded.items():
        found = ours[version]
        assert about_the_grab(found) == about_the_grab(expected)
        assert refresh_of_the_grab(found) == refresh_of_the_grab(expected)
        assert about_the_import(found) == about_the_import(expected)
        assert {(each.name, each.action) for each in found} == {(each.name, each.action) for each in expected}
        assert resource_differences(expected, found) == []


def resource_differences(recorded: list[Pushed], ours: Iterable[Pushed]) -> list[str]:
    """Each resource has what is in every recorded one of its name; the lab's items lacked what others have."""
    found = []
    for one in ours:
        same = [each.resource for each in recorded if each.name == one.name]
        shared = [each for each in same if each is not None]
        found += [f"{one.name}{each}" for each in differences(shared, [one.resource], extras=True)] if shared else []
    return found


@pytest.mark.parametrize("one", named("hub-grab-and-import"), ids=ids)
async def test_the_numbers_of_the_queue_follow_its_first_change_after_five_seconds(one: Recording):
    async with staged(one.program) as on:
        ours = await our_messages(on)
    for messages in (ours, recorded_messages(one)):
        changed = next(each.at for each in messages if each.name == "queue")
        numbers = [each.at for each in messages if each.name == "queue/status" and each.at > changed]
        assert numbers[0] - changed == pytest.approx(5, abs=0.1)
