"""The part of the configuration that governs a category's torrents, in the words of the rules."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from qbitrr.torrents import breaker
from qbitrr.torrents.facts import Policy, TrackerEta
from qbitrr.torrents.files import FileRules, compile_rules

if TYPE_CHECKING:
    from qbitrr.config.model import TrackerRow
    from qbitrr.worker.configuration import WorkerConfig


def policy_of(config: WorkerConfig) -> Policy:
    """What the rules want to know."""
    settings, torrent, search = config.settings, config.arr.torrent, config.arr.entry_search
    return Policy(
        ignore_younger_than_seconds=torrent.ignore_torrents_younger_than_seconds,
        stalled_delay_seconds=torrent.stalled_delay_seconds,
        failed_category=settings.failed_category,
        recheck_category=settings.recheck_category,
        protect_tags=frozenset(settings.protect_tags),
        tagless=settings.tagless,
        strikes=torrent.strikes,
        search_stalled_again=torrent.research_stalled,
        maximum_eta_seconds=torrent.maximum_eta_seconds,
        tracker_etas=_tracker_etas(config),
        keep_slow=torrent.do_not_remove_slow,
        maximum_deletable_progress=torrent.maximum_deletable_percentage,
        filters_files=file_rules_of(config).exclude_anything,
        auto_delete=torrent.auto_delete,
        error_messages=frozenset(config.arr.error_messages_to_blocklist),
        enforces_custom_formats=search.custom_format_unmet_search,
        forces_minimum_custom_format=search.force_minimum_custom_format,
        most_failed_grabs=torrent.max_failed_grabs_per_day,
    )


def file_rules_of(config: WorkerConfig) -> FileRules:
    """Which files are not wanted."""
    torrent = config.arr.torrent
    return compile_rules(
        torrent.folder_exclusion_regex,
        torrent.file_name_exclusion_regex,
        torrent.file_extension_allowlist,
        config.arr.kind,
        case_sensitive=torrent.case_sensitive_matches,
    )


def fingerprint(rules: FileRules) -> str:
    """Tells one set of file rules from another, also in a later version."""
    patterns = [[(pattern.pattern, pattern.flags) for pattern in some] for some in (rules.folders, rules.names)]
    return hashlib.blake2s(msgspec.json.encode((patterns, rules.extensions)), digest_size=8).hexdigest()


def breaker_limits(config: WorkerConfig) -> breaker.Limits:
    """How much may be destroyed at once."""
    return breaker.Limits(config.settings.max_destructive_actions, config.settings.max_destructive_share)


def _tracker_etas(config: WorkerConfig) -> tuple[TrackerEta, ...]:
    """The rows that have an opinion, the Arr's own before those of qBittorrent, by priority."""
    rows: dict[str, TrackerRow] = {}
    for row in (*config.arr.torrent.trackers, *(row for qbit in config.qbits for row in qbit.trackers)):
        rows.setdefault(row.host, row)
    ordered = sorted(rows.values(), key=lambda row: -row.priority)
    return tuple(TrackerEta(row.host, row.maximum_eta_seconds) for row in ordered if row.maximum_eta_seconds > 0)
