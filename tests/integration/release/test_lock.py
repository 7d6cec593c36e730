"""A lock that real pip resolves from an index on loopback."""

import asyncio

import pytest

from release.lock import resolve
from tests.support.wheels import PackageIndex, dependency, small


@pytest.fixture
async def index(tmp_path):
    (tmp_path / "wheels").mkdir()
    async with PackageIndex(tmp_path / "wheels") as running:
        yield running


async def test_a_release_is_locked_with_all_that_it_needs_and_why(index, tmp_path):
    optional = small(index.wheels, "some-optional", "1.5", requires=["helper"])
    helper = small(index.wheels, "helper", "1.0")
    small(index.wheels, "helper", "2.0")
    needing = ["helper<2", "some-optional; extra == 'oidc'", "never; python_version < '3'"]
    wheel = small(tmp_path, "qbitrrd", "2.0.0", requires=needing, extras=["oidc"])
    locked = await asyncio.to_thread(resolve, wheel, ("oidc",), f"{index.url}/simple")
    assert locked == [dependency(helper), dependency(optional, ("oidc",))]
