"""`/login`, `/logout` and `password`: the token or a password once, then a cookie that scripts cannot read."""

import asyncio
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.auth.access import equal
from control.auth.rights import READ
from control.auth.roles import Author, Caller
from control.binding import AUTHOR
from control.context import HandlerContext
from control.handlers.config import Changed
from control.handlers.shared import Nothing
from control.web import answers
from qbitrr.errors import BadRequestError, UnauthorizedError

_HASH_OF_NO_ONE = "$2b$12$C6UzMDM.H6dfI/f/IKcEeO5z2Jt3ZsB0W1FfYJdGQvVZk0Hq1b6yS"  # as expensive as a real one
_MOST_PASSWORD_BYTES = 72  # bcrypt ignores the rest


class LoginMethods(Struct, frozen=True, rename="camel"):
    """The ways to log in here, and whether the caller is logged in or needs to be."""

    token: bool
    password: bool
    oidc: bool
    logged_in: bool
    needed: bool


class LoginRequest(Struct, frozen=True):
    """Either the token, or user name and password, or the key of a link for the first login."""

    token: Annotated[str, Meta(description="WebUI.Token of the configuration.")] = ""
    username: Annotated[str, Meta(description="WebUI.Username of the configuration.")] = ""
    password: Annotated[str, Meta(description="The password that belongs to it.")] = ""
    link: Annotated[str, Meta(description="The key in the link that the first start has printed.")] = ""


class PasswordRequest(Struct, frozen=True):
    """The new login of the page."""

    username: Annotated[str, Meta(description="User name.", min_length=1)]
    password: Annotated[str, Meta(description="Password, at least 8 characters.", min_length=8)]


class Success(Struct, frozen=True):
    """The request succeeded."""

    success: bool


async def methods(context: HandlerContext, _request: Nothing, http: web.Request) -> LoginMethods:
    """List the ways to log in, and whether the caller has to."""
    access, webui = context.access, context.access.webui
    try:
        await access.admit_to_web(http, READ)
        needed = False
    except UnauthorizedError:
        needed = True
    return LoginMethods(
        token=True,
        password=webui.local_auth_enabled and bool(webui.password_hash),
        oidc=webui.oidc_enabled,
        logged_in=bool(access.credential(http)),
        needed=needed,
    )


async def log_in(context: HandlerContext, request: LoginRequest, http: web.Request) -> web.Response:
    """Log in. The answer sets a cookie that is valid in place of the token."""
    access = context.access
    address = access.client_address(http)
    access.throttle.check(address)
    proof = await _proof(context, request)
    if not proof:
        access.throttle.failed(address)
        raise UnauthorizedError("Unauthorized: wrong token, or wrong user name or password")
    async with context.audit.entry(Author(address, Caller.CREDENTIAL, proof), f"POST {http.path}"):
        response = answers.json(Success(success=True))
        access.start_session(response, http)
    return response


async def log_out(context: HandlerContext, _request: Nothing, http: web.Request) -> web.Response:
    """Delete the cookie."""
    response = answers.json(Success(success=True))
    context.access.end_session(response, http)
    return response


async def set_password(context: HandlerContext, request: PasswordRequest, http: web.Request) -> Changed:
    """Set user name and password of the page; all other logins end, and reading needs a login from then on."""
    import bcrypt  # noqa: PLC0415 - seldom needed, and never in a worker

    password = request.password.encode()
    if len(password) > _MOST_PASSWORD_BYTES:
        raise BadRequestError(f"A password has at most {_MOST_PASSWORD_BYTES} bytes", {"parameter": "password"})
    hashed = (await asyncio.to_thread(bcrypt.hashpw, password, bcrypt.gensalt())).decode()
    changes = {
        "WebUI.Username": request.username,
        "WebUI.PasswordHash": hashed,
        "WebUI.LocalAuthEnabled": True,
        "WebUI.WebAccess": "token",
    }
    plan = await context.config_editor.apply(changes, ["WebUI.AuthDisabled"], http[AUTHOR])
    message = "Password set; from now on everything needs a login or the token (WebAccess = token)"
    return Changed(success=True, message=message, plan=plan)


async def _proof(context: HandlerContext, request: LoginRequest) -> str:
    """Name what proves the login; empty when nothing does."""
    if request.token and equal(request.token, context.access.token):
        return "token"
    if request.link and context.login_link is not None and context.login_link.redeem(request.link):
        return "login link"
    return f"password of {request.username}" if await _has_password(context, request) else ""


async def _has_password(context: HandlerContext, request: LoginRequest) -> bool:
    """Whether user name and password are right; takes as long for a wrong name as for a wrong password."""
    import bcrypt  # noqa: PLC0415 - seldom needed, and never in a worker

    webui = context.access.webui
    if not (webui.local_auth_enabled and webui.password_hash and request.password):
        return False
    is_user = equal(request.username, webui.username)
    stored = webui.password_hash if is_user else _HASH_OF_NO_ONE
    password = request.password.encode(errors="surrogateescape")[:_MOST_PASSWORD_BYTES]
    try:
        matches = await asyncio.to_thread(bcrypt.checkpw, password, stored.encode())
    except ValueError:  # the configuration holds no hash
        return False
    return matches and is_user
