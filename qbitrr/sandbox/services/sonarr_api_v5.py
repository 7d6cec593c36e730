"""Resources of Sonarr's API v5, made of those of v3. Source: recording `sonarr-5/hub-grab-and-import`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qbitrr.sandbox.services.resources import Resource


def of_version_5(resource: Resource) -> Resource:
    """The same thing as version 5 of the API has it."""
    made = {name: _converted(name, value) for name, value in resource.items()}
    if "seriesType" in made:
        made |= {"malIds": [], "aniListIds": []}
        made.pop("languageProfileId", None)
    return made


def _converted(name: str, value: Any) -> Any:
    match name, value:
        case "mediaInfo", dict():
            return _media_info(value)
        case "statistics", dict():
            counts = {"monitoredEpisodeCount": value.get("episodeCount", 0), "releaseTypes": []}
            return value | counts | {"episodeFileQualities": []}
        case _, dict():
            return of_version_5(value)
        case "seasons" | "episodes", list():
            return [of_version_5(one) for one in value]
        case _:
            return value


def _media_info(value: Resource) -> Resource:
    """Streams in lists in place of one line for all."""
    kept = {name: one for name, one in value.items() if not name.startswith("audio") and name != "subtitles"}
    audio = {
        "codec": value["audioCodec"],
        "bitrate": value["audioBitrate"],
        "channels": value["audioChannels"],
        "channelPositions": "5.1",
        "language": value["audioLanguages"],
    }
    return kept | {"audioStreams": [audio], "subtitleStreams": []}
