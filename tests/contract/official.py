"""The OpenAPI descriptions that Radarr, Sonarr, Lidarr, Overseerr and Seerr publish, ready to judge with.

They are not part of this project: they lie in `../shared/openapi` beside the checkout, or in the folder that
QBITRR_OPENAPI_DIR names.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from openapi_core import OpenAPI

from tests.contract.deviations import DEVIATIONS

CHECKOUT = Path(__file__).parents[2]
FILES = {
    "radarr": "radarr-v3.json",
    "sonarr": "sonarr-v3.json",
    "lidarr": "lidarr-v1.json",
    "overseerr": "overseerr.yml",
    "seerr": "seerr.yml",
}


ARRS = ("radarr", "sonarr", "lidarr")


def folder() -> Path:
    """The folder of the files."""
    return Path(os.environ.get("QBITRR_OPENAPI_DIR") or CHECKOUT.parent / "shared" / "openapi")


def missing() -> list[Path]:
    """The files that are not there."""
    return [path for name in FILES.values() if not (path := folder() / name).is_file()]


@cache
def document(kind: str) -> dict[str, Any]:
    """The description of one kind of Arr, with its known errors corrected. Not to be modified."""
    file = folder() / FILES[kind]
    if file.suffix == ".yml":
        return _of_requests(yaml.safe_load(file.read_bytes()))
    found: dict[str, Any] = json.loads(file.read_bytes())
    # the pages beside the API make the file invalid, and it names a host of its own
    found["paths"] = {path: item for path, item in found["paths"].items() if path.startswith("/api/v")}
    found["servers"] = [{"url": "/"}]
    for deviation in DEVIATIONS:
        deviation(found)
    return found


def _of_requests(found: dict[str, Any]) -> dict[str, Any]:
    """The one route of Overseerr and Seerr that is used; the rest of their files is large and in places invalid."""
    found["paths"] = {"/api/v1/request": {"get": found["paths"]["/request"]["get"]}}
    found["servers"] = [{"url": "/"}]
    found["paths"]["/api/v1/request"]["get"]["responses"]["403"] = {"description": "a wrong key"}
    return found


@cache
def description(kind: str) -> OpenAPI:
    """The same, checked and prepared, which costs half a second for each kind."""
    return OpenAPI.from_dict(document(kind))
