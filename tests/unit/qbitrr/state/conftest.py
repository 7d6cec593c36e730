import pytest

from qbitrr.state import migrate
from qbitrr.state.database import open_writer


@pytest.fixture
def state_file(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path)
    return path


@pytest.fixture
async def database(state_file):
    async with open_writer(state_file) as opened:
        yield opened
