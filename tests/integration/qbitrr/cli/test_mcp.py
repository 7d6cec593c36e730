"""`qbitrr mcp` without a daemon: every line is answered all the same, and nothing else is written."""

import io
import json

import pytest

from qbitrr.cli import mcp
from qbitrr.data_dir import DataDir

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'


@pytest.fixture
def answers(tmp_path):
    def serve(text):
        written = io.BytesIO()
        mcp.serve(DataDir(tmp_path), io.BytesIO(text), written)
        return [json.loads(line) for line in written.getvalue().splitlines()]

    return serve


def test_a_daemon_that_does_not_run_is_an_answer(answers):
    first, second = answers(PING + PING.replace(b"1,", b'"b",'))
    assert (first["id"], second["id"]) == (1, "b")
    assert first["error"]["code"] == -32603
    assert "does not answer" in first["error"]["message"]


def test_the_end_of_the_input_is_the_end(answers):
    assert answers(b"") == []
    assert len(answers(PING.rstrip())) == 1  # the last line may lack its end


def test_notifications_and_empty_lines_are_not_answered(answers):
    assert answers(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n\n  \n') == []


@pytest.mark.parametrize(("line", "code"), [(b"{", -32700), (b"[]", -32600), (b"\xff", -32700)])
def test_what_is_no_message_is_answered_by_its_code(answers, line, code):
    broken, after = answers(line + b"\n" + PING)
    assert broken["error"]["code"] == code
    assert broken["id"] is None
    assert after["id"] == 1


@pytest.mark.parametrize("extra", [1, 5, (1 << 20) + 1])
def test_a_line_beyond_the_bound_is_refused_as_one_and_the_next_is_read(answers, extra):
    too_long, after = answers(b" " * ((1 << 20) + extra) + PING + PING)
    assert too_long["error"]["code"] == -32600
    assert "more than" in too_long["error"]["message"]
    assert after["id"] == 1
