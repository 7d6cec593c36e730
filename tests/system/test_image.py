"""The container image, built by buildah without an engine and a network, and run as an engine would run it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr import __version__
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from qbitrr.state.migrate import migrations
from tests.support import image_base, wheelhouse
from tests.support.checkout import copy_checkout
from tests.support.own_network import OwnNetwork
from tests.support.polling import until_sync

if TYPE_CHECKING:
    from collections.abc import Iterator

NEXT = "9.0.0"
TOKEN = "token-of-the-tests"
STORAGE = """\
[storage]
driver = "{driver}"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""
PIP = "[global]\nno-index = true\nfind-links = /wheels\n"
# what an engine does, but for limits and its own network
CONTAINER = """\
mount --bind "$CONFIG" "$ROOT/config"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
exec env --ignore-environment "$@"
"""


class Images:
    """The images of buildah in a storage of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        driver = "overlay" if self._has("overlay") else "vfs"
        conf = folder / "storage.conf"
        conf.write_text(STORAGE.format(driver=driver, folder=folder))
        self.environ = {**os.environ, "CONTAINERS_STORAGE_CONF": str(conf), "BUILDAH_ISOLATION": "chroot"}

    def _has(self, driver: str) -> bool:
        """Whether it works where the folder is: an overlay cannot be upon every file system."""
        conf = self.folder / "tried.conf"
        conf.write_text(STORAGE.format(driver=driver, folder=self.folder / "tried"))
        tried = ["buildah", "from", "--quiet", "scratch"]
        environ = {**os.environ, "CONTAINERS_STORAGE_CONF": str(conf)}
        return subprocess.run(tried, env=environ, capture_output=True, check=False).returncode == 0

    def buildah(self, *arguments: str | Path) -> str:
        ran = subprocess.run(
            ["buildah", *map(str, arguments)], env=self.environ, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.strip()

    def add_base(self) -> str:
        """Add an image that stands for that of the Dockerfile; pip takes what it needs from /wheels."""
        container = self.buildah("from", "--quiet", "scratch")
        self.buildah("add", "--quiet", container, image_base.ROOT, "/")
        root = Path(self.buildah("mount", container))
        (root / "etc" / "pip.conf").write_text(PIP)
        (root / "etc" / "apt" / "sources.list").write_text("")
        self.buildah("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
        self.buildah("commit", "--quiet", "--rm", container, "localhost/base")
        return "localhost/base"

    def add_next(self, image: str) -> str:
        """Add the image of a later version, whose state file has one more migration."""
        container = self.buildah("from", "--quiet", image)
        (package,) = Path(self.buildah("mount", container)).glob("opt/qbitrr/lib/python3*/site-packages/qbitrr")
        (package / "__init__.py").write_text(f'__version__ = "{NEXT}"\n')
        (package / "state" / "migrations" / "999_later.sql").write_text("CREATE TABLE later (number INTEGER);\n")
        self.buildah("commit", "--quiet", "--rm", container, f"qbitrr:{NEXT}")
        return f"qbitrr:{NEXT}"


class Engine:
    """Runs containers of images on one `/config`, in a network of their own."""

    def __init__(self, images: Images, network: OwnNetwork, config: Path) -> None:
        self._images = images
        self._network = network
        self._config = config
        self.log = config.with_name("log")

    @contextmanager
    def running(self, image: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a container, which is stopped by its signal in the end, and gone."""
        container, command, environ = self._prepare(image)
        with self.log.open("wb") as log:
            process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        try:
            yield process
            if process.poll() is None:
                (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                os.kill(int(first), self._stop_signal(image))
                assert process.wait(30) == 0, self.output()
        finally:
            process.kill()
            process.wait()
            self._images.buildah("rm", container)

    def run(self, image: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a container of its own."""
        container, command, environ = self._prepare(image, arguments)
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        self._images.buildah("rm", container)
        return ran

    def imports(self) -> set[int]:
        """The imports that were done, as the daemon has them on record."""
        ask = ["curl", "--silent", "--header", f"X-API-Token: {TOKEN}", "http://127.0.0.1:6969/api/decisions?limit=500"]
        ran = subprocess.run([*self._network.prefix, *ask], capture_output=True, text=True, check=False)
        found = json.loads(ran.stdout)["decisions"] if ran.stdout.startswith('{"decisions"') else []
        return {one["id"] for one in found if (one["action"], one["state"]) == ("import", "done")}

    def output(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def _prepare(self, image: str, arguments: tuple[str, ...] = ()) -> tuple[str, list[str], dict[str, str]]:
        """A container, the command that runs in it, and the environment of that command."""
        container = self._images.buildah("from", "--quiet", image)
        root = self._images.buildah("mount", container)
        config = self._declared(image)
        inside = arguments or (*config["Entrypoint"], *config["Cmd"])
        chroot = [*config["Env"], "chroot", root, "env", "--chdir", config["WorkingDir"], *inside]
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        command = [*self._network.prefix, *namespaces, "sh", "-euc", CONTAINER, "sh", *chroot]
        return container, command, {"PATH": os.environ["PATH"], "ROOT": root, "CONFIG": str(self._config)}

    def _declared(self, image: str) -> dict[str, Any]:
        docker: dict[str, Any] = json.loads(self._images.buildah("inspect", "--type", "image", image))["Docker"]
        declared: dict[str, Any] = docker["config"]
        return declared

    def _stop_signal(self, image: str) -> int:
        return signal.Signals[self._declared(image)["StopSignal"]]

    def health_check(self, image: str) -> list[str]:
        """What an engine runs to ask for its health."""
        check: list[str] = self._declared(image)["Healthcheck"]["Test"]
        assert check[0] == "CMD"
        return check[1:]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    if not (image_base.is_there() and wheelhouse.is_there()):
        pytest.fail(f"{image_base.how_to_get()}; {wheelhouse.how_to_get()}", pytrace=False)
    images = Images(tmp_path_factory.mktemp("images"))
    yield images
    images.buildah("rm", "--all")
    images.buildah("rmi", "--all", "--force")


@pytest.fixture(scope="module")
def archive(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The archive that `make image` makes."""
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    wheels = tmp_path_factory.mktemp("wheels")
    for folder in (wheelhouse.FOLDER, image_base.BACK_END):
        for wheel in folder.glob("*.whl"):
            shutil.copy(wheel, wheels)
    chosen = {"BASE": images.add_base(), "BUILDAH_OPTIONS": f"--volume {shlex.quote(str(wheels))}:/wheels:ro"}
    made = subprocess.run(
        ["make", "--no-print-directory", "image"],
        cwd=checkout,
        env=images.environ | chosen,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    archive = checkout / made.stdout.strip().splitlines()[-1]
    yield archive
    archive.unlink()  # it is large


@pytest.fixture
def engine(images: Images, tmp_path: Path) -> Iterator[Engine]:
    """With stand-ins in its network, and a configuration for them."""
    (tmp_path / "config").mkdir()
    with OwnNetwork() as network:
        command = [*network.prefix, sys.executable, "-P", "-m", "qbitrr.sandbox", "--speed", "20", "--until-eof"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as stand_ins:
            assert stand_ins.stdout is not None
            config = "".join(iter(stand_ins.stdout.readline, END_OF_CONFIG))
            (tmp_path / "config" / "config.toml").write_text(
                config.replace("[WebUI]\n", f'[WebUI]\nToken = "{TOKEN}"\n')
            )
            yield Engine(images, network, tmp_path / "config")
            stand_ins.communicate()


def test_a_stranger_runs_it_imports_upgrades_and_downgrades(images: Images, archive: Path, engine: Engine):
    present, later = f"qbitrr:{__version__}", images.add_next(f"qbitrr:{__version__}")
    assert archive.stat().st_size > 0
    assert engine.run(present, "qbitrr", "--version").stdout == f"qbitrr {__version__}\n"
    assert "ffprobe version" in engine.run(present, "ffprobe", "-version").stdout
    # the first import; it is healthy, and obeys the signal that the image names
    with engine.running(present):
        first = until_sync(engine.imports, 60, engine.output)
        check = engine.run(present, *engine.health_check(present))
        assert check.returncode == 0, check.stderr
    # upgraded: what was done is known
    with engine.running(later):
        until_sync(lambda: engine.imports() >= first, 40, engine.output)
    # downgraded: the newer state file is refused, and stays as it is
    with engine.running(present) as refused:
        assert refused.wait(30) == 69, engine.output()
    assert f"this qbitrr knows {len(migrations())}: install the newer version" in engine.output()
    with engine.running(later):
        until_sync(lambda: engine.imports() >= first, 40, engine.output)
