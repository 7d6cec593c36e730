"""A real systemd in a throwaway container: a bare Debian, or with qbitrr installed in /opt as the unit expects it.

python -m tests.support.systemd_box      fetches what is needed (Debian, as root)
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.polling import until_sync

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

CHECKOUT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("QBITRR_TEST_CACHE") or CHECKOUT / ".cache")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
NEEDED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["update"]]
SUITE = "bookworm"
PYTHONS = {SUITE: "3.11", "trixie": "3.13"}
_NEEDED = hashlib.sha256(" ".join(NEEDED).encode()).hexdigest()[:12]
SITE = CACHE / f"systemd-box-site-{_NEEDED}"
SITES = {SUITE: SITE, "trixie": CACHE / f"systemd-box-site-trixie-{_NEEDED}"}
"""What qbitrr needs, for the Python of each suite."""
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,procps"
_CONTENT = hashlib.sha256(PACKAGES.encode()).hexdigest()[:8]
ROOT = CACHE / f"systemd-box-{_CONTENT}"
ROOTS = {SUITE: ROOT, "trixie": CACHE / f"systemd-box-trixie-{_CONTENT}"}
"""Each suite with its Debian."""
OURS = ("qbitrr", "supervisor", "control")


def is_there(suite: str = SUITE) -> bool:
    """Whether a box of a suite can be booted."""
    return ROOTS[suite].exists() and SITES[suite].exists()


def how_to_get(suite: str = SUITE) -> str:
    """The remedy for a box that is not there."""
    missing = f"{ROOTS[suite]} or {SITES[suite]}"
    return f"as root: no {missing}: `make test` fetches them, or: python -m tests.support.systemd_box"


def fetch() -> None:
    """Fetch the box and the packages unless they are there. CalledProcessError when that is not possible.

    Only root can build or boot one. For other users the tests of the unit fail with the reason; all others run.
    """
    if os.geteuid() != 0:
        print("note: the tests of the systemd unit need root", file=sys.stderr)
        return
    subprocess.run([CHECKOUT / ".ci" / "debian-packages", "debootstrap", "systemd-container"], check=True)
    for suite, root in ROOTS.items():
        build(suite, root, PACKAGES)
        _fill(SITES[suite], PYTHONS[suite])


def build(suite: str, root: Path, packages: str) -> None:
    """Build a Debian with these packages, unless it is there."""
    if not root.exists():
        print(f"building a Debian {suite} with {packages} ...")
        ask = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
        uris = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.split()
        mirror = next(uri for uri in uris if uri.rstrip("/").endswith("/debian"))
        draft = root.with_suffix(".part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        command = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, str(draft), mirror]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        draft.rename(root)


def _fill(site: Path, python: str) -> None:
    if not site.exists():
        draft = site.with_suffix(".part")
        shutil.rmtree(draft, ignore_errors=True)
        tags = [
            f"--platform={tag}_{platform.machine()}" for tag in ("manylinux2014", "manylinux_2_28", "manylinux_2_34")
        ]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        where = ["--target", str(draft), "--python-version", python, "--only-binary=:all:", *tags]
        subprocess.run([*pip, *where, *NEEDED], check=True)
        draft.rename(site)


class Machine:
    """One boot of a bare Debian, from the start of the `with` to its end. Nothing that happens in it is kept.

    `shown` has folders of this machine by where they can be read in it; `options` are further ones of systemd-nspawn.
    It has the network of this machine, unless they say otherwise.
    """

    def __init__(self, log: Path, root: Path, shown: Mapping[str, Path], options: Sequence[str] = ()) -> None:
        self._options = options
        self._log = log
        self._root = root
        self._shown = shown
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._init = 0

    def run(self, *command: str, seconds: float = 60, check: bool = True) -> str:
        """Run a command in the box; returns what it prints. With `check`, AssertionError when it fails."""
        done = subprocess.run(
            ["nsenter", "--target", str(self._init), "--all", "--", *command],
            capture_output=True, text=True, errors="replace", timeout=seconds, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{output}"
        return output

    def write(self, path: str, text: str) -> None:
        """Write a file in the box, readable for root only."""
        script = 'mkdir -p "$(dirname "$1")" && umask 077 && cat > "$1"'
        enter = ["nsenter", "--target", str(self._init), "--all", "--"]
        subprocess.run([*enter, "sh", "-c", script, "sh", path], input=text.encode(), check=True)

    def __enter__(self) -> Self:
        """Boot."""
        binds = [f"--bind-ro={folder}:{path}" for path, folder in self._shown.items()]
        command = [
            "systemd-nspawn", "--quiet", "--directory", str(self._root), "--volatile=overlay", "--register=no",
            "--keep-unit", "--console=pipe", "--boot", *binds, *self._options,
        ]  # fmt: skip
        with self._log.open("wb") as output:
            self._nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        try:
            self._init = until_sync(self._leader, 20, self._console)
            until_sync(self._booted, 60, self._console)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Power off."""
        self._end()

    def _leader(self) -> int:
        assert self._nspawn is not None
        assert self._nspawn.poll() is None, self._console()
        processes = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        for process in map(int, processes):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{process}/exe").readlink().name == "systemd":
                    return process
        return 0

    def _booted(self) -> bool:
        return self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded")

    def _end(self) -> None:
        assert self._nspawn is not None
        if self._nspawn.poll() is None and self._init:
            os.kill(self._init, signal.SIGRTMIN + 4)  # power off, see systemd(1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._nspawn.wait(20)
        if self._nspawn.poll() is None:
            self._nspawn.kill()
            self._nspawn.wait()

    def _console(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


class Box(Machine):
    """A Debian with this checkout installed as `make install` does, but for what is shared with this machine."""

    def __init__(self, log: Path, suite: str = SUITE) -> None:
        self._python = PYTHONS[suite]
        ours = {f"/opt/qbitrr/source/{name}": CHECKOUT / name for name in OURS}
        super().__init__(log, ROOTS[suite], {"/opt/qbitrr/site": SITES[suite], **ours})

    def __enter__(self) -> Self:
        """Boot, and install qbitrr."""
        super().__enter__()
        try:
            self._install()
        except BaseException:
            self._end()
            raise
        return self

    def _install(self) -> None:
        self.run("python3", "-m", "venv", "--without-pip", "/opt/qbitrr/versions/present")
        self.run("ln", "-s", "versions/present", "/opt/qbitrr/current")
        packages = f"/opt/qbitrr/current/lib/python{self._python}/site-packages"
        self.write(f"{packages}/ours.pth", "/opt/qbitrr/source\n/opt/qbitrr/site\n")
        self.run("chmod", "-R", "a+rX", "/opt/qbitrr/versions")
        for unit in ("qbitrr.service", "qbitrr.socket"):
            self.write(f"/etc/systemd/system/{unit}", (CHECKOUT / "systemd" / unit).read_text())
        self.run("systemctl", "daemon-reload")


if __name__ == "__main__":
    try:
        fetch()
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
