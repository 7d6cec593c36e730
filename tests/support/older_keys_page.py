"""docs/keys-of-qbitrr.md: what every key of the older program is here, by the code of `qbitrr migrate`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.config.older_program import NOT_FOLLOWED, TAGS, generic_name
from qbitrr.config.translation import translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbitrr.config.translation import KeyLine

EVERY_KEY = Path(__file__).parents[1] / "data" / "older_keys.toml"
_TRIMMED = 'Settings.ConfigVersion = "5.14.4"\n[qBit-nas]\nUserName = "admin"\n[Sonarr]\nCategory = "tv"\n'

_INTRODUCTION = """\
# Keys of qBitrr

Made from the code: `make docs`. [Moving in](moving-in.md) says how to use it.

What becomes of every key that qBitrr had from 5.3 to 5.14 (2.x to 4.x had some of them), by `qbitrr migrate`. `Arr`
stands for each section of a Radarr, Sonarr or Lidarr, `Trackers[]` for each row of a tracker. Keys that have an
environment variable there have the same one here ([environment.md](environment.md)).

| Key there | Here | What means something else |
|---|---|---|
"""
_LEFT_OUT = """
## Keys that are left out

That program takes some keys for off, or for something else than here, when they are not in its file. `qbitrr migrate`
writes that value.

| Key | Is written |
|---|---|
"""
_NOT_FOLLOWED = """
What opens or removes more than the default here is not written:

| Key | Why |
|---|---|
"""
_TAGS = """
## Tags in qBittorrent

| Tag | What becomes of it |
|---|---|
"""


def render() -> str:
    """The whole page."""
    lines = [_INTRODUCTION.rstrip()]
    lines += [f"| `{key}` | {here} | {differs} |" for key, (here, differs) in keys().items()]
    lines += [_LEFT_OUT.rstrip(), *_left_out(), _NOT_FOLLOWED.rstrip()]
    lines += [f"| `{key}` | {_text(says)} |" for key, says in NOT_FOLLOWED.items()]
    lines += [_TAGS.rstrip(), *(f"| `{tag}` | {_text(says)} |" for tag, says in TAGS.items())]
    return "\n".join(lines) + "\n"


def keys() -> dict[str, tuple[str, str]]:
    """What is here, and what differs, of every key by its generic name."""
    lines = translate(EVERY_KEY.read_text()).lines
    return {
        generic_name(line.key): (_here(line), _text(line.differs))
        for line in lines
        if line.fate not in ("added", "left out")
    }


def _here(line: KeyLine) -> str:
    match line.fate:
        case "moved":
            return f"`{generic_name(line.now)}`"
        case "dropped":
            return f"dropped: {line.now}"
        case _:
            return "the same"


def _left_out() -> Iterator[str]:
    translation = translate(_TRIMMED)
    given = {line.key for line in translation.lines if line.fate == "same"}
    new = tomllib.loads(translation.text)
    for line in translation.lines:
        if line.fate == "added" and line.key not in given and not line.key.startswith("Settings."):
            *tables, name = line.key.split(".")
            value = new
            for table in tables:
                value = value[table]
            generic = line.key.replace("nas", "<name>") if line.key.startswith("qBit") else generic_name(line.key)
            only = ", for a Sonarr" if name == "SearchBySeries" else ""
            yield f"| `{generic}` | `{str(value[name]).lower()}`{only} |"


def _text(says: str) -> str:
    return says[:1].upper() + says[1:].replace("|", r"\|")
