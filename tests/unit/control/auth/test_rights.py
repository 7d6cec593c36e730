"""The table of rights: complete, and as it is meant to be."""

import pytest

from control.auth import rights
from control.auth.rights import CHANGE, CONFIDENTIAL, HARMLESS, KEYS, NEVER, OPEN, READ, ROUTES, Right
from control.auth.roles import Author, Caller
from control.routes import INSIDE_ROUTES, OPEN_ROUTES
from control.routes import ROUTES as PREFIXED_ROUTES
from qbitrr.config.model.key import key_paths
from qbitrr.config.schema import SECTIONS
from qbitrr.errors import ForbiddenError, UnauthorizedError

NO, RATED, YES = Right.NO, Right.RATED, Right.YES

# What callers without a credential may do besides reading. An addition here opens it to every device of the network.
HARMLESS_ROUTES = {
    "POST /arr/rebuild",
    "POST /arr/{section}/restart",
    "POST /arr/{section}/read-settings",
    "POST /arr/{section}/search",
    "POST /processes/{category}/{kind}/restart",
}
# What reads although it is a POST: the body is a question.
READING = {"POST /mcp"}
OPEN_TO_ALL = {
    "GET /health",
    "GET /ready",
    "GET /login",
    "POST /login",
    "POST /logout",
    "POST /answer",
    "POST /answer/read",
}
CODE_KEYS = {"Settings.UpdateIndex", "Settings.UpdateKey", "Settings.AutoUpdateChannel"}


def names(routes):
    return {f"{route.method} {route.path}" for route in routes}


def keys_of_the_model():
    """Every key with a value of its own, rows as one, by section of the table of rights."""
    return {
        (section, name)
        for section, table in SECTIONS.items()
        for name, key in key_paths(table)
        if "[]" not in name and (key.table is None or key.form == "rows")
    }


def test_every_route_has_an_entry_and_every_entry_a_route():
    assert names((*PREFIXED_ROUTES, *INSIDE_ROUTES, *OPEN_ROUTES)) == ROUTES.keys()


def test_every_key_has_an_entry_and_every_entry_a_key():
    assert {(section, name) for section, keys in KEYS.items() for name in keys} == keys_of_the_model()


@pytest.mark.parametrize(
    ("of", "outside", "reader", "private", "local_user", "own_user", "credential", "audited"),
    [
        (OPEN, YES, YES, YES, YES, YES, YES, False),
        (READ, NO, YES, YES, YES, YES, YES, False),
        (HARMLESS, NO, NO, RATED, RATED, YES, YES, True),
        (CONFIDENTIAL, NO, NO, NO, NO, YES, YES, False),
        (CHANGE, NO, NO, NO, NO, YES, YES, True),
        (NEVER, NO, NO, NO, NO, NO, NO, False),
    ],
)
def test_what_the_rights_are(of, outside, reader, private, local_user, own_user, credential, audited):
    assert [of.of(caller) for caller in Caller] == [outside, reader, private, local_user, own_user, credential]
    assert of.audited is audited


def test_what_is_allowed_without_a_credential():
    assert {name for name, one in ROUTES.items() if one is OPEN} == OPEN_TO_ALL
    assert names(OPEN_ROUTES) == OPEN_TO_ALL
    harmless = {name for name, one in ROUTES.items() if one.of(Caller.PRIVATE) is not NO and name.startswith("POST")}
    assert harmless - OPEN_TO_ALL == HARMLESS_ROUTES | READING
    assert all(ROUTES[name] is READ for name in READING)
    assert all(one.of(Caller.LOCAL_USER) is one.of(Caller.PRIVATE) for one in ROUTES.values())
    assert not [name for keys in KEYS.values() for name, one in keys.items() if one.of(Caller.PRIVATE) is not NO]
    assert not [name for keys in KEYS.values() for name, one in keys.items() if one.of(Caller.LOCAL_USER) is not NO]


def test_every_change_is_audited():
    only_tried = {"POST /config/plan", "POST /torrents/{hash}/check-files"}
    changing = {name for name in ROUTES if name.startswith("POST")} - OPEN_TO_ALL - only_tried - READING
    assert {name for name, one in ROUTES.items() if one.audited} == changing


def test_what_decides_which_code_runs_is_never_set_over_http():
    assert {f"{section}.{name}" for section, keys in KEYS.items() for name, one in keys.items() if one is NEVER} == (
        CODE_KEYS
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Settings.UpdateIndex", NEVER),
        ("Settings.UpdateIndex.below", NEVER),
        ("Settings.Torrent.MaximumETA", CHANGE),
        ("qBit.Host", CHANGE),
        ("qBit-nas.CategorySeeding.RemoveTorrent", CHANGE),
        ("radarr-4K.Torrent.SeedingMode.RemoveTorrent", CHANGE),
        ("Radarr-4K.Torrent.Trackers", CHANGE),
        ("Sonarr.EntrySearch.QualityProfileMappings", CHANGE),
        ("Sonarr.EntrySearch.QualityProfileMappings.Any", CHANGE),
        ("Sonarr.EntrySearch.QualityProfileMappings.HD 1.5", CHANGE),
        ("Settings", None),
        ("Radarr-4K.EntrySearch", None),
        ("Settings.Nothing", None),
        ("Elsewhere.UpdateIndex", None),
        ("", None),
        (".", None),
    ],
)
def test_the_rights_on_a_key(name, expected):
    assert rights.key_rights(name) is expected


def test_a_key_without_an_entry_cannot_be_changed_by_anyone(monkeypatch):
    monkeypatch.setattr(rights, "KEYS", {**KEYS, "Settings": {}})
    for caller in Caller:
        with pytest.raises(ForbiddenError, match=r"Settings\.Shadow"):
            rights.require_keys(["WebUI.Theme", "Settings.Shadow"], Author("", caller))


def test_keys_are_refused_by_name_with_the_remedy():
    with pytest.raises(ForbiddenError, match="can only be changed with the token or a login") as refused:
        rights.require_keys(["qBit.Password", "Nothing.Known"], Author("192.168.1.7", Caller.PRIVATE))
    assert refused.value.details == {"keys": ["qBit.Password"]}
    with pytest.raises(ForbiddenError, match=r"edit config\.toml"):
        rights.require_keys(["Settings.UpdateIndex"], Author("", Caller.CREDENTIAL, "token"))
    rights.require_keys(["qBit.Password", "Nothing.Known"], Author("", Caller.OWN_USER, "uid 0"))


def test_who_comes_from_outside_is_asked_for_a_credential_and_others_are_refused():
    with pytest.raises(UnauthorizedError):
        READ.require(Author("203.0.113.9", Caller.OUTSIDE))
    for caller in (Caller.PRIVATE, Caller.LOCAL_USER):
        with pytest.raises(ForbiddenError, match="token or a login"):
            CHANGE.require(Author("192.168.1.7", caller))
