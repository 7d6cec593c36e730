"""The command line."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import __version__, neighbours
from qbitrr.errors import ConfigError, QbitrrError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Exit codes of sysexits.h, which service managers know
_OK = 0
_NOT_FOUND = 1
_UNAVAILABLE = 69
_CONFIG = 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns the exit code: 0, 1 for nothing found, 69 when it cannot run now, 78 for a configuration to correct.
    """
    options = _parser().parse_args(arguments)
    complaint = neighbours.foreign_package()
    if complaint is not None:
        print(complaint, file=sys.stderr)
        return _CONFIG
    try:
        code: int = options.command(options)
    except ConfigError as error:
        print("The configuration cannot be used:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return _CONFIG
    except (QbitrrError, OSError) as error:
        print(error, file=sys.stderr)
        return _UNAVAILABLE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qbitrr", description="Looks after the torrents of Radarr, Sonarr and Lidarr in qBittorrent."
    )
    parser.add_argument("--version", action="version", version=f"qbitrr {__version__}")
    parser.add_argument("--data-dir", type=Path, help="where config.toml, state.db and logs/ are (default: ./.config)")
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
    return parser


def _run(options: argparse.Namespace) -> int:
    from supervisor import handover  # noqa: PLC0415 - only after the neighbours were looked at
    from supervisor.spawner import fork_zygote  # noqa: PLC0415

    given = handover.take(os.environ)
    zygote = fork_zygote()  # before anything is loaded that workers do not need
    from qbitrr import app  # noqa: PLC0415

    again = app.run(app.home(options.data_dir, os.environ), os.environ, zygote, given)
    if again is not None:
        handover.begin_anew(again)
    return _OK


def _demo(options: argparse.Namespace) -> int:
    from supervisor import handover  # noqa: PLC0415 - only after the neighbours were looked at
    from supervisor.spawner import fork_zygote  # noqa: PLC0415

    given = handover.take(os.environ)
    zygote = fork_zygote()  # before anything is loaded that workers do not need
    from qbitrr import demo  # noqa: PLC0415

    again = demo.run(options.data_dir or Path(".config/demo"), options.port, zygote, given)
    if again is not None:
        handover.begin_anew(again)
    return _OK


def _check(options: argparse.Namespace) -> int:
    from qbitrr import app  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.config.check import report  # noqa: PLC0415

    print(report(app.load(app.home(options.data_dir, os.environ), os.environ)))
    return _OK


def _explain(options: argparse.Namespace) -> int:
    from qbitrr import app  # noqa: PLC0415 - only after the neighbours were looked at
    from qbitrr.explain import explain  # noqa: PLC0415

    text = asyncio.run(explain(app.home(options.data_dir, os.environ).state_file, options.infohash))
    if text is None:
        print(f"Nothing is known of {options.infohash}.", file=sys.stderr)
        return _NOT_FOUND
    print(text)
    return _OK
