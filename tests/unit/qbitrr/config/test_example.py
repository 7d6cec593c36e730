from __future__ import annotations

import re
import tomllib

import pytest

from qbitrr.config import load_file, load_text
from qbitrr.config.derived_defaults import SAMPLE_ARRS
from qbitrr.config.example import render, write_first
from qbitrr.config.model import Arr, QBit, Settings, WebUI
from qbitrr.config.model.key import key_paths


def test_the_example_loads_to_exactly_the_defaults_without_a_warning():
    loaded = load_text(render(), {})
    bare = load_text("[qBit]\n" + "".join(f"[{section}]\n" for section in SAMPLE_ARRS), {})
    assert loaded.config == bare.config
    assert loaded.config.settings == Settings()
    assert loaded.config.webui == WebUI()
    assert loaded.config.qbits == {"qBit": QBit(section="qBit")}
    assert not loaded.warnings
    assert {problem.key for problem in loaded.incomplete} == {problem.key for problem in bare.incomplete}


@pytest.mark.parametrize(
    ("section", "table"), [("Settings", Settings), ("WebUI", WebUI), ("qBit", QBit), ("Sonarr-TV", Arr)]
)
def test_every_key_stands_in_the_example_below_its_description(section, table):
    tables = re.split(r"\n(?=(?:# )?\[)", render())
    for path, key in key_paths(table):
        if key.form == "rows" or "[]" in path:
            continue  # told once, in the comments of [qBit]
        parent, _, name = f"{section}.{path}".rpartition(".")
        (text,) = (text for text in tables if text.startswith(f"[{parent}]\n"))
        assert re.search(rf"^# .+\n(# )?{name} = ", text, re.MULTILINE), path


@pytest.mark.parametrize(
    ("start", "end", "table"),
    [("qBit.Trackers", "qBit.CategorySeeding", QBit), ("Settings.Torrent.Ranges", "WebUI", Settings)],
)
def test_the_rows_in_its_comments_can_be_made_real(start, end, table):
    lines = render().splitlines()
    row = [line.removeprefix("# ") for line in lines[lines.index(f"# [[{start}]]") : lines.index(f"[{end}]")]]
    found = tomllib.loads("\n".join(row))
    for name in start.split("."):
        found = found[name]
    prefix = f"{start.partition('.')[2]}[]."
    assert set(found[0]) == {path.removeprefix(prefix) for path, _ in key_paths(table) if path.startswith(prefix)}


def test_the_row_of_ranges_in_its_comments_is_the_one_that_there_is_by_default():
    text = render()
    commented = re.search(r"# \[\[Settings\.Torrent\.Ranges.*?(?=\n\n)", text, re.DOTALL)[0]
    real = text.replace(commented, re.sub("(?m)^# ", "", commented))
    assert load_text(real, {}).config == load_text(text, {}).config


def test_the_first_configuration_has_a_token_of_its_own_and_is_private(tmp_path):
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    write_first(first)
    write_first(second)
    token = load_file(first, {}).config.webui.token
    assert re.fullmatch("[0-9a-f]{64}", token)
    assert load_file(second, {}).config.webui.token != token
    assert first.read_text() == render(token)
    assert first.stat().st_mode & 0o777 == 0o600


def test_no_line_is_wider_than_a_screen():
    assert max(map(len, render().splitlines())) <= 112
