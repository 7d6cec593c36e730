"""Versions of the configuration: how many are kept, and that old ones have no secret."""

import msgspec
import pytest

from qbitrr.config import history
from qbitrr.config.diff import hidden
from qbitrr.config.edit import with_login_of, with_secrets_of, without_secrets
from qbitrr.config.load import parse
from qbitrr.errors import ConfigError

TEXT = """\
# mine; the key was k-of-radarr-1
[Settings]
PingURLS = ["1.1.1.1"]

[WebUI]
Token = "token-of-the-page"   # keep
Port = 6969
Peers = ["http://attic:token-of-the-attic@attic:6969"]

[Notifications]
Urls = ["discord://1/secret-of-discord", "mailto://me:secret-of-mail@example.org"]

[qBit]
Host = "localhost"
Port = 8080
Password = "password-1"

[qBit-empty]
Password = ""

[[qBit.Trackers]]
Name = "T"
URI = "https://tracker.example/0123456789abcdef0123456789abcdef/announce"

[Radarr-HD]
URI = "http://user:login-1@radarr:7878"
APIKey = "k-of-radarr-1"
"""
SECRETS = (
    "token-of-the-page", "token-of-the-attic", "secret-of-discord", "secret-of-mail", "password-1", "0123456789abcdef",
    "login-1", "k-of-radarr-1",
)  # fmt: skip


def test_no_secret_is_left_and_everything_else_is():
    bare = without_secrets(TEXT)
    assert [secret for secret in SECRETS if secret in bare] == []
    assert parse(bare) == hidden((), parse(TEXT))
    assert "# keep" in bare
    assert parse(bare)["qBit-empty"]["Password"] == ""
    assert without_secrets(bare) == bare


def test_a_name_that_is_the_same_as_a_secret_stays():
    text = """# admin1 logs in as admin1
[qBit]
UserName = "admin1"  # not the password, admin1
Password = "admin1"
[qBit.admin1]
"""
    assert (
        without_secrets(text)
        == """# *** logs in as ***
[qBit]
UserName = "admin1"  # not the password, ***
Password = "***"
[qBit.admin1]
"""
    )


def test_a_secret_in_a_comment_that_cannot_be_edited_is_refused():
    with pytest.raises(ConfigError):
        without_secrets('[qBit]\nPassword = "admin1"\nManaged = [ # of admin1\n"a"]\n')


def test_what_is_no_toml_is_refused():
    with pytest.raises(ConfigError):
        without_secrets("[")


def test_the_present_secrets_fill_an_old_version():
    assert parse(with_secrets_of(without_secrets(TEXT), TEXT)) == parse(TEXT)
    now = TEXT.replace("k-of-radarr-1", "k-of-radarr-2").replace("Port = 6969", "Port = 7000")
    filled = parse(with_secrets_of(without_secrets(TEXT), now))
    assert (filled["Radarr-HD"]["APIKey"], filled["WebUI"]["Port"]) == ("k-of-radarr-2", 6969)


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('URI = "http://user:login-1@radarr:7878"', 'URI = "http://elsewhere:7878"', ("Radarr-HD", "APIKey")),
        ('Host = "localhost"', 'Host = "elsewhere"', ("qBit", "Password")),
        ("Port = 8080", "Port = 9090", ("qBit", "Password")),
        ("[Radarr-HD]", "[Radarr-4K]", ("Radarr-HD", "APIKey")),
    ],
)
def test_a_secret_of_now_is_not_sent_to_an_address_of_then(before, after, path):
    assert before in TEXT
    section, key = path
    assert key not in parse(with_secrets_of(without_secrets(TEXT), TEXT.replace(before, after)))[section]


def test_the_secret_at_a_provider_is_not_sent_to_another_one_of_then():
    then = '[WebUI]\nToken = "t"\n[WebUI.OIDC]\nAuthority = "https://then"\nClientSecret = "secret-of-then"\n'
    now = then.replace("https://then", "https://now")
    assert parse(with_secrets_of(without_secrets(then), then)) == parse(then)
    assert parse(with_secrets_of(without_secrets(then), now)) == {
        "WebUI": {"Token": "t", "OIDC": {"Authority": "https://then"}}
    }


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        (
            'Name = "T"',
            'Name = "T"',
            {"Name": "T", "URI": "https://tracker.example/0123456789abcdef0123456789abcdef/announce"},
        ),
        ("tracker.example", "elsewhere.example", {"Name": "T"}),
        ('[[qBit.Trackers]]\nName = "T"', '[[qBit.Others]]\nName = "T"', {"Name": "T"}),
    ],
)
def test_rows_of_then_get_the_passkey_of_now_when_they_are_the_same(before, after, row):
    assert before in TEXT
    (found,) = parse(with_secrets_of(without_secrets(TEXT), TEXT.replace(before, after)))["qBit"]["Trackers"]
    assert found == row


def test_a_token_that_was_replaced_does_not_come_back():
    now = TEXT.replace("token-of-the-page", "token-of-now").replace("password-1", "password-2")
    then = parse(with_login_of(TEXT, now))
    assert (then["WebUI"]["Token"], then["qBit"]["Password"]) == ("token-of-now", "password-1")
    assert with_login_of(TEXT, TEXT) == TEXT
    assert parse(with_login_of("[Settings]\nTagless = true\n", now))["WebUI"]["Token"] == "token-of-now"


def test_versions_lose_their_secrets_with_age_but_for_the_newest(tmp_path):
    folder = tmp_path / "history"
    for number in range(3):
        history.record(folder, f"{TEXT}\n# {number}", "file", 100.0 + number)
    history.drop_secrets(folder, 101.0)
    assert [one.complete for one in history.versions(folder)] == [False, True, True]
    history.drop_secrets(folder, 1000.0)
    first, second, newest = history.versions(folder)
    assert (first.complete, second.complete, newest.complete) == (False, False, True)
    assert (first.id, first.at, first.author) == (1, 100.0, "file")
    assert b"password-1" not in (folder / "00000002.json").read_bytes()
    assert (folder / "00000002.json").stat().st_mode & 0o777 == 0o600


def test_a_version_that_cannot_be_rid_of_its_secrets_is_deleted(tmp_path):
    folder = tmp_path / "history"
    for number, text in enumerate(("[", TEXT)):
        history.record(folder, text, "file", 100.0 + number)
    assert history.drop_secrets(folder, 1000.0) == [1]
    assert [one.id for one in history.versions(folder)] == [2]


def test_a_file_of_an_earlier_version_has_its_secrets(tmp_path):
    content = msgspec.json.encode({"id": 1, "author": "file", "at": 1.0, "text": TEXT})
    (tmp_path / "00000001.json").write_bytes(content)
    assert [one.complete for one in history.versions(tmp_path)] == [True]


@pytest.mark.parametrize(("size", "kept"), [(50, 2), (51, 1)])
def test_they_are_bounded_by_size(tmp_path, monkeypatch, size, kept):
    monkeypatch.setattr(history, "MOST_BYTES", 100)
    history.record(tmp_path, "#" * 50, "file", 1.0)
    history.record(tmp_path, "+" * size, "file", 2.0)
    assert len(history.versions(tmp_path)) == kept


def test_they_are_bounded_by_number(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "KEPT", 3)
    for number in range(5):
        history.record(tmp_path, f"# {number}", "file", float(number))
    assert [one.id for one in history.versions(tmp_path)] == [3, 4, 5]
