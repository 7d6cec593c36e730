"""What a change of the text of config.toml comes to."""

import pytest

from qbitrr.config.change import edit_text, replace_text
from qbitrr.config.diff import KeyChange
from qbitrr.config.dotted_keys import Edits, check_edits
from qbitrr.errors import ConfigError

TEXT = """\
# mine
[Settings]
CompletedDownloadFolder = "/downloads"  # where they land
LoopSleepTimer = 5

[WebUI]
Token = "the token"

[Radarr-4K]
URI = "http://radarr"
APIKey = "secret"
Category = "movies"
"""


def edit(text=TEXT, environ=None, deletions=(), **changes):
    edits, problems = check_edits({name.replace("__", "."): value for name, value in changes.items()}, deletions)
    return edit_text(text, edits, environ or {}, problems)


def problems_of(*arguments, **changes):
    with pytest.raises(ConfigError) as caught:
        edit(*arguments, **changes)
    return [problem.key for problem in caught.value.problems]


def test_it_has_the_new_text_what_it_loads_to_and_what_differs():
    change = edit(Settings__LoopSleepTimer=9)
    assert (change.before, change.after) == (TEXT, TEXT.replace("Timer = 5", "Timer = 9"))
    assert change.loaded.config.settings.loop_sleep_seconds == 9
    assert change.differences == [KeyChange("Settings.LoopSleepTimer", 5, 9)]


def test_no_edits_are_a_change_that_changes_nothing():
    change = edit_text(TEXT, Edits(), {})
    assert (change.after, change.differences) == (TEXT, [])


def test_secrets_are_hidden():
    change = edit(**{"Radarr-4K.APIKey": "another", "WebUI.Theme": "Light"})
    assert KeyChange("Radarr-4K.APIKey", "***", "***") in change.differences


WITH_QBIT = TEXT + '[qBit]\nHost = "nas"\nPort = 8080\n'
FROM_ENVIRONMENT = {"QBITRR_QBIT_PASSWORD": "secret of the environment"}


@pytest.mark.parametrize(
    ("changes", "deletions"),
    [
        ({"qBit.Host": "evil.example"}, []),
        ({"qBit.Port": 8081}, []),
        ({"qBit": {"Host": "evil.example", "Password": "sent along, but the environment wins"}}, []),
        ({}, ["qBit.Host"]),
    ],
)
def test_a_secret_from_the_environment_goes_to_no_other_address(changes, deletions):
    found = problems_of(WITH_QBIT, FROM_ENVIRONMENT, deletions, **changes)
    assert set(found) & {"qBit.Host", "qBit.Port"}
    assert edit(WITH_QBIT, {}, deletions, **changes)


def test_a_secret_from_the_environment_goes_to_no_section_that_was_deleted_before():
    assert edit(WITH_QBIT, FROM_ENVIRONMENT, ["qBit"])
    assert problems_of(TEXT, FROM_ENVIRONMENT, qBit={"Host": "evil.example"}) == ["qBit.Host"]


def test_a_secret_from_the_environment_goes_to_no_address_of_an_earlier_version():
    earlier = WITH_QBIT.replace("nas", "evil.example")
    with pytest.raises(ConfigError, match="QBITRR_QBIT_PASSWORD"):
        replace_text(WITH_QBIT, earlier, FROM_ENVIRONMENT)
    assert replace_text(WITH_QBIT, earlier, {})


def test_an_address_that_the_environment_overrides_may_change():
    environ = {**FROM_ENVIRONMENT, "QBITRR_QBIT_HOST": "nas"}
    assert edit(WITH_QBIT, environ, **{"qBit.Host": "elsewhere"}).loaded.config.qbits["qBit"].url == "http://nas:8080"
    assert edit(WITH_QBIT, FROM_ENVIRONMENT, **{"Radarr-4K": {"URI": "http://other", "APIKey": "k"}})


def test_everything_that_is_wrong_is_reported_at_once_and_each_key_once():
    found = problems_of(
        Settings__LoopSleepTimr=1, Settings__ConsoleLevel="LOUD", WebUI__Token=None, **{"Radarr-4K.URI": "http://evil"}
    )
    assert sorted(found) == ["Radarr-4K.APIKey", "Settings.ConsoleLevel", "Settings.LoopSleepTimr", "WebUI.Token"]


def test_the_environment_wins_over_the_new_text():
    change = edit(environ={"QBITRR_SETTINGS_LOOP_SLEEP_TIMER": "7"}, Settings__LoopSleepTimer=9)
    assert change.loaded.config.settings.loop_sleep_seconds == 7


def test_differences_are_by_present_names():
    before = TEXT.replace("[WebUI]\n", "[WebUI]\nSecureCookies = false\n")
    change = edit(before, deletions=["WebUI.SecureCookies"])
    assert [entry.key for entry in change.differences] == ["WebUI.BehindHttpsProxy"]


@pytest.mark.parametrize("deleted", [["WebUI"], ["WebUI.Token"], ["Settings.Token"]])
def test_the_token_cannot_be_removed_wherever_it_stands(deleted):
    old = TEXT.replace('[WebUI]\nToken = "the token"\n', "").replace(
        "[Settings]\n", '[Settings]\nToken = "the token"\n'
    )
    assert problems_of(TEXT if deleted[0].startswith("WebUI") else old, deletions=deleted) == ["WebUI.Token"]


def test_an_earlier_version_has_its_secrets_for_its_addresses():
    earlier = TEXT.replace("http://radarr", "http://earlier")
    assert replace_text(TEXT, earlier, {}).loaded.config.arrs["Radarr-4K"].uri == "http://earlier"
    assert problems_of(**{"Radarr-4K.URI": "http://earlier"}) == ["Radarr-4K.APIKey"]


def test_a_file_that_is_no_toml_cannot_be_edited():
    with pytest.raises(ConfigError, match="TOML"):
        edit("[Settings", Settings__LoopSleepTimer=9)
