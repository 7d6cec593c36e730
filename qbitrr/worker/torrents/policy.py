"""Policies of a worker, from its configuration."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from qbitrr.config.model.modes import mode_of
from qbitrr.rules import breaker, trackers
from qbitrr.rules.files import FileRules, compile_rules
from qbitrr.rules.hit_and_run import HitAndRunRules
from qbitrr.rules.messages import Answer, MessageRule
from qbitrr.rules.ownership import owner
from qbitrr.rules.policy import Policy, SeedingPolicy
from qbitrr.worker.config import guards_space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.config.model import Arr, CategoryRules, QBit
    from qbitrr.config.model.modes import RuleMode
    from qbitrr.rules.trackers import Rows
    from qbitrr.worker.config import WorkerConfig


class Policies:
    """Policies of one worker: one for all torrents of its Arr, or one for each managed category.

    Tracker rows of `[qBit]` hold everywhere; those of the qBittorrent that has the torrent replace them, and those of
    the Arr replace both, host by host.
    """

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self.general = policy_of(config)
        self._by_category: dict[str | None, Policy] = {None: self.general}
        self._seeding: dict[tuple[str, str | None], SeedingPolicy] = {}

    def of(self, category: str) -> Policy:
        """The policy for torrents that belong to a category of qBittorrent."""
        managed = self._managed(category)
        if managed not in self._by_category:
            self._by_category[managed] = _without_arr(self._config, managed)
        return self._by_category[managed]

    def seeding(self, instance: str, category: str) -> SeedingPolicy:
        """The seeding policy for torrents of a qBittorrent that belong to a category of it."""
        managed = self._managed(category)
        if (instance, managed) not in self._seeding:
            self._seeding[instance, managed] = _seeding_policy(self._config, instance, managed)
        return self._seeding[instance, managed]

    def _managed(self, category: str) -> str | None:
        """The managed category that a category belongs to; None for a worker with an Arr."""
        if self._config.arr_section is not None:
            return None
        return owner(category, self._config.own_categories, self._config.parents)


def policy_of(config: WorkerConfig) -> Policy:
    """Make the policy for a worker's torrents in any category."""
    return _without_arr(config, None) if config.arr_section is None else _with_arr(config)


def _without_arr(config: WorkerConfig, category: str | None) -> Policy:
    settings, rules = config.settings, _category_rules(config.qbit, category)
    return Policy(
        ignore_younger_than_seconds=rules.ignore_torrents_younger_than_seconds,
        stalled_delay_seconds=rules.stalled_delay_seconds,
        failed_category=settings.failed_category,
        recheck_category=settings.recheck_category,
        protect_tags=frozenset(settings.protect_tags),
        tagless=settings.tagless,
        guards_space=guards_space(settings),
        with_arr=False,
        strikes=_STRIKES_WITHOUT_ARR,
        maximum_eta_seconds=settings.torrent.maximum_eta_seconds,
        eta_rows=_with_eta(config),
        keep_slow=False,
        minimum_speed=settings.torrent.speed.minimum_speed_bytes_per_second,
        slow_delay_seconds=settings.torrent.speed.slow_delay_seconds,
        ranges=settings.torrent.speed.ranges,
        maximum_deletable_progress=settings.torrent.maximum_deletable_percentage,
        private_modes=_modes(settings.torrent.private_policy),
        public_modes=_modes(settings.torrent.public_policy),
    )


def _with_arr(config: WorkerConfig) -> Policy:
    settings, torrent, search = config.settings, config.arr.torrent, config.arr.entry_search
    return Policy(
        ignore_younger_than_seconds=torrent.ignore_torrents_younger_than_seconds,
        stalled_delay_seconds=torrent.stalled_delay_seconds,
        failed_category=settings.failed_category,
        recheck_category=settings.recheck_category,
        protect_tags=frozenset(settings.protect_tags),
        tagless=settings.tagless,
        guards_space=guards_space(settings),
        strikes=torrent.strikes,
        search_stalled_again=torrent.research_stalled,
        maximum_eta_seconds=torrent.maximum_eta_seconds,
        eta_rows=_with_eta(config),
        keep_slow=torrent.do_not_remove_slow,
        minimum_speed=torrent.speed.minimum_speed_bytes_per_second,
        slow_delay_seconds=torrent.speed.slow_delay_seconds,
        ranges=torrent.speed.ranges,
        maximum_deletable_progress=torrent.maximum_deletable_percentage,
        filters_files=file_rules_of(config).exclude_anything or torrent.fail_archives,
        auto_delete=torrent.auto_delete,
        messages=_messages(config.arr),
        enforces_custom_formats=search.custom_format_unmet_search,
        forces_minimum_custom_format=search.force_minimum_custom_format,
        most_failed_grabs=torrent.max_failed_grabs_per_day,
        remove_unregistered=torrent.remove_unregistered,
        remove_superseded=torrent.remove_superseded,
        make_room=torrent.make_room,
        private_modes=_modes(torrent.private_policy),
        public_modes=_modes(torrent.public_policy),
    )


def _messages(arr: Arr) -> tuple[MessageRule, ...]:
    """Rules for the messages of an Arr: its rows, then the messages that mark a download as failed."""
    rows = (MessageRule(row.text, row.match, Answer[row.action.upper()], row.delay_seconds) for row in arr.messages)
    return (*rows, *(MessageRule(text) for text in arr.error_messages_to_blocklist))


def _modes(written: Mapping[str, str]) -> dict[str, RuleMode]:
    """Read `PrivatePolicy` or `PublicPolicy`, whose values were checked with the configuration."""
    return {rule: mode for rule, text in written.items() if (mode := mode_of(text)) is not None}


def file_rules_of(config: WorkerConfig) -> FileRules:
    """Compile the rules for unwanted files; there are none without an Arr."""
    if config.arr_section is None:
        return FileRules((), (), (), frozenset())
    torrent = config.arr.torrent
    return compile_rules(
        torrent.folder_exclusion_regex,
        torrent.file_name_exclusion_regex,
        torrent.file_extension_allowlist,
        config.arr.kind,
        case_sensitive=torrent.case_sensitive_matches,
        archives_fail=torrent.fail_archives,
    )


def fingerprint(rules: FileRules) -> str:
    """Identify a set of file rules, also in a later version."""
    patterns = [[(pattern.pattern, pattern.flags) for pattern in some] for some in (rules.folders, rules.names)]
    allowed = [*rules.extensions, *(pattern.pattern for pattern in rules.extension_patterns)]
    more = ("archives fail",) if rules.archives_fail else ()
    return hashlib.blake2s(msgspec.json.encode((patterns, allowed, *more)), digest_size=8).hexdigest()


_STRIKES_WITHOUT_ARR = 3


def breaker_limits(config: WorkerConfig) -> breaker.BreakerLimits:
    """Read the limits of the breaker."""
    return breaker.BreakerLimits(config.settings.max_destructive_actions, config.settings.max_destructive_share)


def _with_eta(config: WorkerConfig) -> dict[str, Rows]:
    """By qBittorrent, the tracker rows with a `MaximumETA`."""
    rows = {qbit.section: _rows(config, qbit.section) for qbit in config.qbits}
    return {
        instance: found
        for instance, some in rows.items()
        if (found := tuple(row for row in some if row.maximum_eta_seconds > 0))
    }


def _rows(config: WorkerConfig, instance: str) -> Rows:
    """The tracker rows for torrents of a qBittorrent."""
    own = next((qbit.trackers for qbit in config.qbits if qbit.section == instance), ())
    return trackers.merged(config.shared_rows, own, () if config.arr_section is None else config.arr.torrent.trackers)


def _seeding_policy(config: WorkerConfig, instance: str, managed: str | None) -> SeedingPolicy:
    rows = _rows(config, instance)
    if config.arr_section is None:
        rules = _category_rules(config.qbit, managed)
        return SeedingPolicy(rules, rows, HitAndRunRules(rows, rules.hit_and_run))
    torrent = config.arr.torrent
    return SeedingPolicy(
        limits=torrent.seeding,
        rows=rows,
        hit_and_run=HitAndRunRules(rows),
        removes_dead_trackers=torrent.seeding.remove_dead_trackers,
        dead_messages=torrent.seeding.remove_tracker_with_message,
    )


def _category_rules(qbit: QBit, category: str | None) -> CategoryRules:
    """`CategorySeeding.Categories` of a managed category, else `CategorySeeding`."""
    rows = (row for row in qbit.category_seeding.categories if row.name == category)
    return next(rows, qbit.category_seeding)
