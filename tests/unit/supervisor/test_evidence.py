"""Bundles: bounded in number and size, without secrets, whatever is in the log."""

from datetime import timedelta

import msgspec
import pytest

from qbitrr import logs
from supervisor import evidence
from supervisor.evidence import KEPT, LARGEST_BYTES, Evidence
from tests.integration.control.handlers.test_daemon import ending


@pytest.fixture
def stacks(tmp_path):
    with (tmp_path / "stacks").open("w+b") as file:
        yield file


@pytest.fixture
def keep(tmp_path, stacks):
    store = Evidence(tmp_path / "evidence", tmp_path, lambda text: text.replace("hush", "***"))

    async def keep(**changes):
        await store.keep(ending(**changes), stacks.fileno())
        return evidence.read(tmp_path / "evidence", "movies")

    return keep


async def test_the_last_twenty_stay(keep):
    for pid in range(KEPT + 3):
        found = await keep(pid=100 + pid)
    assert [bundle.pid for bundle in found] == list(range(100 + KEPT + 2, 102, -1))


async def test_the_newest_stays_whatever_the_clock_says(keep):
    for pid in range(KEPT):
        (newest, *_) = await keep(pid=100 + pid)
    found = await keep(pid=1, at=newest.at - timedelta(days=365))
    assert [bundle.pid for bundle in found] == [*range(100 + KEPT - 1, 100, -1), 1]


async def test_a_log_that_cannot_be_read_takes_no_evidence_with_it(keep, tmp_path):
    (tmp_path / logs.file_name("movies")).mkdir()
    (bundle,) = await keep(because="an unexpected error")
    assert bundle.because == "an unexpected error"
    assert "Is a directory" in bundle.log[0]


async def test_the_last_two_hundred_lines_come_with_it(keep, tmp_path):
    (tmp_path / logs.file_name("movies")).write_text("".join(f"line {number}\n" for number in range(1000)))
    (bundle,) = await keep()
    assert (bundle.log[0], bundle.log[-1], len(bundle.log)) == ("line 800", "line 999", 200)


async def test_secrets_are_removed_everywhere(keep, stacks, tmp_path):
    stacks.write(b"key = hush")
    stacks.flush()
    (tmp_path / logs.file_name("movies")).write_text("password=hush\n")
    await keep(last_error="hush", because="hush")
    assert "hush" not in "".join(path.read_text() for path in (tmp_path / "evidence").rglob("*.json"))


@pytest.mark.parametrize("content", [b"\x00" * (2 << 20), b"\xff\xfe" * (1 << 20), b"\x01\n" * (1 << 20)])
async def test_no_bundle_is_larger_than_a_mebibyte_and_every_one_can_be_read(keep, stacks, tmp_path, content):
    stacks.write(content)
    stacks.flush()
    (tmp_path / logs.file_name("movies")).write_bytes(content)
    (bundle,) = await keep()
    (path,) = (tmp_path / "evidence").rglob("*.json")
    assert path.stat().st_size <= LARGEST_BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    assert msgspec.json.decode(path.read_bytes(), type=evidence.Ending) == bundle


async def test_a_full_disk_loses_the_evidence_and_nothing_else(keep, tmp_path):
    (tmp_path / "evidence").write_text("in the way")
    assert await keep() == []


async def test_a_bundle_that_cannot_be_read_is_left_out(keep, tmp_path):
    await keep()
    (tmp_path / "evidence" / "movies" / "99999999T000000.0-1.json").write_text("{")
    assert len(await keep(pid=2)) == 2
