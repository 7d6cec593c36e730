"""The older program (qBitrr 2.x to 5.14): what its keys and tags mean where that differs from here.

`qbitrr.config.legacy` reads its files; this is what it cannot say in a value. Keys are named by `generic_name`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qbitrr.config.model import arr_kind, is_qbit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RATES = (
    "KB/s here, as its documentation has it; that program sent the number as bytes per second, so write 1024 for "
    "1048576. -1 leaves a limit alone here and 0 lifts it; there 0 left it alone"
)
_OWED = "is obeyed here; there only rows of trackers were"
_DELAY = (
    "-1: without limit, 0: tag only, as in files before 5.14.6; from then on 0 meant to remove at once, "
    "which is written as 1 minute"
)

DIFFERENCES: Mapping[str, str] = {
    "Settings.AutoUpdateEnabled": "an update comes from the package index and must be signed by a release key",
    "Settings.Tagless": "states are in the state file; those in the database of that program are not read",
    "Settings.SearchLoopDelay": "SearchesPerHour bounds the searches besides: 60 of all Arrs, 30 of each",
    "WebUI.AuthDisabled": "private networks may read without a login here, changes need one; see WebAccess",
    "WebUI.OIDC.RequireHttpsMetadata": "is obeyed here; there it never was",
    "WebUI.OIDCEnabled": "needs AllowedSubjects, AllowedEmails or RequiredClaim: which of the users may log in",
    "qBit.Disabled": "this qBittorrent only; until 5.6 it switched everything but searches off",
    "qBit.CategorySeeding.HitAndRunMode": _OWED,
    "qBit.CategorySeeding.MinSeedRatio": _OWED,
    "qBit.CategorySeeding.MinSeedingTimeDays": _OWED,
    "qBit.CategorySeeding.HitAndRunMinimumDownloadPercent": _OWED,
    "qBit.CategorySeeding.HitAndRunPartialSeedRatio": _OWED,
    "qBit.CategorySeeding.TrackerUpdateBuffer": _OWED,
    "qBit.CategorySeeding.IgnoreTorrentsYoungerThan": "is obeyed here; there that of Settings counted",
    "qBit.CategorySeeding.StalledDelay": _DELAY,
    "Arr.importMode": "only for what the Arr does not import by itself; Auto copies, Hardlink was read as Auto",
    "Arr.ArrErrorCodesToBlocklist": "the beginning of a message is enough; there it had to be whole",
    "Arr.EntrySearch.SearchInReverse": "newest years first, as there; its comment said the opposite",
    "Arr.EntrySearch.SearchByYear": "the first year is searched too; there it was passed over",
    "Arr.EntrySearch.SearchAgainOnSearchCompletion": "works here; from 5.12.3 on it nearly never did",
    "Arr.Torrent.MaximumETA": "only how long a download would still take; there also how long it may be inactive",
    "Arr.Torrent.MaximumDeletablePercentage": (
        "a share: 0.99, as there, also where its page says 99. Above it nothing is removed for being slow; there "
        "downloads at or below it were removed for inactivity"
    ),
    "Arr.Torrent.DoNotRemoveSlow": "false works here; there it nearly never did",
    "Arr.Torrent.StalledDelay": _DELAY,
    "Arr.Torrent.AutoDelete": "never deletes what another torrent needs, nor without its folder being there",
    "Arr.Torrent.SeedingMode.DownloadRateLimitPerTorrent": _RATES,
    "Arr.Torrent.SeedingMode.UploadRateLimitPerTorrent": _RATES,
    "Arr.Torrent.SeedingMode.RemoveTorrent": "only once the Arr's history proves the import; there without proof",
    "Trackers[].DownloadRateLimit": _RATES,
    "Trackers[].UploadRateLimit": _RATES,
    "Trackers[].Priority": "0 when it is left out; there -100 for Arrs",
    "Trackers[].MaximumETA": "only how long a download would still take",
}
"""What means something else here, by generic name: half a sentence for the user."""

DROPPED: Mapping[str, str] = {
    "Settings.ConfigVersion": "this program does not number its files",
    "Settings.FFprobeAutoUpdate": "ffprobe is never downloaded: that of the system is used",
    "WebUI.GroupSonarr": "the page has one list for each",
    "WebUI.GroupLidarr": "the page has one list for each",
    "WebUI.AllowInsecureTokenQuery": "a token in an address is never accepted",
    "qBit.v5": "the version is asked for",
    "qBit.UserName": "it was never filled in; qBittorrent may let this machine in without a login",
    "qBit.Password": "it was never filled in; qBittorrent may let this machine in without a login",
    "Arr.EntrySearch.Ombi.Is4K": "Ombi does not say it",
    "Arr.EntrySearch.TempQualityProfile": "joined with MainQualityProfile in QualityProfileMappings",
    "Arr.EntrySearch.MainQualityProfile": "there is a mapping, or the two lists do not pair",
    "Arr.Torrent.AllowStalled": "not read since 5.3; stalled downloads stay with StalledDelay = -1",
    "Readarr": "Readarr is not supported",
}
"""Why a key is not in the new file, by generic name or kind of section."""

NOT_FOLLOWED: Mapping[str, str] = {
    "WebUI.AuthDisabled": "true there when left out; here private networks may read, and changes need a login",
    "Arr.Torrent.DoNotRemoveSlow": "false there when left out; true here: slow downloads are kept",
    "Arr.Torrent.MaximumETA": "a day there when left out; without limit here",
    "Arr.Torrent.MaximumDeletablePercentage": "0.95 there when left out; 0.99 here",
}
"""Keys whose value there, when they are left out, is not written: it opens or removes more than the one here."""

TAGS: Mapping[str, str] = {
    "qBitrr-ignored": "adopted: such a torrent is left alone, here also its files and its category",
    "qBitrr-imported": "adopted: not imported again; removed only with proof of the import in the Arr's history",
    "qBitrr-allowed_stalled": "adopted: removed from a torrent that gets on",
    "qBitrr-free_space_paused": "adopted: started when there is space for it, or when FreeSpace is off",
    "qBitrr-allowed_seeding": "means nothing here and stays; remove the tag in qBittorrent",
    "qBitrr-hnr_active": "means nothing here and stays; remove the tag in qBittorrent",
}
"""The tags of that program, and what becomes of the torrents that have one."""

CATEGORIES: Mapping[str, str] = {
    "failed": "as there: blocklisted, removed and searched again, once Shadow is off",
    "recheck": "as there: rechecked and put back, once Shadow is off",
}
"""Its special categories: `Settings.FailedCategory` and `Settings.RecheckCategory`."""

_INDEX = re.compile(r"\[\d+\]")
_UNVERSIONED = "0.0.1"
"""The version that it assumes for a file without `ConfigVersion`."""


def generic_name(dotted: str) -> str:
    """The name of a key without the name of its section and the numbers of rows.

    `Radarr-4K.Torrent.Trackers[0].MaximumETA` is `Trackers[].MaximumETA`; a key of an Arr begins with `Arr`, one of
    Readarr is `Readarr`.
    """
    section, _, rest = _INDEX.sub("[]", dotted).partition(".")
    if section.lower().startswith("readarr"):
        return "Readarr"
    rest = rest.replace("CategorySeeding.Categories[].", "CategorySeeding.")
    if "Trackers[]." in rest:
        return f"Trackers[].{rest.partition('Trackers[].')[2]}"
    if is_qbit(section) or section.lower() == "qbit":
        return f"qBit.{rest}"
    return f"Arr.{rest}" if arr_kind(section) or section.lower().startswith("animarr") else f"{section}.{rest}"


def with_version(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document that says of which version it is, so that its left out keys are read as that program does."""
    settings = document.get("Settings", {})
    if not isinstance(settings, dict) or "ConfigVersion" in settings:
        return dict(document)
    return {**document, "Settings": {"ConfigVersion": _UNVERSIONED, **settings}}


def write_left_out(document: Mapping[str, Any]) -> None:
    """Write into a document in present names what that program assumes for keys that are left out.

    Only where it differs from here, and `legacy` does not do it.
    """
    for section, table in document.items():
        if isinstance(table, dict):
            for path, value in _left_out(section):
                _set_default(table, path, value)


def _left_out(section: str) -> Iterator[tuple[str, Any]]:
    kind = arr_kind(section)
    if is_qbit(section):
        yield "Host", "localhost"
        if section != "qBit":
            yield "Port", 8105
    if kind:
        yield "Managed", False
        yield "RefreshDownloadsTimer", 1
        yield "Torrent.SeedingMode.RemoveTrackerWithMessage", []
    if kind == "sonarr":
        yield "EntrySearch.SearchBySeries", "false"


def _set_default(table: dict[str, Any], path: str, value: Any) -> None:
    *above, name = path.split(".")
    inner: Any = table
    for one in above:
        inner = inner.setdefault(one, {}) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.setdefault(name, value)
