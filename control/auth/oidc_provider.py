"""Client of an OpenID Connect provider: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636)."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import aiohttp
import msgspec

from control.auth.access import equal
from qbitrr.config.redact import redact_url
from qbitrr.errors import ConfigError, Problem, UnauthorizedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from qbitrr.config.model import Oidc

STEP_SECONDS = 15.0  # for all answers of the provider that one step of a login needs
_LARGEST_ANSWER_BYTES = 1 << 20
# "none" is missing, and so are symmetric algorithms: with them a public key could serve as the shared secret
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]


class PendingLogin(NamedTuple):
    """The secrets that tie both steps of one login together; `verifier` is that of PKCE."""

    state: str
    nonce: str
    verifier: str


class OidcProvider:
    """The provider of `[WebUI.OIDC]`. Its endpoints are read in each step of a login, which keeps no state."""

    def __init__(self, config: Oidc) -> None:
        self._config = config

    async def authorization_url(self, redirect_uri: str, login: PendingLogin) -> str:
        """Return the address where the user logs in. Raises ConfigError, UnreachableError."""
        async with _session() as http:
            endpoints = await self._discover(http)
        challenge = hashlib.sha256(login.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._config.scopes,
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        authorization = endpoints["authorization_endpoint"]
        return f"{authorization}{'&' if '?' in authorization else '?'}{urlencode(query)}"

    async def claims(self, code: str, redirect_uri: str, login: PendingLogin) -> dict[str, Any]:
        """Exchange a code for the claims about the user who logged in.

        Raises UnauthorizedError unless they are signed by the provider for us and for this login; ConfigError,
        UnreachableError.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
            "code_verifier": login.verifier,
        }
        async with _session() as http:
            endpoints = await self._discover(http)
            tokens = await _request(http, "POST", endpoints["token_endpoint"], form)
            keys = await _request(http, "GET", endpoints["jwks_uri"])
        return _verified_claims(
            str(tokens.get("id_token", "")), keys, endpoints["issuer"], self._config.client_id, login.nonce
        )

    async def _discover(self, http: aiohttp.ClientSession) -> dict[str, str]:
        """Read the issuer and the endpoints of the provider (OpenID Connect Discovery 1.0)."""
        authority = self._config.authority.rstrip("/")
        scheme = authority.partition("://")[0].lower()
        if scheme != "https" and (scheme != "http" or self._config.require_https_metadata):
            shown = redact_url(authority)
            problem = Problem("WebUI.OIDC.Authority", f'"{shown}"', "an address that begins with https://")
            raise ConfigError([problem])
        found = await _request(http, "GET", f"{authority}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != authority:
            raise UnreachableError("OIDC", "the provider names another issuer; correct WebUI.OIDC.Authority")
        names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        if not all(isinstance(found.get(name), str) for name in names):
            raise UnreachableError("OIDC", "the provider does not name its endpoints")
        return {name: found[name] for name in names}


def _verified_claims(id_token: str, keys: Any, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """Check what an ID token says of itself (OpenID Connect Core 1.0, section 3.1.3.7)."""
    from joserfc import jwt  # noqa: PLC0415 - optional, and only needed for a login
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    try:
        claims: dict[str, Any] = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims
        jwt.JWTClaimsRegistry(exp={"essential": True}, sub={"essential": True}, leeway=60).validate(claims)
    except (JoseError, ValueError, TypeError, LookupError, AttributeError) as error:  # the last ones: keys of no shape
        raise UnauthorizedError(f"The provider's answer cannot be trusted: {type(error).__name__}") from None
    is_for_this_login = claims.get("iss") == issuer and equal(str(claims.get("nonce", "")), nonce)
    if not (isinstance(claims["sub"], str) and is_for_this_login and _is_for(client_id, claims)):
        raise UnauthorizedError("The provider's answer is for another client or another login")
    return claims


def _is_for(client_id: str, claims: Mapping[str, Any]) -> bool:
    """Whether a token was issued to a client, `azp`, and is for it; one for several has to name that client."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return client_id in audiences and claims.get("azp", client_id if len(audiences) == 1 else None) == client_id


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client for one step of a login, which has a time limit as a whole. Raises UnreachableError."""
    try:
        async with asyncio.timeout(STEP_SECONDS), aiohttp.ClientSession() as http:
            yield http
    except TimeoutError:
        raise UnreachableError("OIDC", "the provider does not answer in time") from None


async def _request(
    http: aiohttp.ClientSession, method: str, url: str, form: dict[str, str] | None = None
) -> dict[str, Any]:
    try:
        async with http.request(method, url, data=form, allow_redirects=False) as response:
            body = await _read(response)
            if response.status != 200:
                raise UnreachableError("OIDC", f"the provider answered with status {response.status}")
            return msgspec.json.decode(body, type=dict[str, Any])
    except (aiohttp.ClientError, ValueError) as error:
        raise UnreachableError("OIDC", f"the provider does not answer as it should: {type(error).__name__}") from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer to its end: a network may deliver it in many pieces. Raises UnreachableError."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST_ANSWER_BYTES:
            raise UnreachableError("OIDC", "an answer of the provider is too large")
    return bytes(body)
