"""Who may read `/web` without a credential, as the configuration and the surroundings say together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from qbitrr.config.model import WebAccess, WebUI


class Exposure(NamedTuple):
    """The access that is in force, and why."""

    access: WebAccess
    because: str


def exposure(webui: WebUI, *, in_container: bool) -> Exposure:
    """Choose `WebUI.WebAccess`; without it `token` where a login is asked for or an address proves nothing.

    In a container and behind a proxy that hides addresses the whole internet can seem to be a private network.
    """
    if webui.web_access is not None:
        return Exposure(webui.web_access, "WebUI.WebAccess says so")
    reasons = {
        "AuthDisabled is false": webui.auth_disabled is False,
        "LocalAuthEnabled is on": webui.local_auth_enabled,
        "OIDCEnabled is on": webui.oidc_enabled,
        "a password is set": bool(webui.password_hash),
        "addresses prove nothing in a container": in_container,
        "a reverse proxy is configured, but no TrustedProxies": (
            (webui.behind_https_proxy or bool(webui.url_base)) and not webui.trusted_proxies
        ),
    }
    because = next((reason for reason, holds in reasons.items() if holds), None)
    return Exposure("auto", "nothing asks for a login") if because is None else Exposure("token", because)
