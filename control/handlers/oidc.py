"""Login at an OpenID Connect provider: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636).

Whoever the provider lets in is let in. Nothing is kept here between the two steps: what they share is derived from a
cookie that only this browser has and only we can have signed.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp import web

from control.auth import session_cookie
from control.auth.access import fits, session_secret
from control.handlers.login import with_session
from control.web import answers
from qbitrr import logs
from qbitrr.errors import ConfigError, Problem, UnauthorizedError, UnreachableError

if TYPE_CHECKING:
    from control.context import HandlerContext
    from qbitrr.config.model import Oidc

_log = logs.get(__name__)

_COOKIE = "qbitrr_oidc"
_STEP_SECONDS = 600
_LIMITS = aiohttp.ClientTimeout(total=15)
_LARGEST_ANSWER_BYTES = 1 << 20
# not "none", and none that a public key could be taken for a shared secret with
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]


def add_login(application: web.Application, base: str, context: HandlerContext) -> None:
    """Serve both steps below a path prefix. Raises ConfigError for a callback path that is taken."""
    if find_spec("joserfc") is None:
        _log.error("login at the provider is not possible", remedy="install qbitrr[oidc]")
        return
    path = base + (context.loaded.config.webui.oidc.callback_path or "/signin-oidc")
    if any(resource.canonical == path for resource in application.router.resources()):
        raise ConfigError([Problem("WebUI.OIDC.CallbackPath", f'"{path}"', "a path that is not taken")])

    async def begin(request: web.Request) -> web.Response:
        return await _begin(request, context, path)

    async def end(request: web.Request) -> web.Response:
        response = await _end(request, context, path)
        response.headers["Location"] = f"{base}/ui"
        return response

    application.router.add_get(f"{base}/login/oidc", begin)
    application.router.add_get(path, end)


async def _begin(request: web.Request, context: HandlerContext, path: str) -> web.Response:
    """Send the browser to the provider."""
    oidc = context.loaded.config.webui.oidc
    async with aiohttp.ClientSession(timeout=_LIMITS) as http:
        provider = await _discover(http, oidc)
    secret = _secret(context)
    cookie = session_cookie.issue(secret, context.clock.wall(), _STEP_SECONDS)
    challenge = hashlib.sha256(session_cookie.derived(cookie, secret, "verifier").encode()).digest()
    query = {
        "response_type": "code",
        "client_id": oidc.client_id,
        "redirect_uri": _redirect_uri(request, context, path),
        "scope": oidc.scopes,
        "state": session_cookie.derived(cookie, secret, "state"),
        "nonce": session_cookie.derived(cookie, secret, "nonce"),
        "code_challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    mark = "&" if "?" in provider["authorization_endpoint"] else "?"
    response = answers.redirect(f"{provider['authorization_endpoint']}{mark}{urlencode(query)}")
    # Lax: the provider sends the browser back from another site
    response.set_cookie(
        _COOKIE, cookie, max_age=_STEP_SECONDS, httponly=True, samesite="Lax", secure=_is_https(request, context)
    )
    return response


async def _end(request: web.Request, context: HandlerContext, path: str) -> web.Response:
    """The browser is back: check what it brings and log it in."""
    oidc, secret = context.loaded.config.webui.oidc, _secret(context)
    cookie, code = request.cookies.get(_COOKIE, ""), request.query.get("code", "")
    ours = bool(cookie) and session_cookie.holds(cookie, secret, context.clock.wall())
    if not (ours and code and fits(request.query.get("state", ""), session_cookie.derived(cookie, secret, "state"))):
        raise UnauthorizedError("The login was not begun here, or took too long; begin again")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _redirect_uri(request, context, path),
        "client_id": oidc.client_id,
        "client_secret": oidc.client_secret,
        "code_verifier": session_cookie.derived(cookie, secret, "verifier"),
    }
    async with aiohttp.ClientSession(timeout=_LIMITS) as http:
        provider = await _discover(http, oidc)
        tokens = await _ask(http, "POST", provider["token_endpoint"], form)
        keys = await _ask(http, "GET", provider["jwks_uri"])
    nonce = session_cookie.derived(cookie, secret, "nonce")
    claims = _claims(str(tokens.get("id_token", "")), keys, provider["issuer"], oidc.client_id, nonce)
    _log.info("login at the provider succeeded", subject=claims.get("sub"))
    response = with_session(answers.redirect("ui"), context, request)
    response.del_cookie(_COOKIE)
    return response


def _claims(id_token: str, keys: Any, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """What a provider says of who logged in. Raises UnauthorizedError unless it is meant for us and for this login."""
    from joserfc import jwt  # noqa: PLC0415 - optional, and only needed for a login
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    try:
        claims: dict[str, Any] = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims
        jwt.JWTClaimsRegistry(exp={"essential": True}, sub={"essential": True}, leeway=60).validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise UnauthorizedError(f"The provider's answer cannot be trusted: {type(error).__name__}") from None
    audience = claims.get("aud")
    meant_for_us = client_id in (audience if isinstance(audience, list) else [audience])
    if not (meant_for_us and claims.get("iss") == issuer and fits(str(claims.get("nonce", "")), nonce)):
        raise UnauthorizedError("The provider's answer was meant for somebody else")
    return claims


async def _discover(http: aiohttp.ClientSession, oidc: Oidc) -> dict[str, str]:
    """The addresses of the provider. Raises ConfigError, UnreachableError."""
    authority = oidc.authority.rstrip("/")
    scheme = authority.partition("://")[0].lower()
    if scheme != "https" and (scheme != "http" or oidc.require_https_metadata):
        raise ConfigError([Problem("WebUI.OIDC.Authority", f'"{authority}"', "an address that begins with https://")])
    found = await _ask(http, "GET", f"{authority}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != authority:
        raise UnreachableError("OIDC", "the provider calls itself otherwise; correct WebUI.OIDC.Authority")
    names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    if not all(isinstance(found.get(name), str) for name in names):
        raise UnreachableError("OIDC", "the provider does not tell its addresses")
    return {name: found[name] for name in names}


async def _ask(
    http: aiohttp.ClientSession, method: str, url: str, form: dict[str, str] | None = None
) -> dict[str, Any]:
    try:
        async with http.request(method, url, data=form, allow_redirects=False) as response:
            body = await response.content.read(_LARGEST_ANSWER_BYTES)
            if response.status != 200:
                raise UnreachableError("OIDC", f"the provider answered with status {response.status}")
            return msgspec.json.decode(body, type=dict[str, Any])
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise UnreachableError("OIDC", f"the provider does not answer as it should: {type(error).__name__}") from None


def _redirect_uri(request: web.Request, context: HandlerContext, path: str) -> str:
    scheme = "https" if _is_https(request, context) else "http"
    return f"{scheme}://{request.host}{path}"


def _is_https(request: web.Request, context: HandlerContext) -> bool:
    return request.secure or context.loaded.config.webui.behind_https_proxy


def _secret(context: HandlerContext) -> str:
    """Another one than that of sessions: a cookie of the first step is no login."""
    return f"{session_secret(context)}\0oidc"
