"""Every command that is printed is sorted: something runs it, or a reason says why nothing does."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.support import printed_commands
from tests.support.printed_commands import ELSEWHERE, FOREGROUND, IN_THE_BOX, IN_THE_CHECKOUT, INTO_THE_SYSTEM
from tests.unit.docs.pages import ROOT


def test_every_printed_command_is_sorted():
    unsorted = {
        command: page
        for command, page in printed_commands.printed().items()
        if command not in printed_commands.sorted_commands()
    }
    assert not unsorted


def test_nothing_is_sorted_that_is_not_printed():
    assert not printed_commands.sorted_commands() - printed_commands.printed().keys()


def test_each_is_sorted_once():
    running = [one.printed for one in printed_commands.RUNNING]
    run = (*running, *IN_THE_CHECKOUT, *IN_THE_BOX, *FOREGROUND, *INTO_THE_SYSTEM, *ELSEWHERE)
    counts = Counter((*run, *printed_commands.NOT_RUN, *printed_commands.NAMES))
    assert not [command for command, count in counts.items() if count > 1]


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_what_runs_it_elsewhere_is_a_test(test):
    file, _, name = test.partition("::")
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("$ qbitrr check", "qbitrr check"),
        ("make run        # the daemon", "make run"),
        ("curl localhost:6969/web/status", "curl localhost:6969/web/status"),
    ],
)
def test_a_prompt_and_a_comment_are_not_a_part_of_it(line, command):
    assert printed_commands.as_printed(line) == command


def test_a_new_command_is_found(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(
        "Run `qbitrr frobnicate NOW`:\n\n```\nmake everything    # at once\n```\n\n```toml\nmake no = 1\n```\n"
    )
    monkeypatch.setattr(printed_commands, "ROOT", tmp_path)
    monkeypatch.setattr(printed_commands, "PAGES", [page])
    assert printed_commands.printed().keys() == {"qbitrr frobnicate NOW", "make everything"}
