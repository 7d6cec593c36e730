"""The references have everything there is: events, exit codes, sections of the configuration. Others are generated."""

from __future__ import annotations

import re

from control.list_changes import STAMPS
from qbitrr.cli import main
from qbitrr.config.model import Config
from tests.support.reference_pages import EVENTS, commands, keys
from tests.unit.docs.pages import ROOT

PUBLISHED = re.compile(r'publish(?:_passing)?\(\s*"(\w+)"|event="(\w+)"')


def test_every_kind_of_event_is_explained():
    sources = [*(ROOT / "control").rglob("*.py"), ROOT / "qbitrr" / "daemon.py"]
    found = {one or other for path in sources for one, other in PUBLISHED.findall(path.read_text())}
    logs = {"line", "lines"}  # of the streams of log files
    assert (found - logs) | STAMPS.keys() == EVENTS.keys()


def test_the_page_follows_every_kind_of_event():
    (listed,) = re.findall(r"const KINDS = (\[.*?\]);", (ROOT / "control/ui/live.js").read_text(), re.DOTALL)
    assert set(re.findall(r'"(\w+)"', listed)) == EVENTS.keys()


def test_every_exit_code_is_explained():
    codes = {value for name, value in vars(main).items() if re.fullmatch(r"_[A-Z_]+", name) and type(value) is int}
    table = (ROOT / "docs/operations.md").read_text().partition("## Exit codes")[2].partition("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == codes


def test_every_section_has_its_keys():
    assert keys().count("\n## ") == len(Config.__struct_fields__)


def test_commands_without_help_are_not_listed():
    assert "ctl renew" not in commands()
