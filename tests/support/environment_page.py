"""docs/environment.md: the variable of every key, from the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.config.environment import (
    DATA_PATH,
    FILE_SUFFIX,
    LONGEST_SECRET,
    PROCESSING_ONLY,
    QBIT_DISABLED,
    SEARCH_ONLY,
    UPDATE_KEY,
    suffixes,
)
from qbitrr.config.messages import unit_and_choices
from qbitrr.config.model import ARR_KINDS, Arr, Notifications, Prowlarr, QBit, Settings, WebUI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbitrr.config.model.key import Key, Table

_INTRODUCTION = f"""\
# Configuration by environment

Made from the code: `make docs`.

Every key of `config.toml` but arrays of tables (`[[…]]`) has an environment variable, which wins over the file:
`QBITRR_`, the section, the key, in capitals with underscores. A blank variable does not count; `false` and `0` do.
`qbitrr check --values` prints every value and where it comes from: a variable, the file, or the default. A value that
cannot be used is reported under the name of its variable. A variable can be changed by a restart only.

* **Lists** have commas between their entries, or are JSON: `["one", "two"]`. **Tables of texts** are
  `stalled=act,slow=tag`, or JSON.
* **Secrets** (marked *secret* below) can be in a file: the variable with `{FILE_SUFFIX}` behind its name has the path,
  such as `QBITRR_QBIT_PASSWORD{FILE_SUFFIX}=/run/secrets/qbittorrent`. The end of the last line does not belong to the
  secret. The file has at most {LONGEST_SECRET // 1024} KiB; it is read again by a reload.
* **Sections of several Arrs or qBittorrents** have their names in the variables: `QBITRR_RADARR_MOVIES_URI` is `URI` of
  `[Radarr-Movies]`, in whatever spelling the file has it, and `QBITRR_QBIT_NAS_HOST` is `Host` of `[qBit-nas]`. When
  the file has no such section, the variable of its address makes one: `[Radarr-Movies]`, whose category is
  `radarr-movies` unless `QBITRR_RADARR_MOVIES_CATEGORY` says otherwise. Other variables of a section that does not
  exist are ignored with a warning.

These are no keys:

| Variable | Meaning |
|---|---|
| `{DATA_PATH}` | the data folder, unless `--data-dir` names one |
| `{QBIT_DISABLED}` | `true` disables every qBittorrent, `false` enables `[qBit]` |
| `{SEARCH_ONLY}` | only searches: every qBittorrent is disabled |
| `{PROCESSING_ONLY}` | no searches: `SearchMissing` of every Arr is false |
| `{UPDATE_KEY}` | older name of `QBITRR_SETTINGS_UPDATE_KEY` |
"""
_SECTIONS: tuple[tuple[str, str, type[Table]], ...] = (
    ("[Settings]", "QBITRR_SETTINGS_", Settings),
    ("[WebUI]", "QBITRR_WEBUI_", WebUI),
    ("[Notifications]", "QBITRR_NOTIFICATIONS_", Notifications),
    ("[Prowlarr]", "QBITRR_PROWLARR_", Prowlarr),
    ("[qBit]", "QBITRR_QBIT_", QBit),
)
_ARRS = """\
## Arrs

Behind `QBITRR_RADARR_`, `QBITRR_SONARR_` or `QBITRR_LIDARR_`, or such a beginning with the name of a section:
`QBITRR_RADARR_4K_`."""


def render() -> str:
    """The whole page."""
    lines = [_INTRODUCTION]
    for title, prefix, table in _SECTIONS:
        lines += [f"## {title}", "", *_table(prefix, table), ""]
    lines += [_ARRS, "", *_table("", Arr)]
    return "\n".join(lines) + "\n"


def _table(prefix: str, table: type[Table]) -> Iterator[str]:
    yield from ("| Variable | Key | Meaning |", "|---|---|---|")
    for end, (path, key) in suffixes(table).items():
        yield f"| `{prefix}{end}` | `{path}` | {_meaning(table, end, key)} |"


def _meaning(table: type[Table], end: str, key: Key) -> str:
    kinds = [kind for kind in ARR_KINDS if table is Arr and end in suffixes(table, kind)]
    notes = [
        unit_and_choices(key),
        "secret" if key.secret else "",
        "" if table is not Arr or len(kinds) == len(ARR_KINDS) else f"{' and '.join(map(str.capitalize, kinds))} only",
    ]
    why = key.why.replace("|", r"\|")
    return f"{why} ({'; '.join(filter(None, notes))})" if any(notes) else why
