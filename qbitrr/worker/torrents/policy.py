"""The part of the configuration that governs a category's torrents, in the words of the rules."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from qbitrr.rules import breaker
from qbitrr.rules.facts import Policy, TrackerEta
from qbitrr.rules.files import FileRules, compile_rules
from qbitrr.rules.ownership import owner
from qbitrr.worker.regimes import rules_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.config.model import TrackerRow
    from qbitrr.worker.config import WorkerConfig


class Policies:
    """What governs the torrents of a worker: one policy for an Arr, one for each managed category without one."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self.general = policy_of(config)
        self._of_category: dict[str, Policy] = {}

    def of(self, category: str) -> Policy:
        """The policy for torrents that belong to a category."""
        if self._config.arr_section is not None:
            return self.general
        if category not in self._of_category:
            home = owner(category, self._config.own_categories, self._config.parents)
            self._of_category[category] = _without_arr(self._config, home)
        return self._of_category[category]


def policy_of(config: WorkerConfig) -> Policy:
    """What the rules want to know of a worker's torrents, whatever their category."""
    return _without_arr(config, None) if config.arr_section is None else _with_arr(config)


def _without_arr(config: WorkerConfig, category: str | None) -> Policy:
    settings, rules = config.settings, rules_for(config.qbit, category)
    return Policy(
        ignore_younger_than_seconds=rules.ignore_torrents_younger_than_seconds,
        stalled_delay_seconds=rules.stalled_delay_seconds,
        failed_category=settings.failed_category,
        recheck_category=settings.recheck_category,
        protect_tags=frozenset(settings.protect_tags),
        tagless=settings.tagless,
        with_arr=False,
        strikes=_STRIKES_WITHOUT_ARR,
        maximum_eta_seconds=settings.torrent.maximum_eta_seconds,
        tracker_etas=_tracker_etas((*config.qbit.trackers, *config.shared_rows)),
        keep_slow=False,
        maximum_deletable_progress=settings.torrent.maximum_deletable_percentage,
    )


def _with_arr(config: WorkerConfig) -> Policy:
    settings, torrent, search = config.settings, config.arr.torrent, config.arr.entry_search
    rows = (*torrent.trackers, *(row for qbit in config.qbits for row in qbit.trackers))
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
        tracker_etas=_tracker_etas(rows),
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
    """Which files are not wanted. None are excluded where there is no Arr."""
    if config.arr_section is None:
        return FileRules((), (), (), frozenset())
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


_STRIKES_WITHOUT_ARR = 3


def breaker_limits(config: WorkerConfig) -> breaker.BreakerLimits:
    """How much may be destroyed at once."""
    return breaker.BreakerLimits(config.settings.max_destructive_actions, config.settings.max_destructive_share)


def _tracker_etas(rows: Iterable[TrackerRow]) -> tuple[TrackerEta, ...]:
    """The rows that have an opinion, by priority; of several for one host the first counts."""
    by_host: dict[str, TrackerRow] = {}
    for row in rows:
        by_host.setdefault(row.host, row)
    ordered = sorted(by_host.values(), key=lambda row: -row.priority)
    return tuple(TrackerEta(row.host, row.maximum_eta_seconds) for row in ordered if row.maximum_eta_seconds > 0)
