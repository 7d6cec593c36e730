from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qbitrr.config import Loaded, load_text
from qbitrr.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def load() -> Callable[..., Loaded]:
    """Load a text, with variables as keyword arguments."""
    return lambda text, **environ: load_text(text, environ)


@pytest.fixture
def refuse() -> Callable[..., dict[str, Problem]]:
    """The problems, by key, for which a text is refused."""

    def refuse(text: str, **environ: str) -> dict[str, Problem]:
        with pytest.raises(ConfigError) as caught:
            load_text(text, environ)
        return {problem.key: problem for problem in caught.value.problems}

    return refuse
