"""Writes the files that are made from the code: `make docs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.config import example
from tests.support import environment_page, older_keys_page, performance_page, reference_pages, rules_page
from tests.support.state_machines import page as state_machines

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
FILES: dict[str, Callable[[], str]] = {
    "config.example.toml": example.render,
    "docs/commands.md": reference_pages.commands,
    "docs/environment.md": environment_page.render,
    "docs/keys.md": reference_pages.keys,
    "docs/keys-of-qbitrr.md": older_keys_page.render,
    "docs/performance.md": performance_page.render,
    "docs/routes.md": reference_pages.routes,
    "docs/rules.md": rules_page.render,
    "docs/state-machines.md": state_machines.render,
}


def outdated() -> dict[str, str]:
    """The text of each file that differs from what is in the checkout."""
    texts = {name: render() for name, render in FILES.items()}
    return {name: text for name, text in texts.items() if _present(name) != text}


def _present(name: str) -> str | None:
    path = ROOT / name
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    for name, text in outdated().items():
        (ROOT / name).write_text(text)
        print(f"renewed {name}")
