"""Kinds of installation, by the marks that those who make them leave."""

import json
import os

import pytest

from qbitrr.update.installation import recognise


@pytest.fixture
def venv(tmp_path):
    """A virtual environment in which pip installed qbitrrd."""
    place = tmp_path / "versions" / "1.0"
    info = place / "lib" / "python3.11" / "site-packages" / "qbitrrd-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: qbitrrd\nVersion: 1.0\n")
    (place / "pyvenv.cfg").touch()
    return place


def direct_url(venv, **what):
    folder = next(venv.glob("lib/*/site-packages/*.dist-info"))
    (folder / "direct_url.json").write_text(json.dumps({"url": "file:///x", **what}))


def kind(place, environ=None):
    found = recognise(environ or {}, place)
    return found.kind, found.obstacle is None


def test_by_pip(venv):
    assert kind(venv) == ("venv", True)
    direct_url(venv, archive_info={})
    assert kind(venv) == ("venv", True)


def test_behind_a_link(venv, tmp_path):
    link = tmp_path / "current"
    link.symlink_to("versions/1.0")
    found = recognise({}, link)
    assert (found.kind, found.link, found.prefix) == ("linked", str(link), str(venv))


@pytest.mark.parametrize(("mark", "expected"), [("pipx_metadata.json", "pipx"), ("uv-receipt.toml", "uv-tool")])
def test_by_tools_that_update_it_themselves(venv, mark, expected):
    (venv / mark).touch()
    assert kind(venv) == (expected, False)
    assert "upgrade qbitrrd" in recognise({}, venv).command


def test_by_a_package_of_debian(venv):
    (venv / "debian-package").touch()
    assert kind(venv) == ("debian", False)
    assert "apt install" in recognise({}, venv).command


def test_a_source_checkout(venv, tmp_path):
    direct_url(venv, dir_info={"editable": True})
    assert kind(venv) == ("source", False)
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "pyvenv.cfg").touch()
    assert kind(tmp_path / "bare") == ("source", False), "it runs there and is not installed"


def test_a_container_and_the_system(venv, tmp_path):
    assert kind(venv, {"QBITRR_DOCKER_RUNNING": "69420"}) == ("container", False)
    assert kind(tmp_path)[0] in ("system", "container"), "no virtual environment"
    assert not kind(tmp_path)[1]


def test_one_of_another_user(venv, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _mode: path != venv)
    assert kind(venv) == ("foreign", False)
    assert str(venv) in recognise({}, venv).command
