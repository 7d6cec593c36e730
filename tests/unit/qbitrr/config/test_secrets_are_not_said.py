"""What is reported of a configuration never has a secret in it, wherever that was put by mistake."""

from __future__ import annotations

import pytest

from qbitrr.config import load_text
from qbitrr.config.environment import FILE_SUFFIX, suffixes
from qbitrr.config.model.key import key_paths
from qbitrr.config.schema import SECTIONS
from qbitrr.errors import ConfigError

SECRET = "hunter2hunter2"
TABLES = {"Radarr" if name == "Arr" else name: table for name, table in SECTIONS.items()}
KEYS = [(section, path, key) for section, table in TABLES.items() for path, key in key_paths(table)]
SECRETS = [(section, path) for section, path, key in KEYS if key.secret]
ADDRESSES = [
    (section, path)
    for section, path, key in KEYS
    if key.form in ("url", "own_url", "server", "host", "peer") or path in ("OIDC.Authority", "Torrent.Trackers[].URI")
]
VARIABLES = [
    f"QBITRR_{section.upper()}_{end}"
    for section, table in TABLES.items()
    for end, (_, key) in suffixes(table).items()
    if key.secret
]
BROKEN = {
    "no quotes": SECRET,
    "no end": f'"{SECRET}',
    "a wrong escape": f'"{SECRET}\\q"',
    "more behind it": f'"{SECRET}" {SECRET}',
    "a dotted value": f"{SECRET}.{SECRET}",
    "a list": f'["{SECRET}", 5]',
    "a list in a list": f'[["{SECRET}"]]',
    "a table": f'{{ a = "{SECRET}" }}',
    "a text of several lines": f'"""\n{SECRET}\n{SECRET}"""',
}
BAD_ADDRESSES = [
    f"http://me:{SECRET}@nas:99999",
    f"http://me:a/{SECRET}@nas",
    f"http://me:a?{SECRET}@nas",
    f"http://me:a#{SECRET}@nas",
    f"ftp://me:{SECRET}@nas",
    f"me:a/{SECRET}@nas",
    f"me:{SECRET}@nas of mine",
]


def said(text: str, environ: dict[str, str] | None = None) -> str:
    """All that loading a text reports."""
    try:
        loaded = load_text(text, environ or {})
    except ConfigError as error:
        return f"{error}\n{error.summary}\n{error.details}\n{[*map(str, error.warnings)]}"
    return "\n".join(map(str, (*loaded.warnings, *loaded.incomplete)))


def written(section: str, path: str, value: str) -> str:
    """A text with one key, in the tables and rows that it belongs to."""
    *tables, name = path.split(".")
    header = ".".join((section, *(table.removesuffix("[]") for table in tables)))
    return f"[[{header}]]\n{name} = {value}\n" if "[]" in path else f"[{header}]\n{name} = {value}\n"


@pytest.mark.parametrize("value", [SECRET, f"/{SECRET}", f"{SECRET}\0", SECRET * 1000])
@pytest.mark.parametrize("variable", VARIABLES)
def test_it_is_in_place_of_the_path_of_its_file(variable, value):
    text = said("[qBit]\nHost = 'nas'\n[Radarr]\nURI = 'radarr'\n", {variable + FILE_SUFFIX: value})
    assert variable + FILE_SUFFIX in text
    assert SECRET not in text


@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(("section", "path"), SECRETS)
def test_its_line_is_no_toml_or_of_another_type(section, path, value):
    assert SECRET not in said(written(section, path, value))
    assert SECRET not in said(written(section, path, f'"{SECRET}"') + f'{path.rpartition(".")[2]} = "{SECRET}"')


@pytest.mark.parametrize(("section", "path"), SECRETS)
def test_its_key_is_misspelt(section, path):
    for name in (path[:-1], path.lower(), f"{path}s"):
        assert SECRET not in said(written(section, name, f'"{SECRET}"'))


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize(("section", "path"), ADDRESSES)
def test_it_is_in_an_address_that_cannot_be_read(section, path, address):
    assert SECRET not in said(written(section, path, f'"{address}"'))


def test_it_is_in_the_path_of_a_tracker_without_a_host():
    text = said(written("Radarr", "Torrent.Trackers[].URI", f'"/{SECRET}/announce"'))
    assert "Radarr.Torrent.Trackers[0].URI" in text
    assert SECRET not in text


@pytest.mark.parametrize("address", [f"tgram://1:{SECRET}/2", f"json://{SECRET}"])
def test_it_is_in_a_row_that_wants_the_kind_of_an_address(address):
    text = said(f"[Notifications]\nUrls = ['json://nas']\nTargets = [{{ To = '{address}' }}]")
    assert f'"{address.partition(":")[0]}"' in text
    assert SECRET not in text
