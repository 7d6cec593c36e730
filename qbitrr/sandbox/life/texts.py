"""Texts of the Arrs, letter for letter. Source: recordings `queue-*`, `health-*`, `manualimport-*`."""

from __future__ import annotations

import time

STALLED = "The download is stalled with no connections"
IN_ERROR = "qBittorrent is reporting an error"
FILES_MISSING = "qBittorrent is reporting missing files"
NO_METADATA = "qBittorrent is downloading metadata"
BASE_DIRECTORY = (
    "Unable to Import. Path matches client base download directory, it's possible 'Keep top-level folder' is disabled"
    " for this torrent or 'Torrent Content Layout' is NOT set to 'Original' or 'Create Subfolder'?"
)
NO_MATCH = {
    "radarr": "Movie title mismatch, automatic import is not possible. Manual Import required.",
    "sonarr": "Series title mismatch; automatic import is not possible."
    " Check the download troubleshooting entry on the wiki for common causes.",
    "lidarr": "Artist name mismatch, automatic import is not possible."
    " Check the download troubleshooting entry on the wiki for common causes.",
}
MATCHED_BY_ID = {
    "radarr": "Found matching movie via grab history, but release was matched to movie by ID. Manual Import required.",
    "sonarr": "Found matching series via grab history, but release was matched to series by ID."
    " Automatic import is not possible. See the FAQ for details.",
}
NOT_ALL_IMPORTED = {
    "radarr": "One or more movies expected in this release were not imported or missing",
    "sonarr": "One or more episodes expected in this release were not imported or missing from the release",
    "lidarr": "One or more tracks expected in this release were not imported or missing from the release",
}
ARCHIVE = "Found archive file, might need to be extracted"
SAMPLE_UNCLEAR = "Unable to determine if file is a sample"
MISSING_TRACKS = "Has missing tracks"
MOVIE_TWICE = "Movie has already been imported"
MARKED_FAILED = "Manually marked as failed"
NO_GRAB = "Unable to mark download as failed, no grabbed history available"

_EXISTING = {"radarr": "existing movie file", "sonarr": "existing episode file", "lidarr": "existing track file"}
_ITEM_FILE = {"radarr": "Movie file", "sonarr": "Episode file", "lidarr": "Album"}


def executable(extension: str) -> str:
    """A program in the place of media."""
    return f"Caution: Found executable file with extension: '{extension}'"


def dangerous(extension: str) -> str:
    """A file that does harm when it is opened."""
    return f"Caution: Found potentially dangerous file with extension: '{extension}'"


def nothing_eligible(path: str) -> str:
    """No media below a path."""
    return f"No files found are eligible for import in {path}"


def not_local(path: str) -> str:
    """A path of another system."""
    return f"[{path}] is not a valid local path. You may need a Remote Path Mapping."


def no_similar_album(folder: str) -> str:
    """A file that Lidarr cannot match."""
    return f"Couldn't find similar album for [{folder}]"


def already_imported(kind: str, moment: float) -> str:
    """The time is local, in the format of the machine's culture."""
    return f"{_ITEM_FILE[kind]} already imported at {time.strftime('%m/%d/%Y %H:%M:%S', time.localtime(moment))}"


def not_an_upgrade(kind: str, existing: str, new: str) -> str:
    """Names of qualities."""
    if kind == "lidarr":
        return f"Not an upgrade for {_EXISTING[kind]}(s). New Quality is {new}"
    plural = "(s)" if kind == "sonarr" else ""
    return f"Not an upgrade for {_EXISTING[kind]}{plural}. Existing quality: {existing}. New Quality {new}."


def not_a_format_upgrade(kind: str, existing: tuple[str, int], new: tuple[str, int]) -> str:
    """Names of custom formats, and their score."""
    return (
        f"Not a Custom Format upgrade for {_EXISTING[kind]}(s). New: [{new[0]}] ({new[1]})"
        f" do not improve on Existing: [{existing[0]}] ({existing[1]})"
    )


def not_in_release(season: int, episode: int, release: str) -> str:
    """An episode that was not grabbed."""
    return f"Episode {season}x{episode:02} was not found in the grabbed release: {release}"
