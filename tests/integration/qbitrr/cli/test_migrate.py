"""`qbitrr migrate` as a program, with a qBittorrent that has tags of the older program."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from qbitrr.cli.migrate import NEW_FILE
from qbitrr.config import load_file
from qbitrr.http.client import Timeouts
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.session import Access
from qbitrr.sandbox.sandbox import Sandbox, Section

OLD = """\
[Settings]
ConfigVersion = "5.14.4"
CompletedDownloadFolder = "/data"
[QBit]
Host = "127.0.0.1"
Port = {port}
UserName = "{user}"
Password = "{password}"
"""


async def migrate(folder):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "qbitrr", "migrate", str(folder),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=os.environ,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode(), errors.decode()


class NoGuard:
    @staticmethod
    def attempt(_service, _fingerprint):
        return asyncio.timeout(None)


@pytest.fixture
async def qbittorrent(judged):
    async with Sandbox([Section("Radarr-HD", "radarr", 60)], middlewares=judged) as sandbox:
        yield sandbox.qbittorrent


@pytest.fixture
async def client(qbittorrent):
    login = qbittorrent.logins
    access = Access("qBit", qbittorrent.url, login.user, login.password)
    client = QbittorrentClient(access, NoGuard(), Timeouts(attempts=1))
    yield client
    await client.close()


def write_old(folder, qbittorrent, **changes):
    login = {"port": qbittorrent.url.rpartition(":")[2], "user": qbittorrent.logins.user}
    text = OLD.format(**login | {"password": qbittorrent.logins.password} | changes)
    (folder / "config.toml").write_text(text)
    return text


async def test_it_writes_a_private_file_beside_the_old_one_and_changes_nothing_anywhere(tmp_path, qbittorrent, client):
    first, second = list((await client.maindata(0)).torrents)[:2]
    await client.add_tags([first], "qBitrr-free_space_paused")
    await client.add_tags([first, second], "qBitrr-allowed_seeding")
    before = write_old(tmp_path, qbittorrent)
    changed_by_us = len([one for one in qbittorrent.requests if one.method == "POST"])
    code, output, errors = await migrate(tmp_path)
    assert (code, errors) == (0, "")
    assert "moved    QBit.Host -> qBit.Host" in output
    assert "added    Settings.Shadow = true" in output
    assert "tag qBitrr-free_space_paused, torrents: 1. Adopted: started when there is space" in output
    assert "tag qBitrr-allowed_seeding, torrents: 2. Means nothing here" in output
    assert qbittorrent.logins.password not in output
    new = tmp_path / NEW_FILE
    assert new.stat().st_mode & 0o777 == 0o600
    loaded = load_file(new, {})
    assert loaded.config.settings.shadow
    assert not loaded.warnings
    assert (tmp_path / "config.toml").read_text() == before
    posted = [one.path for one in qbittorrent.requests if one.method == "POST"][changed_by_us:]
    assert [path.rpartition("/")[2] for path in posted] == ["login"]


async def test_it_never_overwrites_a_file(tmp_path, qbittorrent):
    write_old(tmp_path, qbittorrent)
    (tmp_path / NEW_FILE).write_text("mine")
    code, _, errors = await migrate(tmp_path)
    assert code == 78
    assert "never overwritten" in errors
    assert (tmp_path / NEW_FILE).read_text() == "mine"


async def test_a_qbittorrent_that_does_not_answer_is_said_and_is_no_failure(tmp_path, qbittorrent):
    write_old(tmp_path, qbittorrent, port=1)
    code, output, _ = await migrate(tmp_path)
    assert code == 0
    assert "not asked:" in output
    assert (tmp_path / NEW_FILE).exists()


@pytest.mark.parametrize(
    ("text", "named"), [(None, "config.toml"), ("[Radarr]\nURI = 3\n", "Radarr.URI"), ("[", "TOML")]
)
async def test_what_cannot_be_translated_is_named_and_nothing_is_written(tmp_path, text, named):
    if text is not None:
        (tmp_path / "config.toml").write_text(text)
    code, _, errors = await migrate(tmp_path)
    assert code == 78
    assert named in errors
    assert not (tmp_path / NEW_FILE).exists()
