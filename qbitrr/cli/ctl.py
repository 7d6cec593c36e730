"""Commands to the daemon of a data folder, by its control socket: `qbitrr ctl`, `undo`, `orphans`, `update`, `mcp`.

The socket needs neither token nor port, so that it works whatever was just edited in config.toml. No secret is sent.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from control.web.sockets import connect_unix
from qbitrr import units
from qbitrr.errors import NotRunningError, RefusedByDaemonError
from qbitrr.printable import printable

if TYPE_CHECKING:
    from qbitrr.data_dir import DataDir

_JUDGE_SECONDS = 5.0
_WAIT_SECONDS = 30.0
_APPLY_SECONDS = 600.0  # until all workers are ready with another configuration; as TimeoutStartSec of the unit
_ORPHANS = "orphans?limit=500"


def status(data_dir: DataDir) -> str:
    """The state of every worker, one a line."""
    lines = [
        f"{worker['category']}: {worker['state']} since {worker['since']}, process {worker['pid']}, "
        f"{worker['restarts']} restarts"
        + (f", waits for {worker['waitingFor']}" if worker["waitingFor"] else "")
        + (f", last error: {worker['lastError']}" if worker["lastError"] else "")
        for worker in ask(data_dir, "GET", "processes")["processes"]
    ]
    return "\n".join(lines) or "no workers"


def reload(data_dir: DataDir) -> str:
    """Apply the configuration file; what became of each worker.

    Raises RefusedByDaemonError when the configuration from before is still in force.
    """
    answer = ask(data_dir, "POST", "reload", _APPLY_SECONDS)
    lines = [f"{what}: {', '.join(some)}" for what, some in answer["applied"].items() if some]
    if answer["afterRestart"]:
        lines.append(f"after a restart of the daemon: {', '.join(answer['afterRestart'])}")
    return "\n".join(lines)


def restart(data_dir: DataDir, category: str | None) -> str:
    """Restart the daemon in place, or replace the process of one worker."""
    path = "restart" if category is None else f"arr/{quote(category, safe='')}/restart"
    return str(ask(data_dir, "POST", path)["message"])


def restart_workers(data_dir: DataDir) -> str:
    """Replace the processes of all workers, one after the other."""
    return str(ask(data_dir, "POST", "processes/restart")["message"])


def dump(data_dir: DataDir) -> str:
    """Write the state of every process to the log."""
    return str(ask(data_dir, "POST", "processes/dump")["message"])


def sessions(data_dir: DataDir) -> str:
    """The logins that are valid, one a line."""
    lines = [
        f"{session['id']}: {session['method']}"
        + (f" of {session['user']}" if session["user"] else "")
        + f", from {session['address']}, since {session['startedAt']}, last used {session['lastUsedAt'] or 'unknown'}"
        for session in ask(data_dir, "GET", "sessions")["sessions"]
    ]
    return "\n".join(lines) or "no logins"


def revoke(data_dir: DataDir, session: str) -> str:
    """End one login, or `all` of them."""
    path = "sessions/revoke" if session == "all" else f"sessions/{quote(session, safe='')}/revoke"
    return str(ask(data_dir, "POST", path)["message"])


def update(data_dir: DataDir) -> str:
    """Update the daemon to the newest version."""
    answer = ask(data_dir, "POST", "update")
    target = f": {answer['current_version']} to {answer['target_version']}" if "target_version" in answer else ""
    return f"{answer['message']}{target}"


def undo(data_dir: DataDir, action_id: int) -> str:
    """Release a torrent from quarantine, or add it again when it was removed already."""
    return str(ask(data_dir, "POST", f"actions/{action_id}/undo")["message"])


def orphans(data_dir: DataDir) -> str:
    """The files that no torrent knows, the largest first, one a line; before them why none is moved."""
    answer = ask(data_dir, "GET", _ORPHANS)
    lines = [f"not complete: {because}" for because in answer["refusals"]]
    lines += [f"{one['folder']}: {one['refusal']}" for one in answer["folders"] if one["refusal"]]
    lines += map(_orphan, answer["orphans"])
    while after := answer["next"]:
        answer = ask(data_dir, "GET", f"{_ORPHANS}&after={quote(after)}")
        lines += map(_orphan, answer["orphans"])
    return "\n".join(lines) or "no files"


def _orphan(one: dict[str, Any]) -> str:
    return (
        f"{one['id']}: {one['state']}{', due' if one['due'] else ''}, {units.rounded_size(one['sizeBytes'])}, "
        + printable(f"{one['folder']}/{one['path']}")
        + (f", deleted after {one['purgeAt']}" if one["purgeAt"] else "")
        + (f", {one['problem']}" if one["problem"] else "")
    )


def restore_files(data_dir: DataDir, ids: list[int]) -> str:
    """Have files moved back to where they were, by their numbers."""
    body = json.dumps({"answer": "restore", "ids": ids}).encode()
    return str(ask(data_dir, "POST", "orphans/answer", body=body)["message"])


def judge_now(data_dir: DataDir, infohash: str) -> None:
    """Have a torrent judged now, if a daemon runs that knows it."""
    with contextlib.suppress(NotRunningError, RefusedByDaemonError):
        ask(data_dir, "GET", f"torrents/{quote(infohash, safe='')}/explain", _JUDGE_SECONDS)


def decide(data_dir: DataDir, category: str, decision: Literal["approve", "discard"]) -> str:
    """Approve the removals of a category that wait for it, or discard them."""
    return str(ask(data_dir, "POST", f"arr/{quote(category, safe='')}/{decision}")["message"])


def stop(data_dir: DataDir) -> str:
    """Stop the daemon; return when it has ended. Raises NotRunningError."""
    pid = data_dir.lock_holder()
    if pid is None:
        raise NotRunningError(f"no daemon runs on {data_dir.folder}")
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return "It had ended already"
    try:
        signal.pidfd_send_signal(process, signal.SIGTERM)
        if not select.select([process], [], [], _WAIT_SECONDS)[0]:
            raise NotRunningError(f"process {pid} was asked to end and did not within {_WAIT_SECONDS:g} s")
    finally:
        os.close(process)
    return f"Process {pid} has ended"


def ask(data_dir: DataDir, method: str, path: str, seconds: float = _WAIT_SECONDS, body: bytes | None = None) -> Any:
    """Ask the daemon for what is at `/web/PATH`; return its decoded answer.

    Raises NotRunningError, or RefusedByDaemonError with the answer of the daemon.
    """
    connection = _Connection(data_dir, seconds)
    try:
        connection.request(method, f"/web/{path}", body)
        answer = connection.getresponse()
        decoded = json.load(answer)
    except (OSError, ValueError, http.client.HTTPException) as error:
        because = getattr(error, "strerror", None) or str(error) or type(error).__name__
        remedy = "start it, or name its data folder with --data-dir"
        raise NotRunningError(f"the daemon does not answer at {data_dir.control_socket}: {because}; {remedy}") from None
    finally:
        connection.close()
    if answer.status == 200:
        return decoded
    raise RefusedByDaemonError(*_refusal(decoded, f"{answer.status} {answer.reason}"))


class _Connection(http.client.HTTPConnection):
    """HTTP on the control socket of a data folder."""

    def __init__(self, data_dir: DataDir, timeout_seconds: float) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = data_dir.control_socket
        self._seconds = timeout_seconds

    def connect(self) -> None:
        self.sock = connect_unix(self._path, self._seconds)


def _refusal(body: Any, status: str) -> tuple[str, str]:
    try:
        return str(body["error"]), str(body["code"])
    except (KeyError, TypeError):
        return status, ""
