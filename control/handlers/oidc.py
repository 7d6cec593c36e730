"""`/login/oidc`: login at an OpenID Connect provider, in two steps with the browser's way there and back in between.

The provider proves who a user is; the configuration says who may log in. No state is kept between the steps: what they
share is derived from a cookie that only this browser has and that only we can have signed.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from control.auth.access import equal
from control.auth.oidc_provider import OidcProvider, PendingLogin
from control.auth.oidc_users import may_log_in
from control.auth.roles import Author, Caller
from control.web import answers
from qbitrr import logs
from qbitrr.errors import ConfigError, ForbiddenError, Problem, TooManyRequestsError, UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

    from control.auth.session_cookie import CookieSigner
    from control.context import HandlerContext

_log = logs.get(__name__)

_COOKIE = "qbitrr_oidc"
_LOGIN_SECONDS = 600
_MOST_UNDER_WAY = 16
_REMEDY = "add the subject to WebUI.OIDC.AllowedSubjects if it may"


def add_login(application: web.Application, base: str, context: HandlerContext) -> None:
    """Serve both steps below a path prefix. Raises ConfigError when another route has the callback path."""
    if find_spec("joserfc") is None:
        _log.error("login at the provider was disabled", remedy="install qbitrrd[oidc]")
        return
    callback_path = base + (context.loaded.config.webui.oidc.callback_path or "/signin-oidc")
    if any(resource.canonical == callback_path for resource in application.router.resources()):
        problem = Problem("WebUI.OIDC.CallbackPath", f'"{callback_path}"', "a path that is not in use")
        raise ConfigError([problem])
    login = _Login(context, callback_path, page=f"{base}/ui")
    application.router.add_get(f"{base}/login/oidc", login.start)
    application.router.add_get(callback_path, login.finish)


class _Login:
    """Both steps. Everyone can ask for them, so few run at a time, and refused users are counted by address."""

    def __init__(self, context: HandlerContext, callback_path: str, page: str) -> None:
        self._context = context
        self._callback_path = callback_path
        self._page = page
        self._under_way = 0

    async def start(self, request: web.Request) -> web.Response:
        """Send the browser to the provider."""
        access = self._context.access
        access.throttle.check(access.client_address(request))
        signer = access.signer("oidc")
        cookie = signer.issue(self._context.clock.wall(), _LOGIN_SECONDS)
        with self._at_the_provider():
            provider = OidcProvider(access.webui.oidc)
            url = await provider.authorization_url(self._redirect_uri(request), _pending(signer, cookie))
        response = answers.redirect(url)
        # Lax: the provider sends the browser back from another site
        response.set_cookie(
            _COOKIE, cookie, max_age=_LOGIN_SECONDS, httponly=True, samesite="Lax", secure=access.is_https(request)
        )
        return response

    async def finish(self, request: web.Request) -> web.Response:
        """Log the browser in that comes back from the provider, and send it to the page."""
        access = self._context.access
        address = access.client_address(request)
        access.throttle.check(address)
        signer = access.signer("oidc")
        cookie, code = request.cookies.get(_COOKIE, ""), request.query.get("code", "")
        login = _pending(signer, cookie)
        is_ours = signer.is_valid(cookie, self._context.clock.wall())
        if not (is_ours and equal(request.query.get("state", ""), login.state) and code):
            raise UnauthorizedError("The login was not started here, or took too long; start again")
        try:
            subject = await self._admitted(request, code, login)
        except (UnauthorizedError, ForbiddenError):
            access.throttle.failed(address)
            raise
        response = answers.redirect(self._page)
        author = Author(address, Caller.CREDENTIAL, f"provider, as {subject}")
        async with self._context.audit.entry(author, f"GET {request.path}"):
            await access.start_session(response, request, "provider", subject)
        response.del_cookie(_COOKIE)
        return response

    async def _admitted(self, request: web.Request, code: str, login: PendingLogin) -> str:
        """The id of the user who logged in. Raises UnauthorizedError, ForbiddenError for one who may not."""
        oidc = self._context.access.webui.oidc
        with self._at_the_provider():
            claims = await OidcProvider(oidc).claims(code, self._redirect_uri(request), login)
        subject = str(claims["sub"])
        if not may_log_in(oidc, claims):
            _log.warning("user of the provider was refused", subject=subject, remedy=_REMEDY)
            raise ForbiddenError("The provider knows you, but you may not log in here")
        return subject

    @contextmanager
    def _at_the_provider(self) -> Iterator[None]:
        """Count a step while it waits for the provider. Raises TooManyRequestsError."""
        if self._under_way >= _MOST_UNDER_WAY:
            raise TooManyRequestsError("Too many logins at the provider are under way; try again in a moment")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def _redirect_uri(self, request: web.Request) -> str:
        scheme = "https" if self._context.access.is_https(request) else "http"
        return f"{scheme}://{request.host}{self._callback_path}"


def _pending(signer: CookieSigner, cookie: str) -> PendingLogin:
    return PendingLogin(*(signer.derive(cookie, part) for part in PendingLogin._fields))
