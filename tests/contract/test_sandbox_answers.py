"""Every answer of the sandbox has the keys, kinds and words of what the real programs were recorded to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.recorded import Recording, every_recording, ids
from tests.contract.scenes import NOT_OFFERED, SCENES
from tests.contract.shapes import differences, wording
from tests.contract.stage import staged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aiohttp.typedefs import Middleware

    from tests.contract.scenes import Scene

# The recorded libraries lack what online databases know of a work, and the programs were built without a package:
# here the sandbox may answer more, which the official descriptions judge.
FULLER = ("movie", "series", "episode", "artist", "album", "track", "wanted", "editor", "error-artist", "manual")
FULLER += ("system-status", "blocklist")
UNDESCRIBED = ("not-found", "error-no-key", "rootfolder")  # version 5 of Sonarr says more than its description
FIRST_ERROR = 400


def bare(one: Recording) -> str:
    """The name without what says that it was recorded for its shape."""
    return one.name.removeprefix("shape-")


def scene_of(one: Recording) -> Scene | None:
    """What plays a recording; None for one that is left out on purpose. KeyError for one that is not known here."""
    name = bare(one)
    if name in NOT_OFFERED:
        return None
    for key in (f"{one.program}/{name}", f"{one.kind}/{name}", one.name, name):
        if key in SCENES:
            return SCENES[key]
    raise KeyError(f"no scene plays {one.program}/{one.name}: add one to tests/contract/scenes.py")


def test_every_recording_has_a_scene_and_every_scene_a_recording():
    used = {id(scene_of(one)) for one in every_recording()}
    assert [name for name, scene in SCENES.items() if id(scene) not in used] == []
    assert set(NOT_OFFERED) <= {bare(one) for one in every_recording()}


@pytest.mark.parametrize("one", [one for one in every_recording() if scene_of(one)], ids=ids)
async def test_the_sandbox_answers_as_was_recorded(one: Recording, judged: list[Middleware]):
    play = scene_of(one)
    assert play is not None
    async with staged(one.program, judged if bare(one) not in UNDESCRIBED else ()) as on:
        status, ours = await play(on)
    if one.status:
        assert status == one.status
    fuller = bare(one).startswith(FULLER)
    for recorded, same in pairs(one, ours):
        assert differences(recorded, same, extras=fuller) == []
    assert words(one, ours) == words(one, one.body)


def pairs(one: Recording, ours: Any) -> Iterable[tuple[Any, Any]]:
    """What is to be compared with what: events by their type, as each has data of its own; else the whole."""
    if not bare(one).startswith("history") or one.status >= FIRST_ERROR:
        yield one.body, ours
        return
    recorded, events = one.records, ours["records"] if isinstance(ours, dict) else ours
    if isinstance(ours, dict):
        yield one.body | {"records": []}, ours | {"records": []}
    for event_type in {event["eventType"] for event in recorded}:
        of_type = [[event for event in some if event["eventType"] == event_type] for some in (recorded, events)]
        assert of_type[1], event_type
        yield of_type[0], of_type[1]


def words(one: Recording, body: Any) -> Any:
    """What an answer says, without names, numbers and times."""
    name = bare(one)
    if one.status >= FIRST_ERROR:
        return wording(str(body["message"] if isinstance(body, dict) and "message" in body else body))
    records = body.get("records", [body]) if isinstance(body, dict) else body
    says = next((say for prefix, say in SAYS.items() if name.startswith(prefix)), None)
    return says(records) if says else None


def queue_words(record: dict[str, Any]) -> Any:
    """State and messages of a record."""
    messages = [
        (title_word(record, entry["title"]), tuple(map(wording, entry["messages"])))
        for entry in record["statusMessages"]
    ]
    states = (record["status"], record["trackedDownloadStatus"], record["trackedDownloadState"])
    return (*states, record.get("errorMessage"), tuple(once(messages)))


def command_words(record: dict[str, Any]) -> Any:
    """How a command went."""
    keys = ("name", "status", "result", "message", "priority", "trigger", "exception")
    return tuple(wording(str(record.get(key))) for key in keys)


def health_words(record: dict[str, Any]) -> Any:
    """What is wrong with a download client; indexers are not played."""
    is_client = record["source"].startswith("DownloadClient")
    return is_client and (record["source"], record["type"], wording(record["message"]), record["wikiUrl"])


def title_word(record: dict[str, Any], title: str) -> str:
    """Whom a message is about; a text of its own is kept."""
    if title == record["title"]:
        return "<download>"
    return "<file>" if title.endswith((".mkv", ".flac", ".mp3")) else title


def once(values: Iterable[Any]) -> list[Any]:
    """Each value once, in the order of their first occurrence."""
    return list(dict.fromkeys(values))


SAYS: dict[str, Callable[[list[Any]], Any]] = {
    "queue-status": lambda _: None,
    "queue": lambda records: once(map(queue_words, records)),
    "history": lambda records: once(event["eventType"] for event in records),
    "command-posted": lambda records: [record["status"] in ("queued", "started") for record in records],
    "command-scan": lambda records: [*map(command_words, records)],
    "command": lambda records: all(record["status"] == "completed" for record in records),
    "error-scan": lambda records: [*map(command_words, records)],
    "error-albumsearch": lambda records: [*map(command_words, records)],
    "health": lambda records: [said for said in map(health_words, records) if said],
    "manualimport": lambda records: any(record["rejections"] for record in records),
}
"""What counts of an answer, by how the name of its recording begins."""
