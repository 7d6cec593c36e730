"""What the pages for users in trouble quote is what the program says, and the keys they name are keys."""

from __future__ import annotations

import re
import tomllib

import pytest

from qbitrr.config.model import Arr, Notifications, QBit, Settings, WebUI
from qbitrr.config.model.key import key_paths
from tests.support.older_keys_page import keys as older_keys
from tests.unit.docs.pages import ROOT, spans

TROUBLE = ROOT / "docs" / "troubleshooting.md"
FOR_USERS = [TROUBLE, ROOT / "docs" / "faq.md", ROOT / "docs" / "moving-in.md", ROOT / "README.md"]
SOURCES = [path for folder in ("qbitrr", "control", "supervisor") for path in (ROOT / folder).rglob("*.py")]
KEY = re.compile(r"(?<![\w/.-])[A-Z][A-Za-z0-9]*[a-z][A-Z][A-Za-z0-9]*(?![\w/-])")
NAMES_OF_OTHERS = {"RefreshMonitoredDownloads"}


def quoted():
    prose = re.sub(r"`[^`\n]+`|```.*?```", "", TROUBLE.read_text(), flags=re.DOTALL)
    return [quote for quote in re.findall(r'"([^"\n]+)"', prose) if "…" in quote or " " in quote]


def test_what_is_quoted_is_said():
    said = " ".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text()) for path in SOURCES)
    fragments = [part.strip(" ,") for quote in quoted() for part in quote.split("…")]
    assert len(fragments) > 20
    assert not [part for part in fragments if part and part not in said]


def known_keys():
    ours = {path for table in (Settings, WebUI, Notifications, QBit, Arr) for path, _ in key_paths(table)}
    ours |= {path for table in (Arr, QBit) for path, key in key_paths(table) if key.form == "rows"}
    return {name for path in ours | older_keys().keys() for name in re.split(r"[.\[\]]+", path)} | {
        "Settings", "SeedingMode", "CategorySeeding", "EntrySearch", "WebUI", "Trackers", "Ranges",
    }  # fmt: skip


@pytest.mark.parametrize("page", FOR_USERS, ids=lambda page: page.name)
def test_keys_that_are_named_exist(page):
    words = {word for span in spans(page) for word in KEY.findall(span)}
    assert not words - known_keys() - NAMES_OF_OTHERS


def test_the_first_configuration_of_the_readme_is_one():
    block = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    document = tomllib.loads(block[1])
    assert {name.partition("-")[0] for name in document} == {"Settings", "qBit", "Radarr"}
