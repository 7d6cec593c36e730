"""`/metrics`: for Prometheus."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from control import answers, metrics
from control.context import Context
from control.parameters import Nothing


async def read(context: Context, _request: Nothing, _http: web.Request) -> web.Response:
    """The state of everything, in the text format of Prometheus."""
    return answers.plain(await metrics.text(context), CONTENT_TYPE_LATEST, {"Cache-Control": "no-store"})
