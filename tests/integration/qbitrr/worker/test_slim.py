"""What a worker must not load, as it is multiplied by the number of categories, and what no start waits for."""

import subprocess
import sys

import pytest

HEAVY = ["aiohttp.web", "tomlkit", "croniter", "psutil", "control", "qbitrr.sandbox"]

SELDOM_NEEDED = ["apprise", "croniter", "cryptography", "joserfc", "prometheus_client", "psutil", "tomlkit"]


@pytest.mark.parametrize("module", HEAVY)
def test_a_worker_does_not_load(module):
    code = f"import sys, qbitrr.worker.preload, supervisor.spawner; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_daemon_does_not_load_what_it_seldom_needs_at_its_start():
    code = f"import sys, qbitrr.daemon; print([module for module in {SELDOM_NEEDED} if module in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


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
