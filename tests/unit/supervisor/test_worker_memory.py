"""Limits of memory by control groups, in a folder in place of the kernel's."""

import pytest

from supervisor.memory_kills import own_group
from supervisor.worker_memory import WorkerMemory, delegated

OWN = {10, 11}


@pytest.fixture
def service(tmp_path):
    """The group of a service that is delegated, with both processes of the supervisor in it."""
    return group(tmp_path / "qbitrr.service")


def group(folder, pids="10\n11\n"):
    folder.mkdir()
    (folder / "cgroup.procs").write_text(pids)
    (folder / "cgroup.subtree_control").write_text("")
    return folder


def read(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_each_worker_has_a_group_with_its_limit_beside_that_of_the_supervisor(service):
    memory = delegated(OWN, service)
    assert (service / "cgroup.subtree_control").read_text() == "+memory"
    assert (service / "supervisor" / "cgroup.procs").read_text() in ("10", "11")  # the last one that was moved
    memory.limit(20, 512 << 20)
    assert read(service / "worker-20") == {"memory.high": str(512 << 20), "cgroup.procs": "20"}


def test_the_group_of_a_process_that_ended_is_removed(service):
    memory = delegated(OWN, service)
    (service / "worker-20").mkdir()  # as the kernel's, which is removed with its files
    memory.forget(20)
    memory.forget(21)
    assert not (service / "worker-20").exists()


def test_after_a_restart_in_place_the_groups_are_those_of_the_service(service):
    (service / "cgroup.procs").write_text("")
    (service / "worker-7").mkdir()
    memory = delegated(OWN, group(service / "supervisor"))
    memory.limit(20, 1)
    assert (service / "worker-20").exists()
    assert not (service / "worker-7").exists()


def test_no_limit_makes_no_group(service):
    delegated(OWN, service).limit(20, -1)
    assert not (service / "worker-20").exists()


def test_a_group_with_other_processes_is_left_alone(service):
    (service / "cgroup.procs").write_text("10\n11\n12\n")
    before = read(service)
    delegated(OWN, service).limit(20, 1)
    assert read(service) == before


@pytest.mark.parametrize("name", ["session-3.scope", "user.slice", ""])
def test_a_group_that_is_no_service_is_left_alone(tmp_path, name):
    folder = group(tmp_path / name) if name else tmp_path
    before = list(folder.iterdir())
    delegated(OWN, folder).limit(20, 1)
    assert list(folder.iterdir()) == before


def test_without_delegation_nothing_is_done(tmp_path, service):
    (service / "cgroup.subtree_control").unlink()
    delegated(OWN, service).limit(20, 1)
    delegated(OWN, tmp_path / "missing.service").limit(20, 1)
    WorkerMemory().limit(20, 1)
    assert set(read(service)) == {"cgroup.procs"}


def test_a_kernel_that_refuses_is_no_fault_of_the_worker(service):
    memory = delegated(OWN, service)
    (service / "worker-20").write_text("no folder")
    memory.limit(20, 1)
    memory.forget(20)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0::/system.slice/qbitrr.service\n", "system.slice/qbitrr.service"),
        ("4:memory:/a\n0::/b.service\n", "b.service"),
        ("4:memory:/a\n", None),
    ],
)
def test_the_own_group_is_that_of_version_two(tmp_path, text, found):
    (tmp_path / "cgroup").write_text(text)
    assert own_group(tmp_path / "cgroup", tmp_path / "fs") == (found and tmp_path / "fs" / found)
