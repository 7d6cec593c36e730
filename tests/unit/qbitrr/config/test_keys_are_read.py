"""Every key of the model is read by something: one that nothing reads promises what nothing does."""

import ast

import pytest

from qbitrr.config.model.key import key_paths
from qbitrr.config.schema import SECTIONS
from tests.unit.docs.pages import ROOT

KEYS = [(f"{section}.{name}", key) for section, table in SECTIONS.items() for name, key in key_paths(table)]
NOT_READERS = ("qbitrr/config/model/", "qbitrr/sandbox/")


def _attributes(text):
    """The names of attributes that a module reads."""
    return {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def _read_names():
    modules = [path for package in ("qbitrr", "supervisor", "control") for path in (ROOT / package).rglob("*.py")]
    readers = [path for path in modules if not str(path.relative_to(ROOT)).startswith(NOT_READERS)]
    return set().union(*(_attributes(path.read_text()) for path in readers))


READ_NAMES = _read_names()
SCRIPTS = "".join(path.read_text() for path in (ROOT / "control" / "ui").glob("*.js"))


@pytest.mark.parametrize(("name", "key"), KEYS, ids=[name for name, _ in KEYS])
def test_it_is_read(name, key):
    """Keys of the page by its scripts; all others in Python, at least to warn that they have no effect."""
    if key.change == "page":
        assert f"keys.{key.name}" in SCRIPTS
    else:
        assert key.attribute in READ_NAMES


def test_a_name_that_only_the_model_has_is_not_read():
    assert "kept_for_nothing" not in READ_NAMES
    assert _attributes("webui.auth_disabled = webui.local_auth_enabled") == {"local_auth_enabled"}
