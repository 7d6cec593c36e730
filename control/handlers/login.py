"""`/login`, `/logout` and `password`: the token or a password once, then a cookie that scripts cannot read."""

from contextlib import suppress
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.auth.access import equal
from control.auth.passwords import MOST_BYTES
from control.auth.rights import READ
from control.auth.roles import Author, Caller
from control.auth.sessions import Method
from control.binding import AUTHOR
from control.context import HandlerContext
from control.handlers.config import Changed
from control.handlers.shared import Nothing
from control.web import answers
from control.web.errors import unfit
from qbitrr.errors import StateError, UnauthorizedError


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
    method = _shown(context, request) or await _by_password(context, request, address)
    if method is None:
        raise UnauthorizedError("Unauthorized: wrong token, or wrong user name or password")
    user = access.webui.username if method == "password" else ""
    proof = f"password of {user}" if user else method
    async with context.audit.entry(Author(address, Caller.CREDENTIAL, proof), f"POST {http.path}"):
        response = answers.json(Success(success=True))
        await access.start_session(response, http, method, user)
    return response


async def log_out(context: HandlerContext, _request: Nothing, http: web.Request) -> web.Response:
    """End the login of this browser, and delete its cookie."""
    response = answers.json(Success(success=True))
    await context.access.end_session(response, http)
    return response


async def set_password(context: HandlerContext, request: PasswordRequest, http: web.Request) -> Changed:
    """Set user name and password of the page; all logins end, and reading needs a login from then on."""
    username, password = request.username.strip(), request.password.encode()
    if not username:
        raise unfit("username", "Must not be blank")
    if len(password) > MOST_BYTES:
        raise unfit("password", f"Must have at most {MOST_BYTES} bytes")
    changes = {
        "WebUI.Username": username,
        "WebUI.PasswordHash": await context.passwords.hash(password),
        "WebUI.LocalAuthEnabled": True,
        "WebUI.WebAccess": "token",
    }
    plan = await context.config_editor.apply(changes, ["WebUI.AuthDisabled"], {}, http[AUTHOR])
    with suppress(StateError):  # they have ended already, also in the file: their grounds are gone
        await context.access.sessions.end(lambda _: True)
    message = "Password set; from now on everything needs a login or the token (WebAccess = token)"
    return Changed(success=True, message=message, plan=plan)


def _shown(context: HandlerContext, request: LoginRequest) -> Method | None:
    """What of a request proves it at once: no guess can be made while it is compared."""
    if request.token and equal(request.token, context.access.token):
        return "token"
    if request.link and context.login_link is not None and context.login_link.redeem(request.link):
        return "login link"
    return None


async def _by_password(context: HandlerContext, request: LoginRequest, address: str) -> Method | None:
    """Check user name and password, for a wrong name as long as for a wrong password. Raises TooManyAttemptsError."""
    throttle, webui = context.access.throttle, context.access.webui
    throttle.start_guess(address)
    if not (webui.local_auth_enabled and webui.password_hash and request.password):
        return None
    stored = webui.password_hash if equal(request.username.strip(), webui.username) else None
    if not await context.passwords.match(request.password, stored):
        return None
    throttle.guessed(address)
    return "password"
