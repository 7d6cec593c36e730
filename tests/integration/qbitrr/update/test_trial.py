import sqlite3
from contextlib import closing

from qbitrr.config import load_text
from qbitrr.data_dir import DataDir
from qbitrr.rules import quarantine
from qbitrr.state import ledger
from qbitrr.state.database import open_writer
from qbitrr.update.trial import _copy
from tests.factories import decision
from tests.support.state import migrated


async def test_a_trial_runs_under_shadow_and_has_no_open_action_to_go_on_with(tmp_path):
    here, copies = DataDir(tmp_path), DataDir(tmp_path / "trial")
    here.config_file.write_text("[Settings]\nShadow = false\n")
    async with open_writer(migrated(here.state_file)) as database:
        done = await ledger.plan(database, decision(), {}, 1.0)
        await ledger.close(database, done, "done", "removed", 2.0)
        await ledger.plan(database, decision(), {}, 3.0, step=quarantine.INSIDE)
        _copy(here, copies, "token")
        assert len(await ledger.open_entries(database, "movies")) == 1
    with closing(sqlite3.connect(copies.state_file)) as copy:
        assert copy.execute("SELECT state FROM ledger").fetchall() == [("done",)]
    assert load_text(copies.config_file.read_text(), {}).config.settings.shadow
