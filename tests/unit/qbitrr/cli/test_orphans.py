"""`qbitrr orphans`: what is printed of the daemon's list."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from qbitrr.cli import ctl
from qbitrr.cli.main import main
from qbitrr.data_dir import DataDir

SINGLE = {"state": "found", "due": False, "sizeBytes": 1024, "folder": "/d/films", "purgeAt": None, "problem": ""}


@pytest.fixture
def listed(monkeypatch):
    """Has a daemon list so many files; returns what is printed."""

    def orphans_of(number, **report):
        files = [{**SINGLE, "id": place, "path": f"{place}.mkv"} for place in range(number)]

        def ask(_data_dir, method, path):
            asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
            assert (method, urlsplit(path).path) == ("GET", "orphans")
            start, limit = int(asked.get("after", "[0,0]").strip("[]").split(",")[1]), int(asked["limit"])
            end = start + limit
            page = {"orphans": files[start:end], "next": f"[0,{end}]" if end <= number else None}
            return {"refusals": [], "folders": []} | report | page

        monkeypatch.setattr(ctl, "ask", ask)
        return ctl.orphans(DataDir(Path("/nowhere"))).splitlines()

    return orphans_of


@pytest.mark.parametrize("number", [1, 499, 500, 501, 1700])
def test_every_file_has_a_line(listed, number):
    lines = listed(number)
    assert [line.partition(":")[0] for line in lines] == [str(place) for place in range(number)]
    assert lines[0] == "0: found, 1.0 KiB, /d/films/0.mkv"


def test_why_nothing_is_moved_comes_first_and_once(listed):
    lines = listed(501, refusals=["qBit: it is away"], folders=[{"folder": "/d/tv", "refusal": "it is the root"}])
    assert lines[:2] == ["not complete: qBit: it is away", "/d/tv: it is the root"]
    assert len(lines) == 503


def test_without_files_it_says_so(listed):
    assert listed(0) == ["no files"]


def test_a_name_can_neither_command_the_terminal_nor_look_like_a_line_of_its_own(monkeypatch, capsys):
    one = {**SINGLE, "id": 7, "path": "a\x1b]0;title\x07\n8: found.mkv", "problem": "\x1b[31mno\udcff"}
    monkeypatch.setattr(ctl, "ask", lambda *_: {"refusals": [], "folders": [], "orphans": [one], "next": None})
    assert main(["--data-dir", "/nowhere", "orphans"]) == 0
    line = r"7: found, 1.0 KiB, /d/films/a\x1b]0;title\x07\n8: found.mkv, \x1b[31mno\udcff"
    assert capsys.readouterr().out == f"{line}\n"
