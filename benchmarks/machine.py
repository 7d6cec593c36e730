"""The machine on which a run was taken."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import msgspec


class Machine(msgspec.Struct, frozen=True):
    """What makes numbers of two runs comparable: the model of the CPU, cores that this process may use, Python."""

    cpu: str
    cores: int
    python: str


def this_machine() -> Machine:
    cpu = cpu_model(Path("/proc/cpuinfo").read_text()) or platform.machine()
    return Machine(cpu, len(os.sched_getaffinity(0)), platform.python_version())


def cpu_model(cpuinfo: str) -> str:
    """The model in the text of /proc/cpuinfo, empty where it has none (most ARM kernels)."""
    found = re.search(r"^model name\s*: (.+)$", cpuinfo, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""
