"""What an update is about: releases, this installation, and how the last update ended."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["linked", "venv", "pipx", "uv-tool", "source", "system", "container", "foreign"]


class Release(msgspec.Struct, frozen=True):
    """One release of the index. `version` is PEP 440's normal form, without a v; `uploaded_at` in epoch seconds.

    `wheel` and `metadata` are addresses; not every index offers the second by itself.
    """

    version: str
    wheel: str = ""
    requires_python: str | None = None
    uploaded_at: float | None = None
    metadata: str | None = None


class Installation(msgspec.Struct, frozen=True):
    """How qbitrr got here. `obstacle`: why it cannot update itself; `command`: what a person does instead."""

    kind: Kind
    prefix: str
    link: str | None = None
    obstacle: str | None = None
    command: str | None = None


class UpdateOutcome(msgspec.Struct, frozen=True):
    """How the last update went; `completed_at` in epoch seconds."""

    in_progress: bool = False
    last_result: Literal["success", "failed"] | None = None
    last_error: str | None = None
    completed_at: float | None = None


def with_v(version: str) -> str:
    """As people write it, and as the API does."""
    return f"v{version}"
