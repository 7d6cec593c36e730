"""Commands of the command line, and its exit codes.

What a command needs is imported by the command: only after `package_conflicts` made sure that `supervisor` and
`control` are the packages of this project, and for the daemon after its fork server was started.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import __version__
from qbitrr.cli import argument, package_conflicts
from qbitrr.errors import ConfigError, QbitrrError, RefusedByDaemonError
from qbitrr.printable import printable_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from qbitrr.data_dir import DataDir
    from supervisor.spawner import ForkServer
    from supervisor.systemd import Handover

# exit codes of sysexits.h, which service managers know
_OK = 0
_NOT_FOUND = 1
_UNAVAILABLE = 69
_CONFIG = 78

_DATA_DIR = (
    "where config.toml and state.db are (default: QBITRR_OVERRIDES_DATA_PATH, /config in a container, else ./.config)"
)
_CHECK_SECONDS = 5.0  # for which `check` waits for the Arrs: it is about the file


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns the exit code: 0; 1 for nothing found, a refusal, or something to do; 69 when it cannot run now; 78 for a
    configuration to correct.
    """
    options = parser().parse_args(arguments)
    conflict = package_conflicts.foreign_package()
    if conflict is not None:
        _show(conflict, file=sys.stderr)
        return _CONFIG
    try:
        if options.command not in (_run, _demo):
            _configure_logs()
        code: int = options.command(options)
    except ConfigError as error:
        _show("The configuration cannot be used:", file=sys.stderr)
        for problem in error.problems:
            _show(f"  {problem}", file=sys.stderr)
        if error.warnings:
            _show("What looks odd besides:", file=sys.stderr)
        for warning in error.warnings:
            _show(f"  {warning}", file=sys.stderr)
        return _CONFIG
    except RefusedByDaemonError as error:
        _show(error, file=sys.stderr)
        return _CONFIG if error.reason == ConfigError.code else _NOT_FOUND
    except (QbitrrError, OSError) as error:
        _show(error, file=sys.stderr)
        return _UNAVAILABLE
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of all commands. `--data-dir` may stand before and after the command; the last one counts."""
    top = argparse.ArgumentParser(
        prog="qbitrr", description="Manages the torrents of Radarr, Sonarr and Lidarr in qBittorrent."
    )
    everywhere, of_demo = argparse.ArgumentParser(add_help=False), argparse.ArgumentParser(add_help=False)
    # the default of a sub-parser replaces what was given before the command, so only the first parser has one
    for each, default, text in (
        (top, None, _DATA_DIR),
        (everywhere, argparse.SUPPRESS, _DATA_DIR),
        (of_demo, argparse.SUPPRESS, "a folder that holds nothing else (default: ./.config/demo)"),
    ):
        each.add_argument("--data-dir", type=argument.folder, default=default, help=text)
    top.add_argument("--version", action="version", version=f"qbitrr {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str, parent: argparse.ArgumentParser = everywhere
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, parents=[parent])
        added.set_defaults(command=run)
        return added

    command("run", _run, "run the daemon")
    demo = command("demo", _demo, "run the daemon on a built-in sandbox: nothing else is needed", of_demo)
    demo.add_argument("--port", type=argument.port, default=6969, help="port of the page (default: 6969)")
    check = command("check", _check, "check config.toml and print what would run")
    check.add_argument("--values", action="store_true", help="print every value, and where it comes from, instead")
    migrate = command("migrate", _migrate, "translate config.toml of the older program (qBitrr) and print each key")
    migrate.add_argument(
        "folder", type=argument.folder, help="where its config.toml is; the new file is written beside it"
    )
    command("doctor", _doctor, "ask the Arrs for their settings and print what contradicts, with remedies")
    explain = command("explain", _explain, "print what was decided on a torrent, and why")
    explain.add_argument("infohash", type=argument.name, help="the torrent's infohash")
    undo = command("undo", _undo, "release a torrent from quarantine, or add it again after its removal")
    undo.add_argument(
        "action", type=argument.number, help="number of the action, as `explain` and /web/decisions show it"
    )
    orphans = command("orphans", _orphans, "list files that no torrent knows, or restore some that were moved aside")
    orphans.add_argument(
        "--restore", type=argument.number, nargs="+", metavar="ID", help="numbers of the files to move back"
    )
    shadow = command("shadow-report", _shadow_report, "print what would have been done while Shadow was on")
    shadow.add_argument("category", type=argument.name, nargs="?", help="of which category; without it, of all")
    beside = command("side-by-side", _side_by_side, "print what Shadow would have done beside what others did")
    beside.add_argument("category", type=argument.name, nargs="?", help="of which category; without it, of all")
    evidence = command("evidence", _evidence, "print how workers ended abnormally, and what is known of it")
    evidence.add_argument(
        "category", type=argument.name, nargs="?", help="of which worker; without it, one line for each end of any"
    )
    backup = command("backup", _backup, "back the state file up now; the daemon may run meanwhile")
    backup.add_argument("--list", action="store_true", help="only list the backups there are")
    restore = command("restore", _restore, "restore a backup of the state file; the daemon must be stopped")
    restore.add_argument("file", nargs="?", type=Path, help="which one; without it, the newest")
    restore.add_argument("--dry-run", action="store_true", help="only print what would come of it")
    update = command("update", _update, "update to the newest version; a running daemon restarts in place as it")
    update.add_argument("--check", action="store_true", help="only print whether there is one")
    command("mcp", _mcp, "serve read-only tools to an assistant, on stdin and stdout (Model Context Protocol)")
    _add_ctl(command("ctl", _ctl, "command the running daemon"), everywhere)
    return top


def _add_ctl(ctl: argparse.ArgumentParser, everywhere: argparse.ArgumentParser) -> None:
    actions = ctl.add_subparsers(required=True, metavar="ACTION", dest="action")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, parents=[everywhere])

    action("status", "print the state of every worker")
    action("reload", "apply config.toml; only the workers that it concerns change")
    restart = action("restart", "restart the daemon in place, or replace the process of one category")
    restart.add_argument(
        "category", type=argument.name, nargs="?", help="of which worker; without it, the whole daemon"
    )
    for decision, text in (("approve", "carry them out"), ("discard", "drop them")):
        decide = action(decision, f"removals that wait for your approval, as they were too many: {text}")
        decide.add_argument("category", type=argument.name, help="whose removals")
    action("sessions", "print the logins that are valid")
    revoke = action("revoke", "end logins")
    revoke.add_argument("session", type=argument.name, help="the id of one, or `all`")
    action("restart-workers", "replace the processes of all workers, one after the other")
    actions.add_parser("renew", parents=[everywhere])  # the old name of restart-workers; without help it is not listed
    action("dump", "write the state of every process to the log")
    action("stop", "stop the daemon")


def _configure_logs() -> None:
    from qbitrr import logs  # noqa: PLC0415

    logs.configure_command()


def _chosen(options: argparse.Namespace) -> DataDir:
    from qbitrr.data_dir import choose_data_dir  # noqa: PLC0415

    return choose_data_dir(options.data_dir, os.environ)


def _run(options: argparse.Namespace) -> int:
    def run(fork_server: ForkServer, passed: Handover) -> Handover | None:
        from qbitrr import daemon  # noqa: PLC0415

        return daemon.run(_chosen(options), os.environ, fork_server, passed)

    return _run_daemon(run)


def _demo(options: argparse.Namespace) -> int:
    def run(fork_server: ForkServer, passed: Handover) -> Handover | None:
        from qbitrr.cli import demo  # noqa: PLC0415

        return demo.run(options.data_dir or Path(".config/demo"), options.port, fork_server, passed)

    return _run_daemon(run)


def _run_daemon(run: Callable[[ForkServer, Handover], Handover | None]) -> int:
    """Run a daemon until it is stopped; when it restarts in place, do not return.

    What it and its workers write is for their user only.
    """
    from supervisor import early_signals  # noqa: PLC0415

    early_signals.keep()
    os.umask(0o077)
    from supervisor import systemd  # noqa: PLC0415
    from supervisor.spawner import start_fork_server  # noqa: PLC0415

    passed = systemd.handed_over(os.environ)
    fork_server = start_fork_server()  # before anything is loaded that workers do not need
    restart = run(fork_server, passed)
    if restart is not None:
        systemd.restart_in_place(restart)
    return _OK


def _check(options: argparse.Namespace) -> int:
    from qbitrr.cli.check_config import report, values  # noqa: PLC0415
    from qbitrr.cli.doctor import diagnose  # noqa: PLC0415
    from qbitrr.data_dir import load_config  # noqa: PLC0415

    loaded = load_config(_chosen(options), os.environ)
    _show(values(loaded) if options.values else report(loaded, diagnose(loaded, _CHECK_SECONDS)))
    return _OK


def _migrate(options: argparse.Namespace) -> int:
    from qbitrr.cli import migrate  # noqa: PLC0415

    translation, target = migrate.write(options.folder)
    _show(migrate.report(translation, target))
    for line in migrate.clients(translation.loaded):
        _show(line)
    return _OK


def _doctor(options: argparse.Namespace) -> int:
    from qbitrr.cli.doctor import diagnose, report  # noqa: PLC0415
    from qbitrr.data_dir import load_config  # noqa: PLC0415

    diagnoses = diagnose(load_config(_chosen(options), os.environ))
    _show(report(diagnoses))
    return _OK if all(one.is_good for one in diagnoses) else _NOT_FOUND


def _explain(options: argparse.Namespace) -> int:
    from qbitrr.cli import ctl  # noqa: PLC0415
    from qbitrr.cli.explain import explain  # noqa: PLC0415

    ctl.judge_now(_chosen(options), options.infohash)
    text = asyncio.run(explain(_chosen(options).state_file, options.infohash))
    return _print_or(text, f"Nothing is known of {options.infohash}.")


def _undo(options: argparse.Namespace) -> int:
    from qbitrr.cli import ctl  # noqa: PLC0415

    _show(ctl.undo(_chosen(options), options.action))
    return _OK


def _orphans(options: argparse.Namespace) -> int:
    from qbitrr.cli import ctl  # noqa: PLC0415

    _show(ctl.restore_files(_chosen(options), options.restore) if options.restore else ctl.orphans(_chosen(options)))
    return _OK


def _shadow_report(options: argparse.Namespace) -> int:
    from qbitrr.cli.shadow_report import report  # noqa: PLC0415

    text = asyncio.run(report(_chosen(options).state_file, options.category))
    return _print_or(text, f"Nothing was recorded under Shadow{_of(options.category)}.")


def _side_by_side(options: argparse.Namespace) -> int:
    from qbitrr.cli.side_by_side import report  # noqa: PLC0415
    from qbitrr.clock import Clock  # noqa: PLC0415

    text = asyncio.run(report(_chosen(options).state_file, options.category, Clock().wall()))
    return _print_or(text, f"Nothing is known to compare{_of(options.category)}.")


def _evidence(options: argparse.Namespace) -> int:
    from supervisor import evidence  # noqa: PLC0415

    text = evidence.report(_chosen(options).evidence_folder, options.category)
    return _print_or(text, f"No worker{_of(options.category)} ended abnormally.")


def _backup(options: argparse.Namespace) -> int:
    from qbitrr.cli import backups  # noqa: PLC0415

    data_dir = _chosen(options)
    if options.list:
        return _print_or(backups.listing(data_dir), "There is no backup yet.")
    _show(backups.make(data_dir))
    return _OK


def _restore(options: argparse.Namespace) -> int:
    from qbitrr.cli import backups  # noqa: PLC0415

    _show(backups.restore(_chosen(options), options.file, dry_run=options.dry_run))
    return _OK


def _of(category: str | None) -> str:
    """What says of which category a report is, also of one that is misspelt."""
    return "" if category is None else f" of {category}"


def _show(text: object, file: TextIO | None = None) -> None:
    """Print a text, in which names of torrents and words of services may be, at once and without control characters."""
    print(printable_lines(str(text)), file=file, flush=True)


def _print_or(text: str | None, otherwise: str) -> int:
    """Print what was found; without anything, `otherwise` on stderr."""
    if not text:
        _show(otherwise, file=sys.stderr)
        return _NOT_FOUND
    _show(text)
    return _OK


def _update(options: argparse.Namespace) -> int:
    from qbitrr.cli import ctl, update  # noqa: PLC0415
    from qbitrr.data_dir import load_config  # noqa: PLC0415

    data_dir = _chosen(options)
    if data_dir.lock_holder() is not None and not options.check:
        _show(ctl.update(data_dir))
        return _OK
    loaded = load_config(data_dir, os.environ)
    _show(asyncio.run(update.check(loaded)) if options.check else update.update(data_dir, os.environ, loaded, _show))
    return _OK


def _mcp(options: argparse.Namespace) -> int:
    from qbitrr.cli import mcp  # noqa: PLC0415

    mcp.serve(_chosen(options), sys.stdin.buffer, sys.stdout.buffer)
    return _OK


def _ctl(options: argparse.Namespace) -> int:
    from qbitrr.cli import ctl  # noqa: PLC0415

    data_dir = _chosen(options)
    match options.action:
        case "status":
            _show(ctl.status(data_dir))
        case "reload":
            _show(ctl.reload(data_dir))
        case "restart":
            _show(ctl.restart(data_dir, options.category))
        case "approve" | "discard":
            _show(ctl.decide(data_dir, options.category, options.action))
        case "sessions":
            _show(ctl.sessions(data_dir))
        case "revoke":
            _show(ctl.revoke(data_dir, options.session))
        case "restart-workers" | "renew":
            _show(ctl.restart_workers(data_dir))
        case "dump":
            _show(ctl.dump(data_dir))
        case "stop":
            _show(ctl.stop(data_dir))
    return _OK
