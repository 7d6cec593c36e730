"""Package conflicts: other distributions with a package `supervisor` or `control` of their own.

Installers overwrite one with the other without a message (supervisord and python-control have these names), and the
result is an import error far from its cause.
"""

from __future__ import annotations

import importlib
from types import ModuleType

_PACKAGES = ("supervisor", "control")


def foreign_package() -> str | None:
    """A sentence on a package of another distribution, with the remedy; None when there is none."""
    for name in _PACKAGES:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            module = ModuleType(name, str(error))
        if getattr(module, "BELONGS_TO", None) != "qbitrr":
            return _message(name)
    return None


def _message(name: str) -> str:
    from importlib import metadata  # noqa: PLC0415 - large, and seldom needed

    owners = set(metadata.packages_distributions().get(name, ())) - {"qbitrrd"}
    culprit = f"by {', '.join(sorted(owners))}" if owners else "by something else"
    return (
        f"The package {name!r} of qbitrr was replaced {culprit}. "
        "Install qbitrr in an environment of its own: python3 -m venv /opt/qbitrr/venv"
    )
