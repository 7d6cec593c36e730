"""Who may do what: every route and every key of the configuration, and what each kind of caller may do with it.

What is not listed is allowed to no one: a route without an entry cannot be served, a key without one cannot be changed
over HTTP. Below `/api` every route needs the credential besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from control.auth.roles import Caller
from qbitrr.config.dotted_keys import model_of, place_of
from qbitrr.config.model import Arr, QBit
from qbitrr.errors import ForbiddenError, UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from control.auth.roles import Author
    from qbitrr.config.model.key import Table


class Right(Enum):
    """What one kind of caller may do."""

    NO = "no"
    RATED = "at a limited rate"
    YES = "yes"


NO, RATED, YES = Right.NO, Right.RATED, Right.YES


@dataclass(frozen=True, slots=True)
class Rights:
    """The right of each kind of caller. `audited`: what is done is recorded in the audit trail.

    With the token for reading one may do what a private network may do without a limit.
    """

    outside: Right
    private: Right
    local_user: Right
    own_user: Right
    credential: Right
    audited: bool = False

    def of(self, caller: Caller) -> Right:
        """The right of a caller."""
        match caller:
            case Caller.OUTSIDE:
                return self.outside
            case Caller.READER:
                return YES if self.private is YES else NO
            case Caller.PRIVATE:
                return self.private
            case Caller.LOCAL_USER:
                return self.local_user
            case Caller.OWN_USER:
                return self.own_user
            case Caller.CREDENTIAL:
                return self.credential

    def require(self, author: Author) -> Right:
        """Return the right of an author. Raises UnauthorizedError for one from outside, ForbiddenError for others."""
        right = self.of(author.caller)
        if right is not NO:
            return right
        if author.caller is Caller.OUTSIDE:
            raise UnauthorizedError("Unauthorized: Invalid or missing bearer token")
        raise ForbiddenError(f"This needs the token or a login, or {Caller.OWN_USER} on this machine")


#                     outside, private network, other local user, own user, credential
OPEN = Rights(YES, YES, YES, YES, YES)
READ = Rights(NO, YES, YES, YES, YES)
HARMLESS = Rights(NO, RATED, RATED, YES, YES, audited=True)  # costs work, loses nothing
CONFIDENTIAL = Rights(NO, NO, NO, YES, YES)
CHANGE = Rights(NO, NO, NO, YES, YES, audited=True)
NEVER = Rights(NO, NO, NO, NO, NO)  # only in the file, or by the environment

ROUTES: Mapping[str, Rights] = {
    "GET /status": READ,
    "GET /processes": READ,
    "GET /processes/{category}/evidence": READ,
    "POST /processes/{category}/{kind}/restart": HARMLESS,
    "POST /processes/restart": CHANGE,
    "POST /processes/dump": CHANGE,
    "POST /reload": CHANGE,
    "GET /inbox": READ,
    "GET /peers": READ,
    "GET /stats": READ,
    "GET /qbittorrents": READ,
    "GET /activity": READ,
    "GET /arr": READ,
    "GET /arr/{section}/items/{id}/history": READ,
    "GET /arr/{section}/items/{id}/timeline": READ,
    "POST /arr/{section}/restart": HARMLESS,
    "POST /arr/{section}/read-settings": HARMLESS,
    "POST /arr/{section}/approve": CHANGE,
    "POST /arr/{section}/discard": CHANGE,
    "POST /actions/{id}/answer": CHANGE,
    "POST /imports/answer": CHANGE,
    "GET /answers": READ,
    "POST /answers/forget": CHANGE,
    "POST /actions/{id}/undo": CHANGE,
    "POST /arr/test-connection": CHANGE,
    "GET /arr/{section}/search-plan": READ,
    "GET /arr/{section}/room": READ,
    "GET /arr/{section}/posters/{id}": READ,
    "POST /arr/{section}/search": HARMLESS,
    "POST /arr/{section}/search-pause": CHANGE,
    "POST /arr/rebuild": HARMLESS,
    "GET /radarr/{category}/movies": READ,
    "GET /sonarr/{category}/series": READ,
    "GET /lidarr/{category}/artists": READ,
    "GET /logs": READ,
    "GET /logs/{name}": READ,
    "GET /logs/{name}/at": READ,
    "GET /logs/{name}/search": READ,
    "GET /logs/{name}/download": READ,
    "GET /logs/{name}/stream": READ,
    "GET /events": READ,
    "GET /config": READ,
    "GET /config/schema": READ,
    "POST /config": CHANGE,
    "POST /config/plan": CONFIDENTIAL,  # it compares what it is given with what is stored
    "GET /config/history": READ,
    "POST /config/rollback": CHANGE,
    "POST /notifications/test": CHANGE,
    "POST /password": CHANGE,
    "GET /sessions": CONFIDENTIAL,
    "POST /sessions/{id}/revoke": CHANGE,
    "POST /sessions/revoke": CHANGE,
    "GET /meta": READ,
    "POST /update": CHANGE,
    "POST /restart": CHANGE,
    "GET /orphans": READ,
    "POST /orphans/answer": CHANGE,
    "GET /backups": CONFIDENTIAL,
    "GET /backups/{name}/download": CONFIDENTIAL,  # all that was done, and names of users
    "GET /decisions": READ,
    "GET /comparison": READ,
    "GET /comparison/days": READ,
    "GET /audit": CONFIDENTIAL,
    "GET /torrents": READ,
    "GET /torrents/{hash}/explain": READ,
    "GET /torrents/{hash}/timeline": READ,
    "POST /torrents/{hash}/check-files": CONFIDENTIAL,  # a part of changing the configuration
    "POST /mcp": READ,  # its tools are routes with this right, and none of them changes anything
    "GET /openapi.json": READ,
    "GET /metrics": READ,
    "GET /health": OPEN,
    "GET /ready": OPEN,
    "GET /login": OPEN,
    "POST /login": OPEN,
    "POST /logout": OPEN,
    "POST /answer": OPEN,  # a link in a message is its proof
    "POST /answer/read": OPEN,
}

_SETTINGS: Mapping[str, Rights] = {
    # what is deleted, and what keeps from it
    "AutoPauseResume": CHANGE,
    "CompletedDownloadFolder": CHANGE,
    "FailedCategory": CHANGE,
    "FreeSpace": CHANGE,
    "FreeSpaceFolder": CHANGE,
    "IgnoreTorrentsYoungerThan": CHANGE,
    "MaxDestructiveActions": CHANGE,
    "MaxDestructiveShare": CHANGE,
    "Orphans.MaxBytesPerDay": CHANGE,
    "Orphans.MaxFilesPerDay": CHANGE,
    "Orphans.MaxShare": CHANGE,
    "Orphans.MinimumAge": CHANGE,
    "Orphans.Mode": CHANGE,
    "Orphans.PurgeAfter": CHANGE,
    "Orphans.Spare": CHANGE,
    "ProtectTags": CHANGE,
    "Quarantine": CHANGE,
    "RecheckCategory": CHANGE,
    "Shadow": CHANGE,
    "Tagless": CHANGE,
    "Torrent.MaximumDeletablePercentage": CHANGE,
    "Torrent.MaximumETA": CHANGE,
    "Torrent.MinimumSpeed": CHANGE,
    "Torrent.PrivatePolicy": CHANGE,
    "Torrent.PublicPolicy": CHANGE,
    "Torrent.Ranges": CHANGE,
    "Torrent.SlowDelay": CHANGE,
    # which code runs
    "AutoUpdateChannel": NEVER,
    "UpdateIndex": NEVER,
    "UpdateKey": NEVER,
    # updates, and what is known of them
    "AutoUpdateCron": CHANGE,
    "AutoUpdateEnabled": CHANGE,
    "FFprobeAutoUpdate": CHANGE,
    "ReleasesURL": CHANGE,
    # how much is done, and what can be seen of it
    "AutoRestartProcesses": CHANGE,
    "ConsoleLevel": CHANGE,
    "Logging": CHANGE,
    "LoopSleepTimer": CHANGE,
    "MaxProcessRestarts": CHANGE,
    "NoInternetSleepTimer": CHANGE,
    "PingURLS": CHANGE,
    "ProcessRestartDelay": CHANGE,
    "ProcessRestartWindow": CHANGE,
    "ProcessSpawnTimeoutSeconds": CHANGE,
    "SearchLoopDelay": CHANGE,
    "SearchesPerHour": CHANGE,
    "WorkerMemoryHigh": CHANGE,
    "DecisionsKeptDays": CHANGE,
}
_WEBUI: Mapping[str, Rights] = {
    # who may come in
    "AllowInsecureExposure": CHANGE,
    "AllowInsecureTokenQuery": CHANGE,
    "AllowedHosts": CHANGE,
    "AuthDisabled": CHANGE,
    "BehindHttpsProxy": CHANGE,
    "Host": CHANGE,
    "LocalAuthEnabled": CHANGE,
    "OIDC.AllowedEmails": CHANGE,
    "OIDC.AllowedSubjects": CHANGE,
    "OIDC.Authority": CHANGE,
    "OIDC.CallbackPath": CHANGE,
    "OIDC.ClientId": CHANGE,
    "OIDC.ClientSecret": CHANGE,
    "OIDC.RequireHttpsMetadata": CHANGE,
    "OIDC.RequiredClaim": CHANGE,
    "OIDC.Scopes": CHANGE,
    "OIDCEnabled": CHANGE,
    "PasswordHash": CHANGE,
    "Peers": CHANGE,
    "Port": CHANGE,
    "PublicURL": CHANGE,
    "ReadToken": CHANGE,
    "Token": CHANGE,
    "TrustedProxies": CHANGE,
    "UrlBase": CHANGE,
    "Username": CHANGE,
    "WebAccess": CHANGE,
    # how the page looks; also a change of these is a version of the file
    "LiveArr": CHANGE,
    "Theme": CHANGE,
    "ViewDensity": CHANGE,
}
_NOTIFICATIONS: Mapping[str, Rights] = {
    "Digest": CHANGE,
    "Events": CHANGE,
    "Targets": CHANGE,
    "Urls": CHANGE,
}
_PROWLARR: Mapping[str, Rights] = {
    # a secret, and where it goes
    "APIKey": CHANGE,
    "SkipTLSVerify": CHANGE,
    "URI": CHANGE,
    "NearLimit": CHANGE,
}
_QBIT: Mapping[str, Rights] = {
    # secrets, and where they go
    "APIKey": CHANGE,
    "Disabled": CHANGE,
    "Host": CHANGE,
    "Password": CHANGE,
    "Port": CHANGE,
    "SkipTLSVerify": CHANGE,
    "UserName": CHANGE,
    # what is deleted, and the trackers of torrents
    "CategorySeeding.Categories": CHANGE,
    "CategorySeeding.DownloadRateLimitPerTorrent": CHANGE,
    "CategorySeeding.HitAndRunMinimumDownloadPercent": CHANGE,
    "CategorySeeding.HitAndRunMode": CHANGE,
    "CategorySeeding.HitAndRunPartialSeedRatio": CHANGE,
    "CategorySeeding.IgnoreTorrentsYoungerThan": CHANGE,
    "CategorySeeding.MaxSeedingTime": CHANGE,
    "CategorySeeding.MaxUploadRatio": CHANGE,
    "CategorySeeding.MinSeedRatio": CHANGE,
    "CategorySeeding.MinSeedingTimeDays": CHANGE,
    "CategorySeeding.RemoveTorrent": CHANGE,
    "CategorySeeding.StalledDelay": CHANGE,
    "CategorySeeding.TrackerUpdateBuffer": CHANGE,
    "CategorySeeding.UploadRateLimitPerTorrent": CHANGE,
    "LocalPaths": CHANGE,
    "ManagedCategories": CHANGE,
    "MatchSubcategories": CHANGE,
    "Trackers": CHANGE,
}
_ARR: Mapping[str, Rights] = {
    # secrets, and where they go
    "APIKey": CHANGE,
    "EntrySearch.Ombi.OmbiAPIKey": CHANGE,
    "EntrySearch.Ombi.OmbiURI": CHANGE,
    "EntrySearch.Ombi.SkipTLSVerify": CHANGE,
    "EntrySearch.Overseerr.OverseerrAPIKey": CHANGE,
    "EntrySearch.Overseerr.OverseerrURI": CHANGE,
    "EntrySearch.Overseerr.SkipTLSVerify": CHANGE,
    "SkipTLSVerify": CHANGE,
    "URI": CHANGE,
    # what is deleted, and the trackers of torrents
    "ArrErrorCodesToBlocklist": CHANGE,
    "Category": CHANGE,
    "Managed": CHANGE,
    "MatchSubcategories": CHANGE,
    "Messages": CHANGE,
    "ReSearch": CHANGE,
    "Shadow": CHANGE,
    "Torrent.AutoDelete": CHANGE,
    "Torrent.CaseSensitiveMatches": CHANGE,
    "Torrent.DoNotRemoveSlow": CHANGE,
    "Torrent.FailArchives": CHANGE,
    "Torrent.FileExtensionAllowlist": CHANGE,
    "Torrent.FileNameExclusionRegex": CHANGE,
    "Torrent.FolderExclusionRegex": CHANGE,
    "Torrent.IgnoreTorrentsYoungerThan": CHANGE,
    "Torrent.MakeRoom.Enabled": CHANGE,
    "Torrent.MakeRoom.KeepSeeds": CHANGE,
    "Torrent.MakeRoom.KeepSize": CHANGE,
    "Torrent.MakeRoom.MinOtherSeeders": CHANGE,
    "Torrent.MakeRoom.MinSeedRatio": CHANGE,
    "Torrent.MakeRoom.MinSeedingTime": CHANGE,
    "Torrent.MaxFailedGrabsPerDay": CHANGE,
    "Torrent.MaximumDeletablePercentage": CHANGE,
    "Torrent.MaximumETA": CHANGE,
    "Torrent.MinimumSpeed": CHANGE,
    "Torrent.PrivatePolicy": CHANGE,
    "Torrent.PublicPolicy": CHANGE,
    "Torrent.Ranges": CHANGE,
    "Torrent.RemoveSuperseded": CHANGE,
    "Torrent.RemoveUnregistered": CHANGE,
    "Torrent.ReSearchStalled": CHANGE,
    "Torrent.SeedingMode.DownloadRateLimitPerTorrent": CHANGE,
    "Torrent.SeedingMode.MaxSeedingTime": CHANGE,
    "Torrent.SeedingMode.MaxUploadRatio": CHANGE,
    "Torrent.SeedingMode.RemoveDeadTrackers": CHANGE,
    "Torrent.SeedingMode.RemoveTorrent": CHANGE,
    "Torrent.SeedingMode.RemoveTrackerWithMessage": CHANGE,
    "Torrent.SeedingMode.UploadRateLimitPerTorrent": CHANGE,
    "Torrent.SlowDelay": CHANGE,
    "Torrent.StalledDelay": CHANGE,
    "Torrent.Strikes": CHANGE,
    "Torrent.Trackers": CHANGE,
    "Torrent.VerifyMedia": CHANGE,
    "importMode": CHANGE,
    # what the Arr is asked to do
    "EntrySearch.AlsoSearchSpecials": CHANGE,
    "EntrySearch.CustomFormatUnmetSearch": CHANGE,
    "EntrySearch.DoUpgradeSearch": CHANGE,
    "EntrySearch.ForceMinimumCustomFormat": CHANGE,
    "EntrySearch.ForceResetTempProfiles": CHANGE,
    "EntrySearch.ExcludeTags": CHANGE,
    "EntrySearch.IncludeTags": CHANGE,
    "EntrySearch.KeepTempProfile": CHANGE,
    "EntrySearch.Ombi.ApprovedOnly": CHANGE,
    "EntrySearch.Ombi.SearchOmbiRequests": CHANGE,
    "EntrySearch.Overseerr.ApprovedOnly": CHANGE,
    "EntrySearch.Overseerr.Is4K": CHANGE,
    "EntrySearch.Overseerr.SearchOverseerrRequests": CHANGE,
    "EntrySearch.PrioritizeTodaysReleases": CHANGE,
    "EntrySearch.ProfileSwitchRetryAttempts": CHANGE,
    "EntrySearch.QualityProfileMappings": CHANGE,
    "EntrySearch.QualityUnmetSearch": CHANGE,
    "EntrySearch.RetryAfterRelease": CHANGE,
    "EntrySearch.SearchAgainOnSearchCompletion": CHANGE,
    "EntrySearch.SearchByYear": CHANGE,
    "EntrySearch.SearchBySeries": CHANGE,
    "EntrySearch.SearchCooldown": CHANGE,
    "EntrySearch.SeasonSearchRest": CHANGE,
    "EntrySearch.SearchInReverse": CHANGE,
    "EntrySearch.SearchLimit": CHANGE,
    "EntrySearch.SearchMissing": CHANGE,
    "EntrySearch.SearchQueueLimit": CHANGE,
    "EntrySearch.SearchRequestsEvery": CHANGE,
    "EntrySearch.SearchWindow": CHANGE,
    "EntrySearch.SearchesPerHour": CHANGE,
    "EntrySearch.TempProfileResetTimeoutMinutes": CHANGE,
    "EntrySearch.Unmonitored": CHANGE,
    "EntrySearch.UseTempForMissing": CHANGE,
    "RefreshDownloadsTimer": CHANGE,
    "RssSyncTimer": CHANGE,
}
KEYS: Mapping[str, Mapping[str, Rights]] = {
    "Settings": _SETTINGS,
    "WebUI": _WEBUI,
    "Notifications": _NOTIFICATIONS,
    "Prowlarr": _PROWLARR,
    "qBit": _QBIT,
    "Arr": _ARR,
}
"""By section, where `qBit` and `Arr` are every section of that kind, and by the dotted name of the key in it.

Rows, such as those of `Trackers`, have the right of the key that holds them.
"""


_SHARED: Mapping[type[Table] | None, str] = {QBit: "qBit", Arr: "Arr"}


def key_rights(name: str) -> Rights | None:
    """The rights on a key by its full dotted name, or by one in it; None for what is no key.

    >>> key_rights("Settings.UpdateIndex") is NEVER, key_rights("qBit-nas.Trackers") is CHANGE, key_rights("Settings")
    (True, True, None)
    """
    path = tuple(name.split("."))
    section = _SHARED.get(model_of(path[0]), path[0])
    for length in range(2, len(path) + 1):
        place = place_of(path[:length])
        if place is not None and place.table is None:
            return KEYS[section].get(".".join(path[1:length]), NEVER)
    return None


def require_keys(names: Iterable[str], author: Author) -> None:
    """Raise ForbiddenError when the author may not change one of these keys. Other names than of keys are ignored."""
    refused = [name for name in names if (rights := key_rights(name)) and rights.of(author.caller) is NO]
    if refused:
        raise ForbiddenError(f"{', '.join(refused)} {_remedy(author)}", {"keys": refused})


def _remedy(author: Author) -> str:
    if author.trusted:
        return "cannot be set over HTTP, as it decides which code runs; edit config.toml"
    return "can only be changed with the token or a login"
