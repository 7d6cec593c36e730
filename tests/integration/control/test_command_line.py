"""Commands to the running daemon: what cannot be meant is refused with its place and a remedy, and nothing is done."""

import asyncio

import pytest
from structlog.testing import capture_logs

from control.auth.access import Access
from control.auth.sessions import Sessions
from control.auth.throttle import LoginThrottle
from control.server import serve
from control.web.sockets import listen_unix
from qbitrr import logs
from qbitrr.cli.main import main
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.data_dir import DataDir
from tests.integration.control.sample import CONFIG, TOKEN, UNDOABLE


@pytest.fixture
async def run(make_context, tmp_path, capsys, monkeypatch):
    """Run a command beside a daemon; its exit code and what it prints. `run.context` is that of the daemon."""
    monkeypatch.setattr(logs, "configure_command", lambda: None)
    clock, webui = Clock(), load_text(CONFIG, {}).config.webui
    data_dir = DataDir(tmp_path)
    listener = listen_unix(data_dir.control_socket)
    access = Access(
        lambda: webui,
        TOKEN,
        LoginThrottle(clock),
        Sessions(data_dir.sessions_file, clock),
        clock,
        control_socket=listener.getsockname(),
    )
    context = make_context(access=access)

    def command(arguments):
        try:
            return main(["--data-dir", str(tmp_path), *arguments])
        except SystemExit as end:
            return end.code

    async def run(*arguments):
        capsys.readouterr()
        code = await asyncio.to_thread(command, arguments)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    run.context = context
    with listener, capture_logs():
        async with serve(context, [listener]):
            yield run


def done(context):
    return [*context.workers.calls, *context.commands.calls, *context.workers.processes["movies"].sent]


async def test_an_action_is_undone(run):
    assert await run("undo", str(UNDOABLE)) == (0, f"Undoing action {UNDOABLE} on Torrent 5\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["undo", "-1"], "argument action: -1 is not the number of one"),
        (["undo", "0"], "argument action: 0 is not the number of one"),
        (["undo", "1.5"], "argument action: 1.5 is not the number of one"),
        (["undo", "9" * 30], "is not the number of one; numbers are whole, from 1 on"),
        (["undo", ""], "argument action:  is not the number of one"),
        (["orphans", "--restore", "1", "-2"], "argument --restore: -2 is not the number of one"),
        (["orphans", "--restore", "1e400"], "argument --restore: 1e400 is not the number of one"),
        (["explain", ""], "argument infohash: it is empty"),
        (["evidence", " "], "argument category: it is empty"),
        (["shadow-report", ""], "argument category: it is empty"),
        (["side-by-side", ""], "argument category: it is empty"),
        (["ctl", "restart", ""], "argument category: it is empty"),
        (["ctl", "approve", ""], "argument category: it is empty"),
        (["ctl", "revoke", ""], "argument session: it is empty"),
        (["demo", "--port", "-1"], "argument --port: -1 is no port"),
        (["demo", "--port", "65536"], "argument --port: 65536 is no port"),
    ],
)
async def test_what_cannot_be_a_name_or_a_number_is_refused_before_anything_is_asked(run, arguments, says):
    code, printed = await run(*arguments)
    assert code == 2
    assert says in printed
    assert done(run.context) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["undo", "99"], "There is no action 99"),
        (["undo", "9" * 18], f"There is no action {'9' * 18}"),
        (["ctl", "restart", "nothing"], "Unknown category: nothing"),
        (["ctl", "restart", ".."], "Unknown category: .."),
        (["ctl", "restart", "."], "Unknown category: ."),
        (["ctl", "restart", "../movies"], "Unknown category: ../movies"),
        (["ctl", "restart", "a?b#c%d"], "Unknown category: a?b#c%d"),
        (["ctl", "discard", ".."], "Unknown category: .."),
        (["ctl", "revoke", ".."], "There is no login .."),
        (["ctl", "revoke", "-1"], "There is no login -1"),
        (["evidence", "nothing"], "No worker of nothing ended abnormally."),
        (["explain", ".."], "Nothing is known of ..."),
    ],
)
async def test_what_does_not_exist_is_named(run, arguments, says, filled_state, tmp_path):
    (tmp_path / "state.db").write_bytes(filled_state.read_bytes())
    code, printed = await run(*arguments)
    assert code == 1
    assert says in printed
    assert "`" not in printed
    assert done(run.context) == []


def test_a_daemon_that_does_not_run_is_said_with_the_place_and_the_remedy(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(logs, "configure_command", lambda: None)
    assert main(["--data-dir", str(tmp_path), "undo", "1"]) == 69
    printed = capsys.readouterr().err
    assert str(tmp_path) in printed
    assert "--data-dir" in printed
