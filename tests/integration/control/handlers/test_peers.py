"""Other daemons on one page: the numbers of those that answer, and the reason of those that do not."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from control import peers
from control.peers import Peers
from qbitrr.clock import Clock
from qbitrr.config import address
from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG

READ_TOKEN = "of-the-attic"
OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}


def reading(name, url, token=READ_TOKEN):
    return f"{url.scheme}://{name}:{token}@{url.host}:{url.port}{url.path.rstrip('/')}"


def config(*addresses):
    return f"{CONFIG}[WebUI]\nPeers = {list(addresses)}\n"


async def test_a_daemon_is_shown_with_its_numbers(make_context, connect):
    other = make_context(f'{CONFIG}[WebUI]\nReadToken = "{READ_TOKEN}"\nUrlBase = "/attic"\n')
    async with connect(other) as attic:
        url = attic.make_url("/attic")
        there = await get(attic, "/attic/api/stats", headers={"X-API-Token": READ_TOKEN})
        async with connect(make_context(config(reading("attic", url)))) as client:
            (peer,) = (await get(client, "/web/peers"))["peers"]
    assert (peer["name"], peer["url"], peer["state"], peer["because"]) == ("attic", str(url), "answers", "")
    assert peer["version"].startswith("v")
    assert peer["numbers"] == {name: there[name] for name in peer["numbers"]}
    assert peer["numbers"]["workers"] > 0


async def test_one_that_is_away_or_refuses_the_token_says_so_and_keeps_no_other_from_being_shown(make_context, connect):
    async with connect(make_context(f'{CONFIG}[WebUI]\nReadToken = "{READ_TOKEN}"\n')) as attic:
        url = attic.make_url("")
        addresses = (
            reading("gone", url.with_port(1)),
            reading("stranger", url, "wrong"),
            reading("attic", url),
        )
        async with connect(make_context(config(*addresses))) as client:
            views = (await get(client, "/web/peers"))["peers"]
            text = await (await client.get("/web/config")).text()
    assert [(one["name"], one["state"], one["numbers"] is not None) for one in views] == [
        ("gone", "away", False),
        ("stranger", "refused", False),
        ("attic", "answers", True),
    ]
    assert all(one["because"] for one in views[:2])
    assert READ_TOKEN not in text
    assert READ_TOKEN not in str(views)


@pytest.fixture
async def counted():
    """A server that counts what is asked of it, and what it answers."""
    seen = []

    async def answer(request):
        seen.append((request.path, request.headers["Authorization"]))
        status, text, headers = counted.answer
        return web.Response(status=status, text=text, headers={"Content-Type": "application/json", **headers})

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    async with TestServer(application) as server:
        counted = Counted(server.make_url(""), seen)
        yield counted


class Counted:
    def __init__(self, url, seen):
        self.seen = seen
        self.answer = (200, "{}", {})
        self.peer = address.peer(reading("attic", url))


async def test_each_is_asked_at_most_every_quarter_of_a_minute_however_many_pages_are_open(counted):
    now = [0.0]
    them = Peers(Clock(monotonic=lambda: now[0]))
    await asyncio.gather(*(them.views([counted.peer]) for _ in range(5)))
    assert counted.seen == [(f"/api/{path}", f"Bearer {READ_TOKEN}") for path in ("stats", "meta")]
    now[0] = peers.KEPT_SECONDS - 1
    await them.views([counted.peer])
    assert len(counted.seen) == 2
    now[0] = peers.KEPT_SECONDS
    await them.views([counted.peer])
    assert len(counted.seen) == 4


@pytest.mark.parametrize(
    ("status", "text", "headers"),
    [
        (302, "", {"Location": "http://203.0.113.9/"}),
        (404, "", {}),
        (500, "", {}),
        (200, "<html>", {}),
        (200, '{"workers": "many"}', {}),
        (200, '"' + "x" * (1 << 19) + '"', {}),
    ],
)
async def test_an_answer_of_something_else_is_no_daemon(counted, status, text, headers):
    counted.answer = (status, text, headers)
    (view,) = await Peers(Clock()).views([counted.peer])
    assert view.state == "away"
    assert view.numbers is None
    assert {path for path, _ in counted.seen} == {"/api/stats"}


async def test_numbers_that_an_older_version_does_not_have_are_none(counted):
    counted.answer = (200, '{"workers": 3, "strange": true}', {})
    (view,) = await Peers(Clock()).views([counted.peer])
    assert (view.state, view.version, view.numbers.workers, view.numbers.needs_you) == ("answers", None, 3, 0)
