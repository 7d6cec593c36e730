"""The OpenAPI descriptions that Radarr, Sonarr and Lidarr publish, ready to judge with.

They are not part of this project: they lie in `../shared/openapi` beside the checkout, or where QBITRR_OPENAPI_DIR
says.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from openapi_core import OpenAPI

from tests.contract.deviations import DEVIATIONS

CHECKOUT = Path(__file__).parents[2]
FILES = {"radarr": "radarr-v3.json", "sonarr": "sonarr-v3.json", "lidarr": "lidarr-v1.json"}


def folder() -> Path:
    """Where the files are looked for."""
    return Path(os.environ.get("QBITRR_OPENAPI_DIR") or CHECKOUT.parent / "shared" / "openapi")


def missing() -> list[Path]:
    """Those of the files that are not there."""
    return [path for name in FILES.values() if not (path := folder() / name).is_file()]


@cache
def document(kind: str) -> dict[str, Any]:
    """The description of one kind of Arr, with what is known to be wrong in it put right. Do not change it."""
    found: dict[str, Any] = json.loads((folder() / FILES[kind]).read_bytes())
    # the pages beside the API make the file invalid, and it names a host of its own
    found["paths"] = {path: item for path, item in found["paths"].items() if path.startswith("/api/v")}
    found["servers"] = [{"url": "/"}]
    for deviation in DEVIATIONS:
        deviation(found)
    return found


@cache
def description(kind: str) -> OpenAPI:
    """The same, checked and ready; takes half a second for each kind."""
    return OpenAPI.from_dict(document(kind))
