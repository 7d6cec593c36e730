"""Which users of an OpenID Connect provider may log in: the provider proves who a user is, not what it may do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.config.model import Oidc


def may_log_in(oidc: Oidc, claims: Mapping[str, Any]) -> bool:
    """Whether the configuration admits the user whom verified claims describe; no one without a condition in it."""
    if not (oidc.allowed_subjects or oidc.allowed_emails or oidc.required_claim):
        return False
    is_listed = not (oidc.allowed_subjects or oidc.allowed_emails) or _is_listed(oidc, claims)
    return is_listed and (not oidc.required_claim or _has(oidc.required_claim, claims))


def _is_listed(oidc: Oidc, claims: Mapping[str, Any]) -> bool:
    email = claims.get("email")
    is_verified = claims.get("email_verified") is True  # anyone can write any address into a profile
    return claims.get("sub") in oidc.allowed_subjects or (
        is_verified and isinstance(email, str) and _folded(email) in map(_folded, oidc.allowed_emails)
    )


def _folded(email: str) -> bytes:
    """Lower ASCII letters only: with others, two different addresses would become the same."""
    return email.encode(errors="surrogateescape").lower()


def _has(required: str, claims: Mapping[str, Any]) -> bool:
    """Whether a claim is `name=value`, or a list with the value in it."""
    name, _, value = required.partition("=")
    found = claims.get(name)
    return value in found if isinstance(found, list) else bool(value) and found == value
