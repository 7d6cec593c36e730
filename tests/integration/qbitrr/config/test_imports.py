"""What reading a configuration loads: each worker does it."""

import subprocess
import sys


def test_loading_needs_nothing_that_a_worker_should_not_have():
    heavy = ["tomlkit", "croniter", "psutil", "aiohttp", "asyncio"]
    code = f"import sys, qbitrr.config, qbitrr.config.redact; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
