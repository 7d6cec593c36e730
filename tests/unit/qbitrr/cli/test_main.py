"""What the command line means."""

from pathlib import Path

import pytest

from qbitrr.cli.main import parser

COMMANDS = [
    ["run"],
    ["demo"],
    ["check"],
    ["explain", "ab"],
    ["undo", "1"],
    ["orphans"],
    ["orphans", "--restore", "1", "2"],
    ["shadow-report"],
    ["side-by-side"],
    ["evidence"],
    ["update"],
    ["ctl", "status"],
    ["ctl", "reload"],
    ["ctl", "restart", "films"],
    ["ctl", "restart-workers"],
    ["ctl", "approve", "films"],
    ["ctl", "stop"],
]


def data_dir(*arguments):
    return parser().parse_args([*arguments]).data_dir


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_data_folder_may_stand_before_and_after_the_command(command):
    assert data_dir(*command) is None
    assert data_dir("--data-dir", "a", *command) == Path("a")
    assert data_dir(*command, "--data-dir", "a") == Path("a")
    assert data_dir(command[0], "--data-dir", "a", *command[1:]) == Path("a")
    assert data_dir("--data-dir", "a", *command, "--data-dir", "b") == Path("b")


@pytest.mark.parametrize("arguments", [["--data-dir", "", "run"], ["run", "--data-dir", ""]])
def test_an_empty_data_folder_is_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        data_dir(*arguments)
    assert "name a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "default"),
    [
        (["run"], "/config in a container, else ./.config"),
        (["ctl", "status"], "else ./.config"),
        (["demo"], "(default: ./.config/demo)"),
    ],
)
def test_the_help_names_the_folder_that_is_used_without_data_dir(command, default, capsys):
    with pytest.raises(SystemExit):
        parser().parse_args([*command, "--help"])
    assert default in " ".join(capsys.readouterr().out.split())


def test_the_old_name_of_restart_workers_works_and_is_not_listed(capsys):
    assert parser().parse_args(["ctl", "renew"]).action == "renew"
    with pytest.raises(SystemExit):
        parser().parse_args(["ctl", "--help"])
    listed = capsys.readouterr().out
    assert "restart-workers" in listed
    assert "renew" not in listed
