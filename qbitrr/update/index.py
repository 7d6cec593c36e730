"""Package index: which releases it has.

Source: the simple repository API of the Python packaging user guide, in JSON (PEP 691, with the upload
times of PEP 700 and the metadata of PEP 714) and, for indexes without it, in HTML (PEP 503).
"""

from __future__ import annotations

import asyncio
import io
import sys
import zipfile
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import msgspec
from msgspec import Struct, field
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from qbitrr.clock import from_iso
from qbitrr.errors import UnexpectedAnswerError, UpdateCheckError
from qbitrr.http.client import HttpClient, Timeouts
from qbitrr.update.releases import NOT_OURS, PACKAGE, Release, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable

SERVICE = "package index"
_TIMEOUTS = Timeouts(connect_seconds=5.0, silence_seconds=10.0, answer_seconds=20.0, attempts=1)
_PIP_SECONDS = 20.0
_LONGEST_METADATA_BYTES = 1 << 20
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
    upload_time: str | None = None
    url: str = ""
    core_metadata: bool | dict[str, str] = False


class _Project(Struct, frozen=True):
    files: list[_File] = field(default_factory=list)


async def releases(index: str) -> list[Release]:
    """The releases of qbitrr in the index at an address, without yanked ones. Raises a ServiceError."""
    async with HttpClient(SERVICE, index, headers={"Accept": _ACCEPT}, timeouts=_TIMEOUTS) as http:
        _, body = await http.send("GET", f"{PACKAGE}/")
    return list(_by_version(_files(body), f"{index.rstrip('/')}/{PACKAGE}/").values())


async def check_identity(release: Release) -> None:
    """Check the metadata of a release. Raises UpdateCheckError when it is of another project, or a ServiceError."""
    address = release.metadata or release.wheel
    base, _, name = address.rpartition("/")
    async with HttpClient(SERVICE, base, timeouts=_TIMEOUTS) as http:
        _, body = await http.send("GET", name)
    text = body.decode(errors="replace") if release.metadata else await asyncio.to_thread(_metadata_in, body)
    if not is_ours(text):
        raise UpdateCheckError(NOT_OURS)


def _metadata_in(wheel: bytes) -> str:
    """The METADATA of a wheel, without unpacking anything else; empty when there is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            found = [one for one in archive.infolist() if one.filename.endswith(".dist-info/METADATA")]
            readable = len(found) == 1 and found[0].file_size <= _LONGEST_METADATA_BYTES
            return archive.read(found[0]).decode(errors="replace") if readable else ""
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
    ):  # damaged, or compressed or encrypted in an unknown way
        return ""


async def of_pip() -> str:
    """The index that pip uses here. Raises UpdateCheckError when pip does not report one."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ASK_PIP,
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
                    core_metadata="data-core-metadata" in self._attributes,
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
        before = found.get(version, Release(version, wheel, file.requires_python))
        times = [at for at in (before.uploaded_at, from_iso(file.upload_time)) if at is not None]
        metadata = f"{wheel}.metadata" if file.core_metadata else before.metadata
        found[version] = msgspec.structs.replace(before, uploaded_at=min(times, default=None), metadata=metadata)
    return found


def _version(filename: str) -> str | None:
    """The version of a wheel; None for other files, as installing them runs code of theirs."""
    try:
        return str(parse_wheel_filename(filename)[1])
    except InvalidWheelFilename:
        return None
