"""Wheels of this project in any version, a package index on loopback that serves them, and installations of them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qbitrr.update.signature import Dependency, Manifest
from release.sign import described, public_line, signed
from tests.support import faults
from tests.support.daemon import CHECKOUT
from tests.support.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aiohttp.typedefs import Handler

PACKAGES = ("qbitrr", "supervisor", "control")
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the release key of these tests").digest())
"""Signs all builds, unless a test says otherwise."""
SIGNED_AT = 1_700_000_000.0
NEVER = 1e11  # epoch seconds
# An installed build uses the libraries of these tests, so that nothing is fetched from elsewhere.
LIBRARIES = "qbitrr_libraries.pth"
ENTRY_POINT = """\
import sys

from qbitrr import faults
from qbitrr.cli.main import main

for fault in {faults}:
    getattr(faults, fault)()
sys.exit(main())
"""


def build(
    folder: Path,
    version: str,
    fault: Callable[[], None] | None = None,
    files: Mapping[str, str] | None = None,
    dependencies: Iterable[Dependency] = (),
    libraries: str | None = None,
) -> Path:
    """Write a wheel of this checkout as another version, and its signed manifest. Source of the format: PEP 427.

    `fault` is a function of `tests.support.faults`, `files` are added to it, `libraries` is the folder with what it
    needs, where it will be installed.
    """
    wheel = folder / f"qbitrrd-{version}-py3-none-any.whl"
    info = f"qbitrrd-{version}.dist-info"
    names = [function.__name__ for function in (faults.quick, fault) if function is not None]
    texts = {
        "qbitrr/__init__.py": f'__version__ = "{version}"\n',
        "qbitrr/__main__.py": ENTRY_POINT.format(faults=names),
        "qbitrr/faults.py": Path(faults.__file__).read_text(),
        LIBRARIES: f"{libraries or sysconfig.get_path('purelib')}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: qbitrrd\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nqbitrr = qbitrr.cli.main:main\n",
        **(files or {}),
    }
    write(wheel, _packages() | {name: text.encode() for name, text in texts.items()})
    sign(wheel, dependencies=tuple(dependencies))
    return wheel


def write(wheel: Path, contents: dict[str, bytes]) -> None:
    """Write a wheel with these files and a record of them."""
    info = next(name for name in contents if name.endswith("/METADATA")).partition("/")[0]
    rows = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in contents.items()]
    contents[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def small(folder: Path, name: str, version: str, requires: Iterable[str] = (), extras: Iterable[str] = ()) -> Path:
    """Write a wheel of a package with nothing but its version in it."""
    more = [*(f"Requires-Dist: {one}\n" for one in requires), *(f"Provides-Extra: {one}\n" for one in extras)]
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    texts = {
        f"{module}.py": f'version = "{version}"\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{''.join(more)}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    write(wheel, {path: text.encode() for path, text in texts.items()})
    return wheel


def dependency(wheel: Path, extras: tuple[str, ...] = ()) -> Dependency:
    """The entry of a wheel in a lock."""
    module, version, *_ = wheel.name.split("-")
    return Dependency(module.replace("_", "-"), version, (described(wheel),), extras)


def manifest_of(wheel: Path, **changes: Any) -> Manifest:
    """The manifest of a build."""
    described_so: dict[str, Any] = {
        "distribution": "qbitrrd", "version": wheel.name.split("-")[1], "signed_at": SIGNED_AT, "expires_at": NEVER,
        "wheel": described(wheel), "dependencies": (),
    }  # fmt: skip
    return Manifest(**(described_so | changes))


def sign(wheel: Path, keys: Iterable[Ed25519PrivateKey] = (KEY,), **changes: Any) -> bytes:
    """Write the signed manifest beside a wheel; returns it."""
    envelope = signed(manifest_of(wheel, **changes), keys)
    wheel.with_name(f"{wheel.name}.manifest").write_bytes(envelope)
    return envelope


def trusted_keys() -> list[str]:
    """The value of `UpdateKey` with which builds are accepted."""
    return [public_line(KEY)]


def _packages() -> dict[str, bytes]:
    """Return the files of this checkout that a wheel has, by name."""
    return {
        str(path.relative_to(CHECKOUT)): path.read_bytes()
        for package in PACKAGES
        for path in sorted((CHECKOUT / package).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def install(wheel: Path, place: Path) -> None:
    """Make a virtual environment and install a wheel into it by pip."""
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True)


def linked(installed: Path, folder: Path, version: str) -> Path:
    """Copy an installation into the layout of `systemd/install`; returns the Python that its service starts."""
    shutil.copytree(installed, folder / "versions" / version, symlinks=True)
    (folder / "current").symlink_to(f"versions/{version}")
    return folder / "current" / "bin" / "python"


class PackageIndex:
    """An index of `wheels`, with a page of releases with `notes`; serves while the `async with` lasts.

    `asked` counts the requests for the list of versions; files are given while `gives_files` is set.
    """

    def __init__(self, wheels: Path) -> None:
        self.wheels = wheels
        self.url = ""
        self.asked = 0
        self.notes: Mapping[str, str] = {}
        self.gives_files = asyncio.Event()
        self.gives_files.set()
        app = web.Application(middlewares=[self._wait])
        app.router.add_get("/simple/{project}/", self._project)
        app.router.add_get("/releases", self._releases)
        app.router.add_static("/files", wheels)
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _wait(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/files/"):
            await self.gives_files.wait()
        return await handler(request)

    async def _project(self, request: web.Request) -> web.Response:
        project = request.match_info["project"]
        self.asked += project == "qbitrrd"
        file = re.compile(rf"{project.replace('-', '[-_]')}-[^-]+(-.*\.whl|\.tar\.gz)")
        files = [
            {
                "filename": path.name,
                "url": f"{self.url}/files/{path.name}",
                "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
                "size": path.stat().st_size,
            }
            for path in sorted(self.wheels.iterdir())
            if file.fullmatch(path.name)
        ]
        if not files:
            raise web.HTTPNotFound
        answer = {"meta": {"api-version": "1.0"}, "name": project, "files": files}
        return web.json_response(answer, content_type="application/vnd.pypi.simple.v1+json")

    async def _releases(self, _: web.Request) -> web.Response:
        return web.json_response(
            [{"tag_name": f"v{v}", "body": text, "html_url": f"{self.url}/{v}"} for v, text in self.notes.items()]
        )
