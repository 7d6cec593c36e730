"""`/login/oidc`: login at an OpenID Connect provider, in two steps with the browser's way there and back in between.

Whoever the provider admits is admitted. No state is kept between the steps: what they share is derived from a cookie
that only this browser has and that only we can have signed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from control.auth.access import equal
from control.auth.oidc_provider import OidcProvider, PendingLogin
from control.web import answers
from qbitrr import logs
from qbitrr.errors import ConfigError, Problem, UnauthorizedError

if TYPE_CHECKING:
    from aiohttp import web

    from control.auth.session_cookie import CookieSigner
    from control.context import HandlerContext

_log = logs.get(__name__)

_COOKIE = "qbitrr_oidc"
_LOGIN_SECONDS = 600


def add_login(application: web.Application, base: str, context: HandlerContext) -> None:
    """Serve both steps below a path prefix. Raises ConfigError when another route has the callback path."""
    if find_spec("joserfc") is None:
        _log.error("login at the provider was disabled", remedy="install qbitrrd[oidc]")
        return
    callback_path = base + (context.loaded.config.webui.oidc.callback_path or "/signin-oidc")
    if any(resource.canonical == callback_path for resource in application.router.resources()):
        problem = Problem("WebUI.OIDC.CallbackPath", f'"{callback_path}"', "a path that is not in use")
        raise ConfigError([problem])

    async def start(request: web.Request) -> web.Response:
        return await _start(request, context, callback_path)

    async def finish(request: web.Request) -> web.Response:
        return await _finish(request, context, callback_path, f"{base}/ui")

    application.router.add_get(f"{base}/login/oidc", start)
    application.router.add_get(callback_path, finish)


async def _start(request: web.Request, context: HandlerContext, callback_path: str) -> web.Response:
    """Send the browser to the provider."""
    access = context.access
    signer = access.signer("oidc")
    cookie = signer.issue(context.clock.wall(), _LOGIN_SECONDS)
    provider = OidcProvider(access.webui.oidc)
    redirect_uri = _redirect_uri(request, context, callback_path)
    response = answers.redirect(await provider.authorization_url(redirect_uri, _pending(signer, cookie)))
    # Lax: the provider sends the browser back from another site
    response.set_cookie(
        _COOKIE, cookie, max_age=_LOGIN_SECONDS, httponly=True, samesite="Lax", secure=access.is_https(request)
    )
    return response


async def _finish(request: web.Request, context: HandlerContext, callback_path: str, page: str) -> web.Response:
    """Log the browser in that comes back from the provider, and send it to the page."""
    access = context.access
    signer = access.signer("oidc")
    cookie, code = request.cookies.get(_COOKIE, ""), request.query.get("code", "")
    login = _pending(signer, cookie)
    is_ours = signer.is_valid(cookie, context.clock.wall()) and equal(request.query.get("state", ""), login.state)
    if not (is_ours and code):
        raise UnauthorizedError("The login was not started here, or took too long; start again")
    redirect_uri = _redirect_uri(request, context, callback_path)
    claims = await OidcProvider(access.webui.oidc).claims(code, redirect_uri, login)
    _log.info("user logged in at the provider", subject=claims.get("sub"))
    response = answers.redirect(page)
    access.start_session(response, request)
    response.del_cookie(_COOKIE)
    return response


def _pending(signer: CookieSigner, cookie: str) -> PendingLogin:
    return PendingLogin(*(signer.derive(cookie, part) for part in PendingLogin._fields))


def _redirect_uri(request: web.Request, context: HandlerContext, callback_path: str) -> str:
    scheme = "https" if context.access.is_https(request) else "http"
    return f"{scheme}://{request.host}{callback_path}"
