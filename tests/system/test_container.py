"""The entry point and the health check of the image, as process 1 of a Debian without the image's layers.

The Debian is that of `tests.support.systemd_box`; nothing that is written in it is kept, but for the data folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from qbitrr import __version__
from tests.support.daemon import CHECKOUT
from tests.support.polling import until_sync
from tests.support.ports import HOST, free_port
from tests.support.systemd_box import ROOT, SITE, how_to_get, is_there

DOCKER = CHECKOUT / "packaging" / "docker"
UID, GID = 4321, 8765  # of no user of this machine
ROOM = f"""\
mount -t tmpfs room "$ROOM"
mkdir "$ROOM/upper" "$ROOM/work" "$ROOM/root"
mount -t overlay -o "lowerdir={ROOT},upperdir=$ROOM/upper,workdir=$ROOM/work" overlay "$ROOM/root"
cd "$ROOM/root"
mkdir -p config opt/qbitrr/bin opt/site opt/source/qbitrr opt/source/supervisor opt/source/control
mount --bind "$CONFIG" config
mount --bind {SITE} opt/site
for package in qbitrr supervisor control; do mount --bind "{CHECKOUT}/$package" opt/source/$package; done
mount -t proc proc proc
mount --rbind /dev dev
ln -s /usr/bin/python3 opt/qbitrr/bin/python
printf '/opt/source\\n/opt/site\\n' > usr/lib/python3/dist-packages/qbitrr.pth
install -m 755 {DOCKER}/entrypoint usr/local/bin/qbitrr
install -m 755 {DOCKER}/healthcheck usr/local/bin/qbitrr-healthcheck
exec env -u ROOM -u CONFIG chroot . env -C /config "$@"
"""


def command(*arguments):
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return [*namespaces, "sh", "-euc", ROOM, "sh", *arguments]


@pytest.fixture
def config(tmp_path):
    """A data folder of root, as an engine makes it."""
    if not is_there():
        pytest.fail(how_to_get(), pytrace=False)
    (tmp_path / "room").mkdir()
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


@pytest.fixture
def environ(config):
    """As the image sets it, with a free port."""
    image = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/config", "QBITRR_DOCKER_RUNNING": "1"}
    web = {"QBITRR_WEBUI_HOST": HOST, "QBITRR_WEBUI_PORT": str(free_port())}
    room = {"ROOM": str(config.with_name("room")), "CONFIG": str(config)}
    return {**image, **web, **room, "PUID": str(UID), "PGID": str(GID)}


def run(environ, *arguments, **changes):
    return subprocess.run(
        command(*arguments), env=environ | changes, capture_output=True, text=True, timeout=60, check=False
    )


def owners(folder):
    found = [folder, *folder.rglob("*")]
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in found}


def test_it_runs_as_the_given_user_is_healthy_and_obeys_the_stop_signal(config, environ, tmp_path):
    (config / "logs").mkdir()
    (config / "logs" / "of an earlier version").touch()
    outside = tmp_path / "not ours"
    outside.touch()
    (config / "link").symlink_to(outside)
    assert run(environ, "qbitrr-healthcheck").returncode == 1
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(command("qbitrr", "run"), env=environ, stdout=output, stderr=output)
    try:
        until_sync(
            lambda: run(environ, "qbitrr-healthcheck").returncode == 0,
            60,
            lambda: (tmp_path / "output").read_text()[-4000:],
        )
        (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        status = dict(line.split(":\t") for line in Path(f"/proc/{first}/status").read_text().splitlines())
        assert status["NSpid"].split()[-1] == "1"
        assert b"qbitrr" in Path(f"/proc/{first}/cmdline").read_bytes()
        assert (status["Uid"].split(), status["Gid"].split()) == ([str(UID)] * 4, [str(GID)] * 4)
        assert (status["Groups"].split(), status["NoNewPrivs"], int(status["CapEff"], 16)) == ([], "1", 0)
        assert owners(config) == {(UID, GID)}
        assert outside.stat().st_uid == 0
        os.kill(int(first), signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def test_a_command_beside_the_daemon_runs_as_its_user_too(config, environ):
    ran = run(environ, "qbitrr", "check")
    assert (ran.returncode, "Workers:" in ran.stdout) == (0, True), ran.stderr
    assert owners(config) == {(UID, GID)}


def test_started_as_another_user_it_stays_that_user_and_changes_no_owner(config, environ):
    ran = run(environ, "setpriv", "--reuid=2222", "--regid=2222", "--clear-groups", "qbitrr", "--version")
    assert ran.stdout == f"qbitrr {__version__}\n", ran.stderr
    assert owners(config) == {(0, 0)}


@pytest.mark.parametrize(("name", "value"), [("PUID", "0"), ("PGID", "users"), ("PUID", "-1"), ("PGID", "1 --help")])
def test_what_is_no_number_of_a_user_is_refused(config, environ, name, value):
    ran = run(environ, "qbitrr", "run", **{name: value})
    assert ran.returncode == 78
    assert ran.stderr == f'{name} is "{value}"; allowed: the number of a user or group, not 0\n'
    assert owners(config) == {(0, 0)}


def test_blank_numbers_are_the_default(config, environ):
    assert run(environ, "qbitrr", "check", PUID="", PGID="").returncode == 0
    assert owners(config) == {(1000, 1000)}


class NotReady(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503 if self.path == "/ready" else 200)

    def log_message(self, *_):
        pass


def test_a_daemon_that_is_not_ready_is_not_healthy(environ):
    server = HTTPServer((HOST, 0), NotReady)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        ran = run(environ, "qbitrr-healthcheck", QBITRR_WEBUI_PORT=str(server.server_port))
    finally:
        server.shutdown()
        server.server_close()
    assert (ran.returncode, ran.stderr) == (1, "not ready: 503\n")
