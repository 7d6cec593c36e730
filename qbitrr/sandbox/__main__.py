"""`python -m qbitrr.sandbox`: the stand-ins alone, until they are interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys

from qbitrr.sandbox.sandbox import Sandbox

END_OF_CONFIG = "\f\n"
"""What follows the configuration, for a program that reads it."""


async def _serve(options: argparse.Namespace) -> None:
    sandbox = Sandbox(
        seed=options.seed,
        speed=options.speed,
        qbittorrent_version=options.qbittorrent,
        downloads=options.downloads,
        with_requests=True,
    )
    async with sandbox:
        for name, url in sandbox.urls.items():
            sys.stdout.write(f"# {name}: {url}\n")
        sys.stdout.write(f"\n{sandbox.config_toml({'WebUI': {'Port': options.webui_port}})}{END_OF_CONFIG}")
        sys.stdout.flush()
        end = asyncio.Event()
        if options.until_eof:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), end.set)
        await end.wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m qbitrr.sandbox", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="other libraries")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times as fast downloads run")
    parser.add_argument("--qbittorrent", default="5.1.0", help="the version it speaks like: 4.5.2, 5.1.0 or 5.3.0")
    parser.add_argument("--downloads", default="/downloads", help="the folder that the torrents say to be in")
    parser.add_argument("--webui-port", type=int, default=6969, help="the port that the configuration gives the page")
    parser.add_argument("--until-eof", action="store_true", help="end when the standard input does")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
