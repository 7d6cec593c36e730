"""Every recorded answer is read by our models, each field that we use with the value that was sent."""

from __future__ import annotations

import asyncio
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import msgspec
import pytest
from msgspec import Struct

from qbitrr.arr import models
from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.arr.signalr import subscribed
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.contract.recorded import Recording, every_recording, ids

if TYPE_CHECKING:
    from collections.abc import Iterator

ARRS = {
    "radarr": Section("Radarr", "radarr", 5),
    "sonarr": Section("Sonarr", "sonarr", 1, episodes=5),
    "lidarr": Section("Lidarr", "lidarr", 1),
}

# what a recording's name begins with -> what reads it
READERS: dict[str, Any] = {
    "system-status": models.SystemStatus,
    "qualityprofile": list[models.QualityProfile],
    "movie-list": list[models.Movie],
    "movie": models.Movie,
    "moviefile": list[models.File],
    "series-list": list[models.Series],
    "episode-list": list[models.Episode],
    "episodefile": list[models.File],
    "artist-1": models.Artist,
    "artist": list[models.Artist],
    "album": list[models.Album],
    "track": list[models.Track],
    "trackfile": list[models.TrackFile],
    "queue": list[models.QueueRecord],
    "history": list[models.HistoryRecord],
    "command-list": list[models.Command],
    "command": list[models.Command],
    "config-downloadclient": models.DownloadSettings,
    "downloadclient": list[models.DownloadClient],
    "remotepathmapping": list[models.RemotePathMapping],
    "rootfolder": list[models.RootFolder],
    "health": list[models.HealthCheck],
    "manualimport": list[models.ManualImportFile],
    "editor": list[models.WithProfile],
    "error-albumsearch": list[models.Command],
    "error-scan": list[models.Command],
    "error-artist-editor-ok": list[models.WithProfile],
    "error-track-of-unknown-artist": list[models.Track],
}
PAGES = {list[models.QueueRecord]: models.QueuePage, list[models.HistoryRecord]: models.HistoryPage}
# read by no model of ours
NOT_READ = (
    "blocklist",
    "queue-status",
    "sizes-and-times",
    "timeline-import",
    "wanted",
)
PUSHED = {
    "movie": models.Movie,
    "moviefile": models.File,
    "series": models.Series,
    "episode": models.Episode,
    "episodefile": models.File,
    "artist": models.Artist,
    "album": models.Album,
    "track": models.Track,
    "trackfile": models.TrackFile,
    "command": models.Command,
}
HUB = "hub-grab-and-import"
# the fields of ours that one program or another leaves out where there is nothing to say
LEFT_OUT = {
    models.CommandBody: {
        *("albumIds", "episodeIds", "movieIds", "seriesId", "seasonNumber"),
        *("downloadClientId", "files", "path"),
    },
    models.HistoryRecord: {"albumId", "artistId", "downloadId", "episodeId", "movieId", "seriesId", "trackId"},
    models.ManualImportFile: {
        *("movie", "series", "episodes", "folderName", "releaseType"),
        *("artist", "album", "albumReleaseId", "tracks", "additionalFile"),
    },
    models.HistoryData: {"customFormatScore", "fileId", "releaseSource"},
    models.QueueRecord: {"added", "albumId", "episodeId", "errorMessage", "movieId", "outputPath"},
    models.ClientField: {"value"},
    models.ProfileItem: {"quality"},
    models.File: {"customFormatScore"},
    models.Episode: {"episodeFile"},
    models.Series: {"imdbId"},
    models.SeriesStatistics: {"nextAiring"},
}
# those that none of them was recorded to send
UNRECORDED = {
    (models.Series, "imdbId"),
    *((models.CommandBody, name) for name in ("movieIds", "episodeIds", "seriesId", "seasonNumber", "files")),
    *((models.ManualImportFile, name) for name in ("artist", "album", "albumReleaseId", "tracks", "additionalFile")),
}
FIRST_ERROR = 400


def reader(one: Recording) -> Any:
    """The type that reads a recording; None when nothing does. KeyError for one that is not known here."""
    name = one.name.removeprefix("shape-")
    if one.status >= FIRST_ERROR or name.startswith(NOT_READ):
        return None
    keys = sorted((key for key in READERS if name.startswith(key)), key=len)
    if not keys:
        raise KeyError(f"no model is named for {one.program}/{one.name}: add it to READERS or NOT_READ")
    found = READERS[keys[-1]]
    if isinstance(one.body, dict):
        return PAGES.get(found, found) if "records" in one.body else _one_of(found)
    return found


def _one_of(found: Any) -> Any:
    return get_args(found)[0] if get_args(found) else found


READ = [one for one in every_recording() if one.name != HUB and reader(one)]


@pytest.mark.parametrize("one", READ, ids=ids)
def test_a_recorded_answer_is_read_as_it_was_sent(one: Recording):
    raw = msgspec.json.encode(one.body)
    decoded = msgspec.to_builtins(msgspec.json.decode(raw, type=reader(one)))
    assert is_part_of(decoded, one.body)


def is_part_of(decoded: Any, sent: Any) -> bool:
    """Whether everything that was decoded is in what was sent; what was not sent has its default."""
    if isinstance(decoded, dict):
        return all(is_part_of(value, sent[key]) for key, value in decoded.items() if key in sent)
    if isinstance(decoded, list):
        return len(decoded) == len(sent) and all(map(is_part_of, decoded, sent))
    return bool(decoded == sent)


def test_every_field_that_we_use_is_sent_but_for_those_that_are_left_out():
    objects: dict[type, list[Any]] = {}
    for one in READ:
        collect(reader(one), one.body, objects)
    left_out, unsent = {}, set()
    for struct, sent in objects.items():
        names = {field.encode_name for field in msgspec.structs.fields(struct)}
        if absent := {name for name in names if any(name not in one for one in sent)}:
            left_out[struct] = absent
        unsent |= {(struct, name) for name in names if all(name not in one for one in sent)}
    assert left_out == LEFT_OUT
    assert unsent == UNRECORDED


def collect(declared: Any, value: Any, objects: dict[type, list[Any]]) -> None:
    """Add the objects in `value` to those of the struct that reads them, and all objects within."""
    for struct in structs_in(declared):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                objects.setdefault(struct, []).append(one)
                for field, inner in get_type_hints(struct).items():
                    name = struct.__struct_encode_fields__[struct.__struct_fields__.index(field)]
                    collect(inner, one.get(name), objects)


def structs_in(declared: Any) -> Iterator[type[Struct]]:
    """The structs of a list or an optional type."""
    if isinstance(declared, UnionType) or get_args(declared):
        for inner in get_args(declared):
            yield from structs_in(inner)
    elif isinstance(declared, type) and issubclass(declared, Struct):
        yield declared


@pytest.mark.parametrize("one", [one for one in every_recording() if one.name == HUB], ids=ids)
async def test_recorded_messages_come_out_of_the_channel(one: Recording):
    messages = [entry["message"] for entry in one.body]
    async with Sandbox([ARRS[one.kind]], has_past=False) as sandbox:
        (stand_in,) = sandbox.arrs.values()
        client = ArrClient(stand_in.name, KINDS[one.kind], stand_in.url, stand_in.api_key)
        try:
            async with asyncio.timeout(10), subscribed(client) as incoming:
                for message in messages:
                    stand_in.hub.send(message)
                messages = [message for message in messages if message.get("version") in (None, 3)]
                received = [await anext(incoming) for _ in messages]
        finally:
            await client.close()
    assert [(got.name, got.action) for got in received] == [(m["name"], m["body"]["action"]) for m in messages]
    for got, message in zip(received, messages, strict=True):
        resource = message["body"].get("resource")
        assert msgspec.json.decode(got.resource) == resource
        if message["name"] in PUSHED:
            decoded = msgspec.json.decode(got.resource, type=PUSHED[got.name])
            assert is_part_of(msgspec.to_builtins(decoded), resource)
