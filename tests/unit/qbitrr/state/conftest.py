import pytest

from qbitrr.state.database import open_writer


@pytest.fixture
async def database(state_file):
    async with open_writer(state_file) as opened:
        yield opened
