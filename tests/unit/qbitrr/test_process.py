import ctypes
from pathlib import Path

from qbitrr import process


def test_no_call_opens_the_c_library_another_time(monkeypatch):
    """A worker calls them at its start, and shares what was opened before it was forked."""
    monkeypatch.delattr(ctypes, "CDLL")
    process.set_process_name(Path("/proc/self/comm").read_text().strip())
    process.release_memory()
