"""Kills for memory, from the files of both versions of control groups."""

import pytest

from supervisor.memory_kills import MemoryKills, counter

SECOND = "0::/system.slice/qbitrr.service\n"
FIRST = f"9:name=systemd:/x\n4:cpu,memory:/system.slice/qbitrr.service\n{SECOND}"
EVENTS = "low 0\nhigh 12\nmax 3\noom 3\noom_kill 2\noom_group_kill 0\n"
CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"


@pytest.mark.parametrize(
    ("group", "file", "text"),
    [
        (SECOND, "system.slice/qbitrr.service/memory.events", EVENTS),
        (SECOND, "memory.events", EVENTS),  # in a container
        ("0::/a/qbitrr.service/supervisor\n", "a/qbitrr.service/memory.events", EVENTS),  # of all workers too
        (FIRST, "memory/system.slice/qbitrr.service/memory.oom_control", CONTROL),
        (FIRST, "memory/memory.oom_control", CONTROL),
    ],
)
def test_the_number_is_read_where_the_kernel_has_it(tmp_path, group, file, text):
    (tmp_path / "cgroup").write_text(group)
    (tmp_path / "fs" / file).parent.mkdir(parents=True)
    (tmp_path / "fs" / file).write_text(text)
    count = counter(tmp_path / "cgroup", tmp_path / "fs")
    assert count() == 2
    (tmp_path / "fs" / file).write_text(text.replace("oom_kill 2", "oom_kill 3"))
    assert count() == 3
    (tmp_path / "fs" / file).unlink()
    assert count() == 0


@pytest.mark.parametrize("group", [None, "", SECOND, FIRST])
def test_where_it_is_not_counted_there_is_none(tmp_path, group):
    if group is not None:
        (tmp_path / "cgroup").write_text(group)
    assert counter(tmp_path / "cgroup", tmp_path / "fs")() == 0


class Kernel:
    def __init__(self):
        self.kills = 5
        self.now = 100.0


@pytest.fixture
def kernel():
    return Kernel()


@pytest.fixture
def kills(kernel):
    return MemoryKills(lambda: kernel.kills, lambda: kernel.now)


def test_each_kill_is_of_one_process(kernel, kills):
    assert not kills.claim(), "those before it was started are not its own"
    kernel.kills += 2
    assert [kills.claim() for _ in range(3)] == [True, True, False]
    kernel.kills += 1
    assert [kills.claim() for _ in range(2)] == [True, False]


def test_an_end_that_shows_late_is_known(kernel, kills):
    kernel.kills += 1
    kills.observe()
    kernel.now += 9
    assert kills.claim()


def test_a_kill_of_another_process_is_none_of_a_worker_later(kernel, kills):
    kernel.kills += 1
    kills.observe()
    kernel.now += 11
    assert not kills.claim()
    kernel.kills += 1
    assert kills.claim()


def test_fifty_workers_have_the_number_read_once_in_five_seconds(kernel):
    reads = []
    kills = MemoryKills(lambda: reads.append(kernel.now) or kernel.kills, lambda: kernel.now)
    reads.clear()
    for at in range(500):
        kernel.now = 100.0 + at / 50
        kills.observe()
    assert reads == [100.0, 105.0]
