"""`/login`: how the page gets in. The token or a password once, then a cookie that scripts cannot read."""

import asyncio
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.auth import session_cookie
from control.auth.access import admit_to_web, author_of, client_address, fits, is_known, require_trusted, session_secret
from control.context import HandlerContext
from control.handlers.config import Changed
from control.handlers.shared import Nothing
from control.web import answers
from qbitrr.errors import BadRequestError, UnauthorizedError

_NO_SUCH_HASH = "$2b$12$C6UzMDM.H6dfI/f/IKcEeO5z2Jt3ZsB0W1FfYJdGQvVZk0Hq1b6yS"  # costs what a real one does
_LONGEST_PASSWORD_BYTES = 72  # bcrypt looks at no more


class Ways(Struct, frozen=True, rename="camel"):
    """How one can log in here, and whether the caller needs to."""

    token: bool
    password: bool
    oidc: bool
    logged_in: bool
    needed: bool


class LoginRequest(Struct, frozen=True):
    """Either the token, or user name and password."""

    token: Annotated[str, Meta(description="WebUI.Token of the configuration.")] = ""
    username: Annotated[str, Meta(description="WebUI.Username of the configuration.")] = ""
    password: Annotated[str, Meta(description="The password that belongs to it.")] = ""


class PasswordRequest(Struct, frozen=True):
    """The new login of the page."""

    username: Annotated[str, Meta(description="User name.", min_length=1)]
    password: Annotated[str, Meta(description="Password, at least 8 characters.", min_length=8)]


class Done(Struct, frozen=True):
    """It is so now."""

    success: bool


async def ways(context: HandlerContext, _request: Nothing, http: web.Request) -> Ways:
    """How to log in, and whether the caller has to."""
    webui = context.loaded.config.webui
    try:
        admit_to_web(context)(http)
        needed = False
    except UnauthorizedError:
        needed = True
    password = webui.local_auth_enabled and bool(webui.password_hash)
    return Ways(
        token=True, password=password, oidc=webui.oidc_enabled, logged_in=is_known(http, context), needed=needed
    )


async def login(context: HandlerContext, request: LoginRequest, http: web.Request) -> web.Response:
    """Log in. The answer sets a cookie that stands for the token from then on."""
    address = client_address(http, context)
    context.login_throttle.check(address)
    by_token = bool(request.token) and fits(request.token, context.token)
    if not by_token and not await _password_fits(context, request):
        context.login_throttle.failed(address)
        raise UnauthorizedError("Unauthorized: wrong token, or wrong user name or password")
    return with_session(answers.json(Done(success=True)), context, http)


async def logout(_context: HandlerContext, _request: Nothing, http: web.Request) -> web.Response:
    """Forget the cookie."""
    response = answers.json(Done(success=True))
    response.del_cookie(session_cookie.COOKIE, path="/", httponly=True, samesite="Strict", secure=http.secure)
    return response


async def set_password(context: HandlerContext, request: PasswordRequest, http: web.Request) -> Changed:
    """Set user name and password of the page; all other logins end."""
    import bcrypt  # noqa: PLC0415 - seldom needed, and never in a worker

    require_trusted(http, context, "The login")
    password = request.password.encode()
    if len(password) > _LONGEST_PASSWORD_BYTES:
        raise BadRequestError(f"A password has at most {_LONGEST_PASSWORD_BYTES} bytes", {"parameter": "password"})
    hashed = (await asyncio.to_thread(bcrypt.hashpw, password, bcrypt.gensalt())).decode()
    changes = {
        "WebUI.Username": request.username,
        "WebUI.PasswordHash": hashed,
        "WebUI.LocalAuthEnabled": True,
    }
    plan = await context.config_editor.apply(changes, [], author_of(http, context))
    return Changed(success=True, message="Password set", plan=plan)


def with_session(response: web.Response, context: HandlerContext, http: web.Request) -> web.Response:
    """The response with the cookie of a login."""
    response.set_cookie(
        session_cookie.COOKIE,
        session_cookie.issue(session_secret(context), context.clock.wall()),
        max_age=session_cookie.LASTS_SECONDS,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=http.secure or context.loaded.config.webui.behind_https_proxy,
    )
    return response


async def _password_fits(context: HandlerContext, request: LoginRequest) -> bool:
    """Takes as long for a wrong user name as for a wrong password."""
    import bcrypt  # noqa: PLC0415 - seldom needed, and never in a worker

    webui = context.loaded.config.webui
    if not (webui.local_auth_enabled and webui.password_hash and request.password):
        return False
    known_user = fits(request.username, webui.username)
    stored = webui.password_hash if known_user else _NO_SUCH_HASH
    password = request.password.encode(errors="surrogateescape")[:_LONGEST_PASSWORD_BYTES]
    try:
        right = await asyncio.to_thread(bcrypt.checkpw, password, stored.encode())
    except ValueError:  # what stands in the file is no hash
        return False
    return right and known_user
