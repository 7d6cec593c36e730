"""The daemon, whose workers are killed a second after they were asked to end.

python -m tests.support.impatient ARGUMENTS-OF-QBITRR
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qbitrr.cli import main
from supervisor.workers import Workers

if TYPE_CHECKING:
    from supervisor.lifecycle import RestartPolicy

GRACE_SECONDS = 1.0

_start = Workers.start


def _start_impatiently(workers: Workers, configs: Any, limits: RestartPolicy, **how: Any) -> None:
    _start(workers, configs, replace(limits, grace_seconds=GRACE_SECONDS), **how)


if __name__ == "__main__":
    Workers.start = _start_impatiently  # type: ignore[method-assign, assignment]
    sys.exit(main.main())
