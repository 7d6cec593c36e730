"""Renames of sections: everything stays but the name."""

import pytest

from qbitrr.config.change import edit_text
from qbitrr.config.dotted_keys import Edits
from qbitrr.config.load import parse
from qbitrr.errors import ConfigError

TEXT = """# mine
[qBit]
Host = "nas"

[Radarr-HD]  # the first one
URI = "http://radarr"
APIKey = "key"
[Radarr-HD.Torrent]
StalledDelay = "15m"
[[Radarr-HD.Torrent.Trackers]]
Name = "A"

[Radarr-4K]
URI = "http://radarr-4k"
APIKey = "other"
Category = "uhd"
"""


def change(renames, text=TEXT, edits=None, **environ):
    return edit_text(text, edits or Edits(), environ, renames=renames)


def test_everything_stays_but_the_name_and_the_category_is_written_down():
    found = change({"Radarr-HD": "Radarr-Movies"})
    before, after = parse(TEXT), parse(found.after)
    assert after["Radarr-Movies"] == before["Radarr-HD"] | {"Category": "radarr-hd"}
    assert list(after) == ["qBit", "Radarr-Movies", "Radarr-4K"]
    assert "# mine\n" in found.after
    assert "[Radarr-Movies]  # the first one" in found.after
    assert found.before == TEXT
    assert found.loaded.config.arrs["Radarr-Movies"].category == "radarr-hd"
    shown = {entry.key: (entry.before, entry.after) for entry in found.differences}
    assert "Radarr-HD.URI" in shown
    assert "Radarr-Movies.URI" in shown
    assert "key" not in str(shown.values())


def test_a_category_of_its_own_stays():
    after = parse(change({"Radarr-4K": "Radarr-UHD"}).after)
    assert after["Radarr-UHD"] == parse(TEXT)["Radarr-4K"]


def test_edits_are_of_the_new_name_and_an_address_does_not_take_a_secret_along():
    edits = Edits({("Radarr-Movies", "URI"): "http://elsewhere"})
    with pytest.raises(ConfigError) as refused:
        change({"Radarr-HD": "Radarr-Movies"}, edits=edits)
    assert [problem.key for problem in refused.value.problems] == ["Radarr-Movies.APIKey"]
    edits = Edits({("Radarr-Movies", "Managed"): False})
    assert parse(change({"Radarr-HD": "Radarr-Movies"}, edits=edits).after)["Radarr-Movies"]["Managed"] is False


@pytest.mark.parametrize("header", ['["Radarr-HD"]', "['Radarr-HD']", "[ Radarr-HD ]"])
def test_however_the_header_is_written(header):
    text = TEXT.replace("[Radarr-HD]", header)
    assert "Radarr-Movies" in parse(change({"Radarr-HD": "Radarr-Movies"}, text).after)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Radarr-No", "Radarr-X", "no such section"),
        ("Settings", "Radarr-X", "keeps its name"),
        ("qBit", "Radarr-X", 'begins with "qBit"'),
        ("qBit", "qBittorrent", 'begins with "qBit"'),
        ("Radarr-HD", "Sonarr-HD", 'begins with "Radarr"'),
        ("Radarr-HD", "Radarr.X", 'begins with "Radarr"'),
        ("Radarr-HD", "Radarr-X]\n[WebUI", 'begins with "Radarr"'),
        ("Radarr-HD", "Radarr-4k", "no other section has"),
    ],
)
def test_what_cannot_be_renamed_says_why(old, new, says):
    with pytest.raises(ConfigError) as refused:
        change({old: new}, TEXT + "[Settings]\n")
    (problem,) = refused.value.problems
    assert problem.key == old
    assert says in str(problem)


def test_a_qbittorrent_keeps_everything_but_its_name():
    found = change({"qBit": "qBit-nas"})
    assert parse(found.after) == {("qBit-nas" if name == "qBit" else name): of for name, of in parse(TEXT).items()}
    assert found.loaded.config.qbits["qBit-nas"].host == "nas"
    assert parse(change({"qBit-nas": "qBit"}, found.after).after) == parse(TEXT)


@pytest.mark.parametrize(("old", "new"), [("qBit", "qBit-nas"), ("qBit-nas", "qBit")])
def test_trackers_that_count_for_every_qbittorrent_or_for_one_go_on_doing_so(old, new):
    text = TEXT.replace(
        '[qBit]\nHost = "nas"\n', f'[{old}]\nHost = "nas"\n[[{old}.Trackers]]\nURI = "https://a.example/x"\n'
    )
    with pytest.raises(ConfigError, match="a section without trackers"):
        change({old: new}, text)
    between = text.replace(f"[{old}]", "[qBit-a]").replace(f"[{old}.", "[qBit-a.")
    assert "qBit-b" in parse(change({"qBit-a": "qBit-b"}, between).after)


def test_a_variable_for_the_section_is_not_lost():
    with pytest.raises(ConfigError, match="QBITRR_RADARR_HD_URI"):
        change({"Radarr-HD": "Radarr-Movies"}, QBITRR_RADARR_HD_URI="http://elsewhere")


def test_two_sections_do_not_get_one_name():
    with pytest.raises(ConfigError, match="no other section has"):
        change({"Radarr-HD": "Radarr-X", "Radarr-4K": "Radarr-X"})


def test_what_only_looks_like_a_header_is_left():
    text = TEXT.replace('Host = "nas"', 'Host = "nas"\nUserName = """\n[Radarr-HD]\n"""')
    with pytest.raises(ConfigError, match="cannot be renamed"):
        change({"Radarr-HD": "Radarr-Movies"}, text)
