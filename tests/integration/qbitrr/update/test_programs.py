"""Programs of an update, whatever the daemon's own rules for files are."""

import os

import pytest

from qbitrr.update.programs import clean_environ, run, run_blocking


@pytest.fixture
def private():
    """As in the daemon: its files are for its user only."""
    before = os.umask(0o077)
    yield
    os.umask(before)


async def test_what_is_installed_is_for_every_user(private, tmp_path):
    command = ["sh", "-c", 'umask; touch "$0"', str(tmp_path / "one")]
    assert await run("a program", command, clean_environ(), 10, lambda _line: None) == "0022"
    run_blocking("a program", [*command[:-1], str(tmp_path / "two")], clean_environ(), 10)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}
