"""The command line."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import __version__
from qbitrr.cli import package_conflicts
from qbitrr.errors import ConfigError, QbitrrError, RefusedByDaemonError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Exit codes of sysexits.h, which service managers know
_OK = 0
_NOT_FOUND = 1
_UNAVAILABLE = 69
_CONFIG = 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns the exit code: 0, 1 for nothing found or a refusal, 69 when it cannot run now, 78 for a configuration to
    correct.
    """
    options = _parser().parse_args(arguments)
    complaint = package_conflicts.foreign_package()
    if complaint is not None:
        print(complaint, file=sys.stderr)
        return _CONFIG
    try:
        code: int = options.command(options)
    except ConfigError as error:
        print("The configuration cannot be used:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        if error.warnings:
            print("What looks odd besides:", file=sys.stderr)
        for warning in error.warnings:
            print(f"  {warning}", file=sys.stderr)
        return _CONFIG
    except RefusedByDaemonError as error:
        print(error, file=sys.stderr)
        return _CONFIG if error.reason == ConfigError.code else _NOT_FOUND
    except (QbitrrError, OSError) as error:
        print(error, file=sys.stderr)
        return _UNAVAILABLE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qbitrr", description="Looks after the torrents of Radarr, Sonarr and Lidarr in qBittorrent."
    )
    parser.add_argument("--version", action="version", version=f"qbitrr {__version__}")
    parser.add_argument("--data-dir", type=_folder, help="where config.toml and state.db are (default: ./.config)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the daemon")
    run.set_defaults(command=_run)
    demo = commands.add_parser("demo", help="run the daemon on a built-in sandbox: nothing else is needed")
    demo.add_argument("--port", type=int, default=6969, help="port of the page (default: 6969)")
    demo.set_defaults(command=_demo)
    check = commands.add_parser("check", help="check config.toml and print what would run")
    check.set_defaults(command=_check)
    explain = commands.add_parser("explain", help="print what was decided on a torrent, and why")
    explain.add_argument("infohash", help="the torrent's infohash")
    explain.set_defaults(command=_explain)
    undo = commands.add_parser("undo", help="take a torrent out of quarantine, or add it again after its removal")
    undo.add_argument("action", type=int, help="number of the action, as `explain` and /web/decisions show it")
    undo.set_defaults(command=_undo)
    shadow = commands.add_parser("shadow-report", help="print what would have been done while Shadow was on")
    shadow.add_argument("category", nargs="?", help="of which category; without it, of all")
    shadow.set_defaults(command=_shadow_report)
    evidence = commands.add_parser("evidence", help="print how workers ended abnormally, and what is known of it")
    evidence.add_argument("category", nargs="?", help="of which worker; without it, all in short")
    evidence.set_defaults(command=_evidence)
    update = commands.add_parser("update", help="take the newest version; the running daemon begins anew as it")
    update.add_argument("--check", action="store_true", help="only tell whether there is one")
    update.set_defaults(command=_update)
    _add_ctl(commands.add_parser("ctl", help="talk to the running daemon"))
    return parser


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("name a folder, or leave --data-dir out")
    return Path(text)


def _add_ctl(ctl: argparse.ArgumentParser) -> None:
    actions = ctl.add_subparsers(required=True, metavar="ACTION", dest="action")
    actions.add_parser("status", help="print the state of every worker")
    actions.add_parser("reload", help="take config.toml anew; only the workers that it concerns change")
    restart = actions.add_parser("restart", help="begin anew in place, or have a fresh process for one category")
    restart.add_argument("category", nargs="?", help="of which worker; without it, the whole daemon")
    for decision, help_text in (("approve", "let them go on"), ("discard", "drop them")):
        decide = actions.add_parser(decision, help=f"removals that wait for you, as they were too many: {help_text}")
        decide.add_argument("category", help="whose removals")
    actions.add_parser("renew", help="have fresh processes for all workers, one after the other")
    actions.add_parser("dump", help="write the state of every process to the log")
    actions.add_parser("stop", help="end the daemon")
    ctl.set_defaults(command=_ctl)


def _run(options: argparse.Namespace) -> int:
    from supervisor import systemd  # noqa: PLC0415 - only after the neighbours were looked at
    from supervisor.spawner import start_fork_server  # noqa: PLC0415

    given = systemd.take(os.environ)
    fork_server = start_fork_server()  # before anything is loaded that workers do not need
    from qbitrr import daemon  # noqa: PLC0415

    again = daemon.run(daemon.home(options.data_dir, os.environ), os.environ, fork_server, given)
    if again is not None:
        systemd.restart_in_place(again)
    return _OK


def _demo(options: argparse.Namespace) -> int:
    from supervisor import systemd  # noqa: PLC0415 - only after the neighbours were looked at
    from supervisor.spawner import start_fork_server  # noqa: PLC0415

    given = systemd.take(os.environ)
    fork_server = start_fork_server()  # before anything is loaded that workers do not need
    from qbitrr.cli import demo  # noqa: PLC0415

    again = demo.run(options.data_dir or Path(".config/demo"), options.port, fork_server, given)
    if again is not None:
        systemd.restart_in_place(again)
    return _OK


def _check(options: argparse.Namespace) -> int:
    from qbitrr import daemon  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.cli.check_config import report  # noqa: PLC0415

    print(report(daemon.load(daemon.home(options.data_dir, os.environ), os.environ)))
    return _OK


def _explain(options: argparse.Namespace) -> int:
    from qbitrr import daemon  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.cli.explain import explain  # noqa: PLC0415

    text = asyncio.run(explain(daemon.home(options.data_dir, os.environ).state_file, options.infohash))
    if text is None:
        print(f"Nothing is known of {options.infohash}.", file=sys.stderr)
        return _NOT_FOUND
    print(text)
    return _OK


def _undo(options: argparse.Namespace) -> int:
    from qbitrr import daemon  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.cli import ctl  # noqa: PLC0415 - only after the neighbours were looked at

    print(ctl.undo(daemon.load(daemon.home(options.data_dir, os.environ), os.environ), options.action))
    return _OK


def _shadow_report(options: argparse.Namespace) -> int:
    from qbitrr import daemon  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.cli.shadow_report import report  # noqa: PLC0415

    text = asyncio.run(report(daemon.home(options.data_dir, os.environ).state_file, options.category))
    if text is None:
        print("Nothing was written down under Shadow.", file=sys.stderr)
        return _NOT_FOUND
    print(text)
    return _OK


def _evidence(options: argparse.Namespace) -> int:
    from qbitrr import daemon  # noqa: PLC0415 - only after the neighbours were looked at
    from supervisor import evidence  # noqa: PLC0415

    where = daemon.home(options.data_dir, os.environ)
    text = evidence.tell(where.evidence_folder, options.category)
    if not text:
        print("No worker ended abnormally.", file=sys.stderr)
        return _NOT_FOUND
    print(text)
    return _OK


def _update(options: argparse.Namespace) -> int:
    from qbitrr import daemon  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.cli import ctl  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.cli import update as updating  # noqa: PLC0415
    from qbitrr.data_dir import holder  # noqa: PLC0415

    where = daemon.home(options.data_dir, os.environ)
    loaded = daemon.load(where, os.environ)
    if options.check:
        print(asyncio.run(updating.tell_newest(loaded)))
    elif holder(where.folder) is not None:
        print(ctl.update(loaded))
    else:
        print(updating.update(where, os.environ, loaded, print))
    return _OK


def _ctl(options: argparse.Namespace) -> int:
    from qbitrr import daemon  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.cli import ctl  # noqa: PLC0415 - only after the neighbours were looked at

    where = daemon.home(options.data_dir, os.environ)
    if options.action == "stop":
        print(ctl.stop(where.folder))
        return _OK
    loaded = daemon.load(where, os.environ)
    match options.action:
        case "status":
            print(ctl.status(loaded))
        case "reload":
            print(ctl.reload(loaded))
        case "restart":
            print(ctl.restart(loaded, options.category))
        case "approve" | "discard":
            print(ctl.decide(loaded, options.category, options.action))
        case "renew":
            print(ctl.renew(loaded))
        case "dump":
            print(ctl.dump(loaded))
    return _OK
