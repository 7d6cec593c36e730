"""The schema of the configuration has every key of the model, in a form that JSON can hold."""

import msgspec
import pytest

from control.auth.rights import KEYS
from qbitrr.config.model.key import key_paths
from qbitrr.config.schema import SECTIONS, schema


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_there_once(section):
    names = [key.name for key in schema()[section]]
    inside = [name for name, _ in key_paths(SECTIONS[section]) if "[]" not in name]
    assert names == inside
    assert len(set(names)) == len(names)
    assert set(names) == KEYS[section].keys()


def test_rows_have_keys_of_their_own():
    trackers = next(key for key in schema()["qBit"] if key.name == "Trackers")
    assert {"Name", "URI"} <= {key.name for key in trackers.rows}
    assert trackers.default == []


def test_a_default_is_as_in_the_file():
    keys = {key.name: key for key in schema()["Settings"]}
    assert keys["LoopSleepTimer"].default == 5
    assert keys["LoopSleepTimer"].form == "seconds"
    assert "seconds" in keys["LoopSleepTimer"].limits


def test_it_can_be_sent():
    decoded = msgspec.json.decode(msgspec.json.encode(schema()))
    secrets = {key["name"] for key in decoded["Arr"] if key["secret"]}
    assert "APIKey" in secrets
    kinds = {key["name"]: key["kinds"] for key in decoded["Arr"]}
    assert kinds["EntrySearch.SearchBySeries"] == ["sonarr"]
