"""docs/keys-of-qbitrr.md has every key of the older program, and says nothing of others."""

from __future__ import annotations

import tomllib

import pytest

from qbitrr.config.older_program import DIFFERENCES, DROPPED, NOT_FOLLOWED, TAGS
from qbitrr.config.translation import translate
from qbitrr.rules import tags
from tests.support.older_keys_page import EVERY_KEY, keys

# how many keys version 5.14.4 registers in each section
REGISTERED = {"Settings": 23, "WebUI": 21, "qBit": 21, "Arr": 59}
# what that version reads without registering it, and what only others before it had
UNREGISTERED = {
    "Settings": (
        "ProcessSpawnTimeoutSeconds",
        *("Torrent.MaximumETA", "Torrent.MaximumDeletablePercentage"),
        *("WebUIHost", "WebUIPort", "WebUIToken"),
    ),
    "WebUI": ("SecureCookies", "GroupSonarr", "GroupLidarr"),
    "qBit": ("v5",),
    "Arr": (
        "MatchSubcategories",
        *("EntrySearch.MainQualityProfile", "EntrySearch.TempQualityProfile", "EntrySearch.Ombi.Is4K"),
        *("Torrent.AllowStalled", "Torrent.RemoveDeadTrackers", "Torrent.RemoveTrackerWithMessage"),
    ),
}


@pytest.mark.parametrize("section", REGISTERED)
def test_every_registered_key_is_listed(section):
    listed = {key.partition(".")[2] for key in keys() if key.startswith(f"{section}.")}
    assert set(UNREGISTERED[section]) <= listed
    assert len(listed - set(UNREGISTERED[section])) == REGISTERED[section]


def test_every_row_of_a_tracker_is_listed():
    assert len([key for key in keys() if key.startswith("Trackers[].")]) == 20


def test_what_is_said_of_keys_is_said_of_keys_that_there_are():
    unknown = {*DIFFERENCES, *DROPPED, *NOT_FOLLOWED} - keys().keys()
    assert not unknown


def test_what_is_dropped_has_its_reason():
    assert not [key for key, (here, _) in keys().items() if "not a key" in here]


def test_all_other_keys_are_known_to_this_program():
    loaded = translate(EVERY_KEY.read_text()).loaded
    assert not loaded.warnings
    assert tomllib.loads(EVERY_KEY.read_text())["Sonarr"].keys() <= loaded.document["Sonarr"].keys()


def test_the_tags_that_are_adopted_are_those_of_this_program():
    ours = {value for name, value in vars(tags).items() if name.startswith("TAG_")}
    adopted = {tag for tag, says in TAGS.items() if says.startswith("adopted")}
    assert adopted <= ours
    assert not (TAGS.keys() - adopted) & ours
