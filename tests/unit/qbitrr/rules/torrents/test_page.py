import pytest

from qbitrr.config.model.modes import MODES_OF_RULES, RULES_BY_PRIVACY
from qbitrr.rules.torrents import RULES
from tests.support.rules_page import keys_in, render


def test_every_rule_stands_on_it_in_its_place():
    headings = [line for line in render().splitlines() if line.startswith("## ")]
    assert headings[: len(RULES)] == [f"## {number}. `{rule.name}`" for number, rule in enumerate(RULES, 1)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("`Torrent.StalledDelay` or `StalledDelay`", ["Torrent.StalledDelay"]),
        ("`Settings.ProtectTags`, `importMode`", ["Settings.ProtectTags", "importMode"]),
        ("`SeedingMode`: `RemoveTorrent`", ["Torrent.SeedingMode.RemoveTorrent"]),
        ("StalledDelay, the tag `qBitrr-ignored`, `qbitrr.rules.strikes`", []),
    ],
)
def test_keys_are_found_by_their_names_in_backticks(text, keys):
    assert keys_in(text) == keys


@pytest.mark.parametrize("name", ["Torrent.StaledDelay", "StaledDelay", "Settings.StalledDelay", "Elsewhere.Strikes"])
def test_a_key_that_there_is_not_is_an_error(name):
    with pytest.raises(ValueError, match=name):
        keys_in(f"`{name}`")


def test_every_rule_that_acts_says_its_proof_and_why_its_default_cannot_hurt():
    assert all(bool(rule.proof) == bool(rule.harmless) for rule in RULES)
    assert all(rule.proof for rule in RULES if rule.by_privacy)
    assert {rule.name for rule in RULES if rule.modes} == MODES_OF_RULES.keys() >= RULES_BY_PRIVACY
    assert all(rule.proof for rule in RULES if rule.modes)
