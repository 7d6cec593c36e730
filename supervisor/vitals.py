"""What the kernel says of a process (Linux)."""

from __future__ import annotations

from pathlib import Path


def process_state(pid: int) -> str | None:
    """Its state and where in the kernel it waits, such as `T (stopped), do_signal_stop`; None when it is gone."""
    folder = Path(f"/proc/{pid}")
    try:
        status = (folder / "status").read_text()
        waits_in = (folder / "wchan").read_text()
    except OSError:
        return None
    state = next((line.partition(":")[2].strip() for line in status.splitlines() if line.startswith("State:")), "?")
    return f"{state}, {waits_in}" if waits_in not in ("", "0") else state
