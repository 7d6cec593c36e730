"""The judge as a fixture, for every test that runs a sandbox: `Sandbox(middlewares=[judge.middleware])`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import official
from tests.contract.official_judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.typedefs import Middleware


@pytest.fixture
def judge() -> Iterator[Judge]:
    """Fails the test afterwards when anything did not fit; skips it when the descriptions are not there."""
    if missing := official.missing():
        pytest.skip(
            f"the Arrs' OpenAPI descriptions are not there ({missing[0]}); QBITRR_OPENAPI_DIR names their folder"
        )
    judge = Judge()
    yield judge
    assert not judge.violations, "\n".join(judge.violations)


@pytest.fixture
def judged() -> Iterator[list[Middleware]]:
    """Middlewares for a sandbox whose answers are judged by the way; none where the descriptions are not there."""
    if official.missing():
        yield []
        return
    judge = Judge()
    yield [judge.middleware]
    assert not judge.violations, "\n".join(judge.violations)
