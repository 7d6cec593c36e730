"""Package index: which releases it has.

Source: the simple repository API of the Python packaging user guide, in JSON (PEP 691) and, for indexes without it, in
HTML (PEP 503). Nothing that an index answers is trusted: see `qbitrr.update.signature`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import msgspec
from msgspec import Struct, field
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from qbitrr.errors import GoneError, UnexpectedAnswerError, UpdateCheckError
from qbitrr.http.client import HttpClient, Timeouts
from qbitrr.update.programs import clean_environ, python
from qbitrr.update.releases import DISTRIBUTION, Release
from qbitrr.update.signature import LONGEST_ENVELOPE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

SERVICE = "package index"
_TIMEOUTS = Timeouts(connect_seconds=5.0, silence_seconds=10.0, answer_seconds=20.0, attempts=1)
_FILE_TIMEOUTS = Timeouts(connect_seconds=5.0, silence_seconds=20.0, answer_seconds=300.0, attempts=2)
_PIP_SECONDS = 20.0
_LONGEST_PAGE_BYTES = 32 << 20
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
# only pip knows how it merges its configuration files, its environment and its default
_ASK_PIP = """
from pip._internal.commands import create_command
print(create_command("download").parser.parse_args([])[0].index_url)
"""


class _File(Struct, rename="kebab", frozen=True):
    filename: str
    requires_python: str | None = None
    yanked: bool | str = False
    url: str = ""


class _Project(Struct, frozen=True):
    files: list[_File] = field(default_factory=list)


async def releases(address: str) -> list[Release]:
    """The releases of qbitrr in the index at an address, without yanked ones. Raises a ServiceError."""
    files = await _project(address, DISTRIBUTION)
    return list(_by_version(files, f"{address.rstrip('/')}/{DISTRIBUTION}/").values())


async def envelope(release: Release) -> bytes:
    """The signed manifest of a release, which lies beside its wheel. Raises a ServiceError."""
    return await _get(f"{release.wheel}.manifest", LONGEST_ENVELOPE_BYTES)


async def fetch(address: str, project: str, name: str, longest_bytes: int) -> bytes:
    """A file of a project. Raises a ServiceError, also when it is longer than it may be."""
    page = f"{address.rstrip('/')}/{project}/"
    for file in await _project(address, project):
        if file.filename == name:
            return await _get(urljoin(page, file.url).partition("#")[0], longest_bytes)
    raise GoneError(SERVICE, f"it has no {name}")


async def _project(address: str, project: str) -> list[_File]:
    async with HttpClient(
        SERVICE, address, headers={"Accept": _ACCEPT}, timeouts=_TIMEOUTS, longest_answer_bytes=_LONGEST_PAGE_BYTES
    ) as http:
        _, body = await http.send("GET", f"{project}/")
    return _files(body)


async def _get(address: str, longest_bytes: int) -> bytes:
    base, _, name = address.rpartition("/")
    async with HttpClient(
        SERVICE, base, headers={"Accept": "*/*"}, timeouts=_FILE_TIMEOUTS, longest_answer_bytes=longest_bytes
    ) as http:
        _, body = await http.send("GET", name)
    return body


async def of_pip() -> str:
    """The index that pip uses here. Raises UpdateCheckError when pip does not report one."""
    process = await asyncio.create_subprocess_exec(
        *python(sys.executable, "-c", _ASK_PIP), env=_environ_of_pip(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_PIP_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        output = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    address = output.decode().strip()
    if process.returncode != 0 or not address.startswith(("http://", "https://")):
        raise UpdateCheckError("pip does not report its index; set Settings.UpdateIndex")
    return address


def _environ_of_pip() -> dict[str, str]:
    """The environment in which pip finds the user's configuration of it."""
    configured = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "XDG_CONFIG_"))}
    quiet = clean_environ()
    del quiet["PIP_CONFIG_FILE"]
    return quiet | configured


def _files(body: bytes) -> list[_File]:
    if body.lstrip().startswith(b"{"):
        try:
            return msgspec.json.decode(body, type=_Project).files
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswerError(SERVICE, f"its list of files cannot be read: {error}") from error
    links = _Links()
    links.feed(body.decode(errors="replace"))
    return links.files


class _Links(HTMLParser):
    """Links of a page, whose texts are the names of files."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[_File] = []
        self._attributes: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes = dict(attrs) if tag == "a" else None

    def handle_data(self, data: str) -> None:
        if self._attributes is not None and data.strip():
            requires, yanked = self._attributes.get("data-requires-python"), "data-yanked" in self._attributes
            self.files.append(
                _File(
                    data.strip(),
                    requires_python=requires,
                    yanked=yanked,
                    url=self._attributes.get("href") or "",
                )
            )
            self._attributes = None


def _by_version(files: Iterable[_File], page: str) -> dict[str, Release]:
    found: dict[str, Release] = {}
    for file in files:
        version = _version(file.filename)
        if version is None or file.yanked is not False:
            continue
        wheel = urljoin(page, file.url).partition("#")[0]
        found.setdefault(version, Release(version, wheel, file.requires_python))
    return found


def _version(filename: str) -> str | None:
    """The version of a wheel of ours; None for other files, as installing them runs code of theirs."""
    try:
        name, version = parse_wheel_filename(filename)[:2]
    except InvalidWheelFilename:
        return None
    return str(version) if name == DISTRIBUTION else None
