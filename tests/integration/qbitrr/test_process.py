import subprocess
import sys


def test_threads_have_no_heap_of_their_own():
    code = """
import ctypes, threading
from qbitrr import process
process.keep_heap_small()
everywhere = threading.Barrier(8)
def allocate():
    kept = bytes(100_000)
    everywhere.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if line.startswith("Arena")] == ["Arena 0:"]
