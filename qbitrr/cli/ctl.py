"""Commands to the daemon that runs on a data folder: `qbitrr ctl`, `qbitrr undo`, `qbitrr update`."""

from __future__ import annotations

import json
import os
import select
import signal
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from qbitrr.errors import NotRunningError, RefusedByDaemonError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.config import Loaded
    from qbitrr.data_dir import DataDir

_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - addresses to listen on, and how to reach them
_WAIT_SECONDS = 30.0  # beyond what the workers may take


def status(loaded: Loaded) -> str:
    """The state of every worker, one a line."""
    lines = [
        f"{worker['category']}: {worker['state']} since {worker['since']}, process {worker['pid']}, "
        f"{worker['restarts']} restarts"
        + (f", waits for {worker['waitingFor']}" if worker["waitingFor"] else "")
        + (f", last error: {worker['lastError']}" if worker["lastError"] else "")
        for worker in _ask(loaded, "GET", "processes")["processes"]
    ]
    return "\n".join(lines) or "no workers"


def reload(loaded: Loaded) -> str:
    """Apply the configuration file; what became of each worker.

    Raises RefusedByDaemonError when the configuration from before is still in force.
    """
    answer = _ask(loaded, "POST", "reload")
    lines = [f"{what}: {', '.join(some)}" for what, some in answer["applied"].items() if some]
    if answer["afterRestart"]:
        lines.append(f"after a restart of the daemon: {', '.join(answer['afterRestart'])}")
    return "\n".join(lines)


def restart(loaded: Loaded, category: str | None) -> str:
    """Restart the daemon in place, or replace the process of one worker."""
    path = "restart" if category is None else f"arr/{quote(category, safe='')}/restart"
    return str(_ask(loaded, "POST", path)["message"])


def restart_workers(loaded: Loaded) -> str:
    """Replace the processes of all workers, one after the other."""
    return str(_ask(loaded, "POST", "processes/restart")["message"])


def dump(loaded: Loaded) -> str:
    """Write the state of every process to the log."""
    return str(_ask(loaded, "POST", "processes/dump")["message"])


def update(loaded: Loaded) -> str:
    """Update the daemon to the newest version."""
    answer = _ask(loaded, "POST", "update")
    target = f": {answer['current_version']} to {answer['target_version']}" if "target_version" in answer else ""
    return f"{answer['message']}{target}"


def undo(loaded: Loaded, action_id: int) -> str:
    """Release a torrent from quarantine, or add it again when it was removed already."""
    return str(_ask(loaded, "POST", f"actions/{action_id}/undo")["message"])


def decide(loaded: Loaded, category: str, decision: Literal["approve", "discard"]) -> str:
    """Approve the removals of a category that wait for it, or discard them."""
    return str(_ask(loaded, "POST", f"arr/{quote(category, safe='')}/{decision}")["message"])


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


def _ask(loaded: Loaded, method: str, path: str) -> Any:
    """The decoded answer. Raises NotRunningError, or RefusedByDaemonError with the answer of the daemon."""
    webui = loaded.config.webui
    host = _REACHABLE.get(webui.host, f"[{webui.host}]" if ":" in webui.host else webui.host)
    url = f"http://{host}:{webui.port}{webui.url_base}/{'api' if webui.token else 'web'}/{path}"
    headers: Mapping[str, str] = {"X-API-Token": webui.token} if webui.token else {}
    request = urllib.request.Request(url, method=method, headers=dict(headers))
    seconds = loaded.config.settings.process_spawn_timeout_seconds + _WAIT_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy may see the token
    try:
        with opener.open(request, timeout=seconds) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RefusedByDaemonError(*_refusal(error)) from None
    except (OSError, ValueError) as error:
        raise NotRunningError(f"the daemon does not answer at {url}: {getattr(error, 'reason', error)}") from None


def _refusal(error: urllib.error.HTTPError) -> tuple[str, str]:
    try:
        answer = json.load(error)
        return str(answer["error"]), str(answer["code"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}", ""
