"""Checks of several keys together: contradictions, oddities, and what is still to fill in."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qbitrr.config.address import kind_of, peer
from qbitrr.config.environment import PROCESSING_ONLY
from qbitrr.config.model.modes import MODES, MODES_OF_RULES, mode_of
from qbitrr.config.patterns import fault_of, is_bounded
from qbitrr.config.redact import redact_url
from qbitrr.config.values import is_below
from qbitrr.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qbitrr.config.model import (
        Arr,
        Config,
        Notifications,
        Ombi,
        Overseerr,
        Prowlarr,
        QBit,
        SeedingLimits,
        TrackerRow,
        WebUI,
    )
    from qbitrr.config.model.arr import TorrentRules
    from qbitrr.config.model.downloads import SpeedRules
    from qbitrr.config.model.settings import ManagedTorrents, Settings
    from qbitrr.config.tables import Findings

LEAST_WORKER_MEMORY_BYTES = 64 * 2**20
_PORTS = {"radarr": 7878, "sonarr": 8989, "lidarr": 8686}


def check_together(config: Config, findings: Findings) -> None:
    """Add a problem for each contradiction and a warning for each oddity."""
    arrs = [arr for arr in config.arrs.values() if arr.managed]
    qbits = [qbit for qbit in config.qbits.values() if not qbit.disabled]
    _check_categories(config, arrs, qbits, findings)
    _check_addresses(arrs, findings)
    _check_free_space(config, findings)
    _check_room(config.settings, arrs, findings)
    _check_worker_memory(config.settings, findings)
    _check_processing_only(qbits, findings)
    _check_access(config.webui, findings)
    _check_provider(config.webui, findings)
    _check_peers(config.webui, findings)
    _check_kept_keys(config, findings)
    _check_notifications(config.notifications, findings)
    for qbit in qbits:
        _check_login(qbit, findings)
        _check_category_rows(qbit, findings)
        _check_removal(f"{qbit.section}.CategorySeeding", qbit.category_seeding, qbit.trackers, findings)
    for arr in arrs:
        trackers = (*arr.torrent.trackers, *(row for qbit in qbits for row in qbit.trackers))
        _check_removal(f"{arr.section}.Torrent.SeedingMode", arr.torrent.seeding, trackers, findings)
        _check_search(arr, findings)
        _check_patterns(arr, findings)
        _check_messages(arr, findings)
        _check_modes(f"{arr.section}.Torrent", arr.torrent, findings)
        _check_speed(arr, findings)
        _check_ranges(f"{arr.section}.Torrent", arr.torrent.speed, findings)
    _check_modes("Settings.Torrent", config.settings.torrent, findings)
    _check_ranges("Settings.Torrent", config.settings.torrent.speed, findings)


def _check_categories(config: Config, arrs: list[Arr], qbits: list[QBit], findings: Findings) -> None:
    """Check that on every qBittorrent each category belongs to one Arr, one list or one special purpose."""
    owners: dict[str, str] = {}
    settings = config.settings
    special = (
        ("Settings.FailedCategory", settings.failed_category),
        ("Settings.RecheckCategory", settings.recheck_category),
        *((f"[{qbit.section}]", qbit.section) for qbit in qbits),  # the name of its worker
    )
    _claim([*special, *((f"{arr.section}.Category", arr.category) for arr in arrs)], owners, findings)
    for qbit in qbits:
        managed = ((f"{qbit.section}.ManagedCategories", category) for category in qbit.managed_categories)
        _claim(managed, dict(owners), findings)


def _claim(claims: Iterable[tuple[str, str]], owners: dict[str, str], findings: Findings) -> None:
    """Record the keys that own categories; a second owner is a problem."""
    for where, category in claims:
        if category in owners:
            found = f'"{category}", the same as {owners[category]}'
            findings.problem(where, found, "a category of its own")
            continue
        if "\\" in category:
            findings.warning(where, f'a backslash in "{category}"', "/ between a category and its sub-category")
        for other, owner in owners.items():
            if is_below(category, other) or is_below(other, category):
                found = f'"{category}", which shares a tree with "{other}" of {owner}'
                findings.warning(where, found, "separate trees", "The longest matching category owns a torrent.")
        owners[category] = where


def _check_addresses(arrs: list[Arr], findings: Findings) -> None:
    owners: dict[str, str] = {}
    for arr in arrs:
        if arr.uri and owners.setdefault(arr.uri, arr.section) != arr.section:
            found = f'"{redact_url(arr.uri)}", the same as {owners[arr.uri]}.URI'
            findings.problem(f"{arr.section}.URI", found, "an address of its own")


def _check_free_space(config: Config, findings: Findings) -> None:
    settings = config.settings
    if settings.free_space_bytes < 0:
        return
    if not settings.free_space_folder:
        hint = 'Or switch the guard off with FreeSpace = "-1".'
        findings.problem("Settings.FreeSpaceFolder", "no folder, but FreeSpace is on", "a folder", hint)
    if not settings.auto_pause_resume:
        found = "false, but FreeSpace is on"
        findings.warning("Settings.AutoPauseResume", found, "true", "The guard has to pause torrents to work.")


def _check_room(settings: Settings, arrs: list[Arr], findings: Findings) -> None:
    if settings.free_space_bytes >= 0 and settings.auto_pause_resume:
        return
    for arr in arrs:
        if arr.torrent.make_room.enabled:
            where = f"{arr.section}.Torrent.MakeRoom.Enabled"
            hint = "Without the free space guard no download waits for space, and nothing goes."
            findings.warning(where, "true, but FreeSpace is off", "a size in FreeSpace", hint)


def _check_worker_memory(settings: Settings, findings: Findings) -> None:
    """A worker needs 50 MB, and four times that while it reads the largest libraries."""
    if 0 <= settings.worker_memory_high_bytes < LEAST_WORKER_MEMORY_BYTES:
        findings.problem("Settings.WorkerMemoryHigh", "less than a worker needs", '"64M" or more, or "-1"')


def _check_processing_only(qbits: list[QBit], findings: Findings) -> None:
    if PROCESSING_ONLY in findings.variables.values() and not qbits:
        hint = "Nothing is left to do."
        findings.problem(PROCESSING_ONLY, "true, but no qBittorrent is in use", "a [qBit] section", hint)


def _check_access(webui: WebUI, findings: Findings) -> None:
    """A file that asks for a login never becomes one that does not."""
    login = {
        "LocalAuthEnabled = true": webui.local_auth_enabled,
        "OIDCEnabled = true": webui.oidc_enabled,
        "a password": bool(webui.password_hash),
    }
    logins = ", ".join(name for name, configured in login.items() if configured)
    where, access = "WebUI.AuthDisabled", webui.web_access
    if webui.auth_disabled is False and access in ("auto", "open"):
        findings.problem(where, f'false, but WebAccess = "{access}"', 'one of the two, or WebAccess = "token"')
    if webui.auth_disabled and access == "token":
        findings.problem(where, 'true, but WebAccess = "token"', "one of the two")
    if webui.auth_disabled and access is None and logins:
        hint = "WebAccess says who may read without a login."
        findings.problem(where, f"true, but {logins} too", "one of the two, or WebAccess", hint)
    if access == "open" and not webui.allow_insecure_exposure:
        hint = "AllowInsecureExposure = true confirms that everyone who reaches it may read all of it."
        findings.problem("WebUI.WebAccess", '"open"', '"auto" or "token"', hint)


def _check_peers(webui: WebUI, findings: Findings) -> None:
    if webui.read_token and webui.read_token == webui.token:
        findings.problem("WebUI.ReadToken", "the same text as Token", "another one: this one can only read")
    names = Counter(peer(text).name for text in webui.peers)
    for name in (name for name, number in names.items() if number > 1):
        findings.problem("WebUI.Peers", f'"{name}" more than once', "another name for each daemon")


def _check_provider(webui: WebUI, findings: Findings) -> None:
    """A provider proves who a user is; without a word on who may log in, all of its users could."""
    oidc, where = webui.oidc, "WebUI.OIDC"
    name, _, value = oidc.required_claim.partition("=")
    if oidc.required_claim and not (name.strip() and value.strip()):
        findings.problem(f"{where}.RequiredClaim", f'"{oidc.required_claim}"', 'a claim and its value, "groups=admins"')
    if webui.oidc_enabled and not (oidc.allowed_subjects or oidc.allowed_emails or oidc.required_claim):
        found = "OIDCEnabled = true, but nothing says which users of the provider may log in"
        findings.problem(where, found, "AllowedSubjects, AllowedEmails or RequiredClaim")
    if webui.oidc_enabled and oidc.allowed_emails and "email" not in oidc.scopes.split():
        hint = "Without it most providers do not say the address, and no one of AllowedEmails gets in."
        findings.warning(f"{where}.Scopes", f'"{oidc.scopes}"', '"email" among them', hint)


def _check_kept_keys(config: Config, findings: Findings) -> None:
    """Warn of keys of older files that have no effect."""
    if config.settings.ffprobe_auto_update:
        hint = "ffprobe is never downloaded; install it, and it is found."
        findings.warning("Settings.FFprobeAutoUpdate", "true", "false", hint)
    if config.webui.allow_insecure_token_query:
        hint = "A token in an address is never accepted: send it as a header."
        findings.warning("WebUI.AllowInsecureTokenQuery", "true", "false", hint)


def _check_notifications(notifications: Notifications, findings: Findings) -> None:
    kinds = [kind_of(url) for url in notifications.urls]
    for position, kind in enumerate(kinds):
        if not kind:
            where, allowed = f"Notifications.Urls[{position}]", 'an address such as "discord://…"'
            findings.warning(where, "a hidden text", allowed, "Nothing can be sent there.")
    for position, row in enumerate(notifications.targets):
        where = f"Notifications.Targets[{position}].To"
        if not row.kind:
            findings.problem(where, "nothing", 'what stands before the "://" of an address')
        elif row.to.partition("://")[2]:
            hint = "The rest is a secret, and this key is shown."
            findings.problem(where, "a whole address", f'what stands before its "://": "{row.kind}"', hint)
        elif row.kind not in kinds:
            findings.warning(where, f'"{row.kind}"', "the kind of an address in Urls", "The row has no effect.")


def _check_login(qbit: QBit, findings: Findings) -> None:
    """Warn of placeholders: they are never sent, as qBittorrent bans an address after some wrong logins."""
    left = {f"{qbit.section}.UserName", f"{qbit.section}.Password"} & findings.placeholders
    if qbit.complete and not qbit.api_key:
        for where in sorted(left):
            findings.warning(where, "CHANGE_ME", "your login, or nothing", "Going without a login.")


def _check_category_rows(qbit: QBit, findings: Findings) -> None:
    for position, row in enumerate(qbit.category_seeding.categories):
        if row.name not in qbit.managed_categories:
            where = f"{qbit.section}.CategorySeeding.Categories[{position}].Name"
            findings.warning(where, f'"{row.name}"', "a category of ManagedCategories", "The row has no effect.")


def _check_removal(where: str, limits: SeedingLimits, rows: Iterable[TrackerRow], findings: Findings) -> None:
    ratio = any(limit > 0 for limit in (limits.max_upload_ratio, *(row.max_upload_ratio for row in rows)))
    time = any(limit > 0 for limit in (limits.max_seeding_seconds, *(row.max_seeding_seconds for row in rows)))
    reachable = {-1: True, 1: ratio, 2: time, 3: ratio or time, 4: ratio and time}
    if not reachable[limits.remove_torrent]:
        hint = "Without them no torrent is removed."
        allowed = "the limits that it needs: MaxUploadRatio, MaxSeedingTime or both"
        findings.warning(f"{where}.RemoveTorrent", str(limits.remove_torrent), allowed, hint)


def _check_search(arr: Arr, findings: Findings) -> None:
    search, where = arr.entry_search, f"{arr.section}.EntrySearch"
    if search.search_missing and search.search_limit == 0:
        findings.warning(
            f"{where}.SearchLimit", "0", "1 or more", "Nothing is searched, as with SearchMissing = false."
        )
    if search.use_temp_for_missing and not search.quality_profile_mappings:
        found = "true, but no QualityProfileMappings"
        findings.warning(f"{where}.UseTempForMissing", found, "at least one mapping", "No profile is switched.")


def _check_modes(where: str, rules: TorrentRules | ManagedTorrents, findings: Findings) -> None:
    for name, modes in (("PrivatePolicy", rules.private_policy), ("PublicPolicy", rules.public_policy)):
        for rule, written in modes.items():
            allowed = MODES if rule == "default" else MODES_OF_RULES.get(rule)
            if allowed is None:
                rules_with_modes = f"{', '.join(sorted(MODES_OF_RULES))} or default"
                findings.problem(f"{where}.{name}.{rule}", "no such rule", rules_with_modes)
            elif mode_of(written) not in allowed:
                findings.problem(f"{where}.{name}.{rule}", f'"{written}"', _one_of(allowed))


def _one_of(modes: Sequence[str]) -> str:
    """The modes that are possible, the mildest last."""
    *others, last = (f'"{mode}"' for mode in reversed(modes))
    return f"{', '.join(others)} or {last}"


def _check_speed(arr: Arr, findings: Findings) -> None:
    speed = arr.torrent.speed
    minimums = [speed.minimum_speed_bytes_per_second, *(row.minimum_speed_bytes_per_second for row in speed.ranges)]
    if arr.torrent.do_not_remove_slow and max(minimums) > 0:
        where, hint = f"{arr.section}.Torrent.DoNotRemoveSlow", "No download is removed for its speed."
        findings.warning(where, "true, but a MinimumSpeed is set", "false", hint)


def _check_ranges(where: str, speed: SpeedRules, findings: Findings) -> None:
    for position, row in enumerate(speed.ranges):
        place = f"{where}.Ranges[{position}]"
        if row.up_to_progress < row.from_progress:
            found = f"{row.up_to_progress:g}, below FromProgress = {row.from_progress:g}"
            findings.problem(f"{place}.UpToProgress", found, "FromProgress or more")
        if 0 <= row.up_to_size_bytes < row.from_size_bytes:
            findings.problem(f"{place}.UpToSize", "a size below FromSize", "FromSize or more")


def _check_patterns(arr: Arr, findings: Findings) -> None:
    torrent = arr.torrent
    keys = {
        "FolderExclusionRegex": torrent.folder_exclusion_regex,
        "FileNameExclusionRegex": torrent.file_name_exclusion_regex,
        "FileExtensionAllowlist": torrent.file_extension_allowlist,
    }
    for name, patterns in keys.items():
        for position, pattern in enumerate(patterns):
            if not is_bounded(pattern):
                where = f"{arr.section}.Torrent.{name}[{position}]"
                found = f'"{pattern}", a repeat inside of a repeat'
                hint = "Not applied: matching a name could take without end."
                findings.warning(where, found, "a pattern without one", hint)


def _check_messages(arr: Arr, findings: Findings) -> None:
    """A row that cannot be applied is refused: the rows behind it would decide in its place."""
    for position, row in enumerate(arr.messages):
        where = f"{arr.section}.Messages[{position}].Text"
        if not row.text:
            findings.problem(where, "nothing", "what the message has")
        elif row.match == "regex" and (fault := fault_of(row.text)):
            findings.problem(where, f'"{row.text}"', f"a regular expression, but {fault}")
        elif row.match == "regex" and not is_bounded(row.text):
            found = f'"{row.text}", whose repeat matches a text in several ways'
            findings.problem(where, found, "a pattern that ends in time")


def list_incomplete(config: Config, findings: Findings) -> None:
    """Add every key without which something cannot run, with what belongs there."""
    for where, needed in _missing(config):
        found = "CHANGE_ME" if where in findings.placeholders else "nothing"
        findings.incomplete.append(Problem(where, found, needed))


def _missing(config: Config) -> Iterator[tuple[str, str]]:
    if not config.settings.completed_download_folder:
        yield "Settings.CompletedDownloadFolder", "the folder in which qBittorrent puts finished downloads"
    yield from _missing_in_prowlarr(config.prowlarr)
    for qbit in config.qbits.values():
        yield from _missing_in_qbit(qbit)
    for arr in config.arrs.values():
        yield from _missing_in_arr(arr)


def _missing_in_prowlarr(prowlarr: Prowlarr) -> Iterator[tuple[str, str]]:
    """It may be left out, but not by half."""
    if prowlarr.api_key and not prowlarr.uri:
        yield "Prowlarr.URI", 'the address of Prowlarr, such as "http://localhost:9696"'
    if prowlarr.uri and not prowlarr.api_key:
        yield "Prowlarr.APIKey", "the API key that Prowlarr shows under Settings, General"


def _missing_in_qbit(qbit: QBit) -> Iterator[tuple[str, str]]:
    if not qbit.disabled and not qbit.complete:
        yield f"{qbit.section}.Host", 'where qBittorrent\'s Web UI is, such as "localhost"; UserName and Password too'


def _missing_in_arr(arr: Arr) -> Iterator[tuple[str, str]]:
    if not arr.managed:
        return
    name = arr.kind.capitalize()
    if not arr.uri:
        yield f"{arr.section}.URI", f'the address of {name}, such as "http://localhost:{_PORTS[arr.kind]}"'
    if not arr.api_key:
        yield f"{arr.section}.APIKey", f"the API key that {name} shows under Settings, General"
    search = f"{arr.section}.EntrySearch"
    yield from _missing_in_requester(arr.entry_search.ombi, f"{search}.Ombi.Ombi", "Ombi")
    yield from _missing_in_requester(arr.entry_search.overseerr, f"{search}.Overseerr.Overseerr", "Overseerr")


def _missing_in_requester(requester: Ombi | Overseerr, where: str, name: str) -> Iterator[tuple[str, str]]:
    if requester.search_requests and not requester.uri:
        yield f"{where}URI", f"the address of {name}"
    if requester.search_requests and not requester.api_key:
        yield f"{where}APIKey", f"the API key of {name}"
