"""An aiohttp server without anything of the control plane: it answers any path with the bytes that it was sent for it.

Its answers are what ours cannot be faster than. In a process of its own: `python -m benchmarks.bare_server PORT`.
"""

from __future__ import annotations

import asyncio
import sys
import urllib.request

from aiohttp import web


def bare_application() -> web.Application:
    """Keeps the body of a PUT, and answers a GET of the same path with it."""
    bodies: dict[str, bytes] = {}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=bodies[request.path_qs], content_type="application/json")

    async def keep(request: web.Request) -> web.Response:
        bodies[request.path_qs] = await request.read()
        return web.Response()

    application = web.Application(client_max_size=1 << 26)
    application.router.add_get("/{path:.*}", answer)
    application.router.add_put("/{path:.*}", keep)
    return application


async def serve(application: web.Application, port: int) -> None:
    """Listen on loopback; returns once it does."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()


def copy_answer(port: int, path: str, bare_port: int) -> None:
    """Set the bare answer for a path to that of the control plane."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        body = answer.read()
    request = urllib.request.Request(f"http://127.0.0.1:{bare_port}{path}", data=body, method="PUT")
    with urllib.request.urlopen(request):
        pass


async def _main(port: int) -> None:
    await serve(bare_application(), port)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
