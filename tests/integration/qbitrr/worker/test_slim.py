"""What a worker must not load: it is multiplied by the number of categories."""

import subprocess
import sys

import pytest

HEAVY = ["aiohttp.web", "tomlkit", "croniter", "psutil", "control", "qbitrr.sandbox"]


@pytest.mark.parametrize("module", HEAVY)
def test_a_worker_does_not_load(module):
    code = f"import sys, qbitrr.worker.preload, supervisor.spawner; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_module_that_a_worker_needs_is_loaded_before_it_is_forked():
    """Else each worker would load it for itself."""
    code = """
import asyncio, sys
import qbitrr.worker.preload
before = set(sys.modules)
import qbitrr.worker.run, qbitrr.worker.main, qbitrr.state.logins, qbitrr.process
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
