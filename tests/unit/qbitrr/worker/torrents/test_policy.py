"""From the file a user writes to the policy that rules are asked with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config import load_text
from qbitrr.config.model.downloads import DownloadRange
from qbitrr.rules.files import compile_rules
from qbitrr.rules.messages import Answer, MessageRule
from qbitrr.worker.config import worker_configs
from qbitrr.worker.torrents.policy import Policies, breaker_limits, file_rules_of, fingerprint, policy_of
from tests.factories import torrent


def configs(settings="", torrent="", search="", arr="", qbit="", section="Radarr-HD"):
    text = f"""
[Settings]
{settings}
[qBit]
Host = "localhost"
Port = 8080
UserName = "u"
Password = "p"
{qbit}
[{section}]
URI = "http://localhost:7878"
APIKey = "0123456789abcdef0123456789abcdef"
{arr}
[{section}.EntrySearch]
{search}
[{section}.Torrent]
{torrent}
"""
    return worker_configs(load_text(text, {}).config, "/state.db", None)


def config(**parts):
    (one,) = (one for one in configs(**parts) if one.arr_section is not None)
    return one


@pytest.mark.parametrize(
    ("parts", "field", "value"),
    [
        ({"torrent": 'IgnoreTorrentsYoungerThan = "5m"'}, "ignore_younger_than_seconds", 300),
        ({"settings": "IgnoreTorrentsYoungerThan = 77"}, "ignore_younger_than_seconds", 77),
        ({"torrent": "StalledDelay = 20"}, "stalled_delay_seconds", 1200),
        ({"torrent": "StalledDelay = -1"}, "stalled_delay_seconds", -1),
        ({"torrent": "StalledDelay = 0"}, "stalled_delay_seconds", 0),
        ({"torrent": "ReSearchStalled = true"}, "search_stalled_again", True),
        ({"torrent": "Strikes = 7"}, "strikes", 7),
        ({"torrent": 'MaximumETA = "1d"'}, "maximum_eta_seconds", 86400),
        ({"torrent": "DoNotRemoveSlow = false"}, "keep_slow", False),
        ({"torrent": "MinimumSpeed = 50"}, "minimum_speed", 51200),
        ({"torrent": "SlowDelay = 10"}, "slow_delay_seconds", 600),
        ({"torrent": "Ranges = []"}, "ranges", ()),
        (
            {"torrent": 'Ranges = [{ UpToSize = "1G", MinimumSpeed = 1 }]'},
            "ranges",
            (DownloadRange(up_to_size_bytes=2**30, minimum_speed_bytes_per_second=1024),),
        ),
        ({"torrent": "MaximumDeletablePercentage = 0.5"}, "maximum_deletable_progress", 0.5),
        ({"torrent": "AutoDelete = true"}, "auto_delete", True),
        ({"torrent": "MaxFailedGrabsPerDay = 2"}, "most_failed_grabs", 2),
        ({"settings": 'FailedCategory = "bad"'}, "failed_category", "bad"),
        ({"settings": 'RecheckCategory = "again"'}, "recheck_category", "again"),
        ({"settings": 'ProtectTags = ["keep", "mine"]'}, "protect_tags", frozenset({"keep", "mine"})),
        ({"settings": "Tagless = true"}, "tagless", True),
        ({"settings": 'FreeSpace = "1G"\nFreeSpaceFolder = "/d"'}, "guards_space", True),
        ({"arr": 'ArrErrorCodesToBlocklist = ["Not an upgrade"]'}, "messages", (MessageRule("Not an upgrade"),)),
        (
            {
                "arr": """
                    ArrErrorCodesToBlocklist = ["a"]
                    Messages = [{ Text = "^b", Match = "regex", Action = "tag", Delay = 5 }, { Text = "c" }]
                """
            },
            "messages",
            (MessageRule("^b", "regex", Answer.TAG, 300), MessageRule("c"), MessageRule("a")),
        ),
        ({"search": "CustomFormatUnmetSearch = true"}, "enforces_custom_formats", True),
        ({"search": "ForceMinimumCustomFormat = true"}, "forces_minimum_custom_format", True),
    ],
)
def test_every_key_reaches_the_rules_in_their_units(parts, field, value):
    changed = getattr(policy_of(config(**parts)), field)
    assert changed == value
    assert changed != getattr(policy_of(config()), field)


def test_by_default_what_is_nearly_complete_may_stall_for_days():
    days = (DownloadRange(from_progress=0.95, stalled_delay_seconds=259200),)
    for one in configs(qbit='ManagedCategories = ["games"]'):
        assert policy_of(one).ranges == days


def test_files_are_filtered_as_soon_as_there_is_one_rule():
    none = "FolderExclusionRegex = []\nFileNameExclusionRegex = []\nFileExtensionAllowlist = []"
    assert not policy_of(config(torrent=none)).filters_files
    assert policy_of(config()).filters_files
    archives = config(torrent=f"{none}\nFailArchives = true")
    assert policy_of(archives).filters_files
    assert file_rules_of(archives).archives_fail
    assert fingerprint(file_rules_of(archives)) != fingerprint(file_rules_of(config(torrent=none)))
    for key, value in (
        ("FolderExclusionRegex", "x"),
        ("FileNameExclusionRegex", "x"),
        ("FileExtensionAllowlist", ".x"),
    ):
        assert policy_of(config(torrent=none.replace(f"{key} = []", f'{key} = ["{value}"]'))).filters_files


def test_the_breaker_has_its_limits_from_the_settings():
    assert breaker_limits(config()) == breaker_limits(
        config(settings="MaxDestructiveActions = 10\nMaxDestructiveShare = 0.5")
    )
    found = breaker_limits(config(settings="MaxDestructiveActions = 3\nMaxDestructiveShare = 0.25"))
    assert (found.most, found.share) == (3, 0.25)


# -- trackers ---------------------------------------------------------------------------------------------------


def rows(path, *trackers):
    return "".join(
        f'\n[[{path}]]\nURI = "{uri}"\nPriority = {priority}\nMaximumETA = {eta}\n' for uri, priority, eta in trackers
    )


def test_of_the_rows_of_trackers_the_one_with_the_highest_priority_counts():
    found = policy_of(
        config(
            torrent="MaximumETA = 60"
            + rows(
                "Radarr-HD.Torrent.Trackers",
                ("https://low.example/a", 1, 100),
                ("udp://example:99", 0, 300),
                ("udp://high.example:99", 9, 200),
            ),
        )
    )
    assert found.maximum_eta_for(torrent(tracker="https://high.example/a")) == 200
    assert found.maximum_eta_for(torrent(tracker="https://x.low.example/a")) == 100
    assert found.maximum_eta_for(torrent(tracker="https://other.org/a")) == 60


def test_a_row_of_the_arr_replaces_that_of_qbittorrent_with_the_same_host():
    found = policy_of(
        config(
            qbit=rows("qBit.Trackers", ("https://one.example/a", 9, 100), ("https://two.example/a", 1, 300)),
            torrent=rows("Radarr-HD.Torrent.Trackers", ("http://one.example/b", 0, 200)),
        )
    )
    assert found.maximum_eta_for(torrent(tracker="https://one.example/a")) == 200
    assert found.maximum_eta_for(torrent(tracker="https://two.example/a")) == 300


def test_a_row_without_a_maximum_leaves_the_arrs_own_limit():
    found = policy_of(
        config(torrent="MaximumETA = 60" + rows("Radarr-HD.Torrent.Trackers", ("https://one.example/a", 9, -1)))
    )
    assert found.maximum_eta_for(torrent(tracker="https://one.example/a")) == 60


@pytest.mark.parametrize(
    ("instance", "one", "two"),
    [("qBit", 100, 60), ("qBit-nas", 200, 300), ("qBit-attic", 100, 400)],
)
def test_a_maximum_of_a_tracker_is_that_of_the_qbittorrent_that_has_the_torrent(instance, one, two):
    shared = rows("qBit.Trackers", ("https://one.example/a", 0, 100))
    nas = rows("qBit-nas.Trackers", ("https://one.example/a", 0, 200), ("https://two.example/a", 0, 300))
    attic = rows("qBit-attic.Trackers", ("https://two.example/a", 0, 400))
    others = "".join(f"\n[qBit-{name}]\nHost = '{name}'\n{its}" for name, its in (("nas", nas), ("attic", attic)))
    found = policy_of(config(qbit=shared + others, torrent="MaximumETA = 60"))
    assert found.maximum_eta_for(torrent(instance=instance, tracker="https://one.example/a")) == one
    assert found.maximum_eta_for(torrent(instance=instance, tracker="https://two.example/a")) == two


def hosts_of(found):
    return {(row.host, row.maximum_eta_seconds) for row in found.rows}


def test_of_rows_with_the_same_host_the_nearest_to_the_torrent_governs_its_seeding():
    everywhere = rows("qBit.Trackers", *((f"{host}.example", 0, 100) for host in "abc"))
    two = '[qBit-two]\nHost = "two"\nPort = 1\n' + rows(
        "qBit-two.Trackers", ("b.example", 0, 200), ("c.example", 0, 200)
    )
    own = rows("Radarr-HD.Torrent.Trackers", ("c.example", 0, 300))
    policies = Policies(config(qbit=f"{everywhere}\n{two}", torrent=own))
    first, second = policies.seeding("qBit", "movies"), policies.seeding("qBit-two", "movies")
    assert hosts_of(first) == {("a.example", 100), ("b.example", 100), ("c.example", 300)}
    assert hosts_of(second) == {("a.example", 100), ("b.example", 200), ("c.example", 300)}


def test_a_managed_category_has_its_own_row_of_limits_and_minimums():
    text = """
ManagedCategories = ["books", "games"]
[qBit.CategorySeeding]
MaxUploadRatio = 1
StalledDelay = 5
HitAndRunMode = "and"
[[qBit.CategorySeeding.Categories]]
Name = "games"
MaxUploadRatio = 2
StalledDelay = 7
"""
    (of_qbit,) = (one for one in configs(qbit=text) if one.arr_section is None)
    policies = Policies(of_qbit)
    books, games = policies.seeding("qBit", "books"), policies.seeding("qBit", "games")
    assert (books.limits.max_upload_ratio, games.limits.max_upload_ratio) == (1, 2)
    assert books.hit_and_run.category == games.hit_and_run.category
    assert books.hit_and_run.any
    assert (policies.of("books").stalled_delay_seconds, policies.of("games").stalled_delay_seconds) == (300, 420)
    assert not policies.of("games").with_arr


# -- the fingerprint of file rules ------------------------------------------------------------------------------


def print_of(folders=(), names=(), extensions=(), *, case_sensitive=False):
    return fingerprint(compile_rules(folders, names, extensions, "radarr", case_sensitive=case_sensitive))


def test_the_same_rules_have_the_same_fingerprint():
    assert print_of(["a"], ["b"], [".MKV"]) == print_of(["a"], ["b"], [".mkv"])
    assert fingerprint(file_rules_of(config())) == fingerprint(file_rules_of(config(settings="Tagless = true")))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((["a"],), (["b"],)),
        ((["a"], []), ([], ["a"])),
        ((["a", ""], []), (["a"], [""])),
        ((["a\0b"],), (["a", "b"],)),
        (([], ["a"], []), ([], [], ["a"])),
        ((["a", "b"],), (["b", "a"],)),
    ],
)
def test_other_rules_have_another(one, other):
    assert print_of(*one) != print_of(*other)


def test_whether_case_matters_makes_another():
    assert print_of(["a"]) != print_of(["a"], case_sensitive=True)


LISTS = st.lists(st.sampled_from(["", "a", "b", "a\0b", "\0"]), max_size=3)


@given(st.tuples(LISTS, LISTS, LISTS), st.tuples(LISTS, LISTS, LISTS))
def test_fingerprints_are_the_same_only_of_the_same_rules(one, other):
    assert (print_of(*one) == print_of(*other)) is (one == other)


def test_it_says_the_same_in_every_process():
    """It is in the state file; `hash` of a text would be another one each time."""
    assert print_of(["extras"], ["sample"], [".mkv"]) == "3f14b3d08b0c41bc"
