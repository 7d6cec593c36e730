"""Facts of two sources that have a name in common end no pass with a TypeError."""

import ast
from pathlib import Path

import pytest

from qbitrr import rules

MODULES = sorted(Path(rules.__file__).parent.rglob("*.py"))
FINDINGS = {"acts", "fails", "passes", "stops"}


def is_exposed(call: ast.Call) -> bool:
    """Whether facts whose names are not known here come beside others, instead of in one dictionary with them."""
    named = isinstance(call.func, ast.Name) and call.func.id in FINDINGS
    return named and len(call.keywords) > 1 and any(one.arg is None for one in call.keywords)


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_facts_of_two_sources_are_merged_before_they_are_passed(module):
    calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    assert [ast.unparse(call) for call in calls if is_exposed(call)] == []
