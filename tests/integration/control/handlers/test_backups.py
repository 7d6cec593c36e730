"""Backups of the state file: who may have them, and that only they can be had."""

import sqlite3

import pytest

from qbitrr.state import backup
from tests.integration.control.asking import get
from tests.integration.control.sample import NOW, TOKEN

CREDENTIAL = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def made(context, filled_state):
    """One backup in the data folder."""
    data_dir = context.config_reload.data_dir
    data_dir.state_file.write_bytes(filled_state.read_bytes())
    return backup.back_up(data_dir.state_file, NOW)


async def test_backups_are_listed_and_downloaded_with_a_credential(client, made, tmp_path):
    (listed,) = (await get(client, "/api/backups", headers=CREDENTIAL))["backups"]
    assert listed == {"name": made.name, "madeAt": "2023-11-14T22:13:20Z", "sizeBytes": made.stat().st_size}
    async with client.get(f"/api/backups/{made.name}/download", headers=CREDENTIAL) as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert made.name in response.headers["Content-Disposition"]
        copy = tmp_path / "copy.db"
        copy.write_bytes(await response.read())
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM ledger").fetchone()[0] > 0
    connection.close()


async def test_nothing_else_of_the_data_folder_can_be_had(client, context, made):
    backups = made.parent
    (backups / "state-20230101T000000Z.db").symlink_to(context.config_reload.data_dir.config_file)
    (backups / "notes.db").write_text("mine")
    names = ("..%2Fconfig.toml", "..%2Fstate.db", "notes.db", "state-20230101T000000Z.db", made.name + ".part", "%00")
    for name in names:
        async with client.get(f"/api/backups/{name}/download", headers=CREDENTIAL) as response:
            assert response.status == 404, name


async def test_without_a_credential_there_is_no_backup(client, made):
    """tests/integration/control/auth has every other caller."""
    await get(client, "/api/backups", 401)
    await get(client, f"/api/backups/{made.name}/download", 401)
