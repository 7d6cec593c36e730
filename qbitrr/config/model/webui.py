"""`[WebUI]`: the HTTP control plane, who may use it, and the appearance of the page."""

from typing import Annotated, Literal

from msgspec import field

from qbitrr.config.model.key import Table, key

WebAccess = Literal["auto", "open", "token"]
Theme = Literal["System", "Dark", "Light"]
ViewDensity = Literal["Comfortable", "Compact"]


class Oidc(Table, frozen=True):
    """`[WebUI.OIDC]`: login at an OpenID Connect provider.

    A user of the provider is admitted who is in one of both lists, if there is one, and has the claim, if there is one.
    """

    authority: Annotated[str, key("text", "Address of the provider (issuer).", change="web")] = ""
    client_id: Annotated[str, key("text", "Client id registered there.", change="web")] = ""
    client_secret: Annotated[str, key("text", "Client secret registered there.", change="web", secret=True)] = ""
    scopes: Annotated[str, key("text", "Scopes to ask for, with blanks between.", change="web")] = "openid profile"
    callback_path: Annotated[
        str,
        key("path_prefix", "Path to which the provider sends the browser back.", change="daemon"),
    ] = "/signin-oidc"
    require_https_metadata: Annotated[
        bool,
        key("flag", "Accept only a provider that is reached by https.", change="web"),
    ] = True
    allowed_subjects: Annotated[
        tuple[str, ...],
        key("name", "Users who may log in, by the provider's id of them (sub), which the log shows.", change="web"),
    ] = ()
    allowed_emails: Annotated[
        tuple[str, ...],
        key("name", "Users who may log in, by an address that the provider has verified.", change="web"),
    ] = ()
    required_claim: Annotated[
        str,
        key("text", 'What a user must have besides, or alone: a claim and its value, "groups=admins".', change="web"),
    ] = ""


class WebUI(Table, frozen=True):
    """`[WebUI]`."""

    host: Annotated[
        str,
        key("name", 'Address to listen on: "127.0.0.1" this machine only, "0.0.0.0" or "::" all.', change="daemon"),
    ] = "127.0.0.1"
    port: Annotated[int, key("integer", "Port to listen on.", change="daemon", ge=1, le=65535)] = 6969
    token: Annotated[
        str,
        key("text", "Token for /api. When empty, one is made at the next start.", change="web", secret=True),
    ] = ""
    read_token: Annotated[
        str,
        key(
            "text",
            "A second token, with which /api and /web can be read and nothing be changed: for dashboards, and for "
            "Peers of other daemons.",
            change="web",
            secret=True,
        ),
    ] = ""
    peers: Annotated[
        tuple[str, ...],
        key(
            "peer",
            'Other daemons that the page shows too, as "http://name:ReadToken@host:6969" with the ReadToken of each.',
            change="web",
            secret=True,
        ),
    ] = ()
    web_access: Annotated[
        WebAccess | None,
        key(
            "choice",
            "Who may read /web and the page without a login: private networks (auto), everyone (open), no one (token)."
            " Not set: auto; but token with a login, in a container, or behind a proxy that is not in TrustedProxies.",
            change="web",
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        key("network", "Addresses or networks of reverse proxies whose X-Forwarded-For counts.", change="web"),
    ] = ()
    allowed_hosts: Annotated[
        tuple[str, ...],
        key("host", "Further host names under which browsers reach the page.", change="web"),
    ] = ()
    public_url: Annotated[
        str,
        key(
            "own_url",
            "Address under which you reach the page from outside. Messages lead there, and have links with which one "
            "answer is given without a login, once, within three days.",
            change="web",
        ),
    ] = field(name="PublicURL", default="")
    auth_disabled: Annotated[
        bool | None,
        key("flag", "Kept for older files. false is the same as WebAccess = token.", change="web"),
    ] = None
    allow_insecure_exposure: Annotated[
        bool,
        key("flag", 'Confirms WebAccess = "open", which is refused without it.', change="web"),
    ] = False
    allow_insecure_token_query: Annotated[
        bool,
        key("flag", "Kept for older files. A token in an address is never accepted.", change="web"),
    ] = False
    behind_https_proxy: Annotated[
        bool,
        key("flag", "A reverse proxy serves the page by https: mark cookies as Secure.", change="web"),
    ] = False
    url_base: Annotated[
        str,
        key("path_prefix", 'Path under which a reverse proxy shows qbitrr, such as "/qbitrr".', change="daemon"),
    ] = ""
    local_auth_enabled: Annotated[bool, key("flag", "Login with Username and password.", change="web")] = False
    oidc_enabled: Annotated[
        bool,
        key("flag", "Login at the provider in [WebUI.OIDC]; needs qbitrrd[oidc].", change="daemon"),
    ] = field(name="OIDCEnabled", default=False)
    username: Annotated[str, key("text", "User name of the local login.", change="web")] = ""
    password_hash: Annotated[
        str,
        key("text", "bcrypt hash of the local password; the page writes it.", change="web", secret=True),
    ] = ""
    live_arr: Annotated[bool, key("flag", "The page refreshes its lists by itself.", change="page")] = True
    theme: Annotated[Theme, key("choice", "Colours of the page; System follows the device.", change="page")] = "System"
    view_density: Annotated[ViewDensity, key("choice", "Row height on the page.", change="page")] = "Comfortable"
    oidc: Annotated[Oidc, key("table", "Login at an OpenID Connect provider.", change="web")] = field(
        name="OIDC", default=Oidc()
    )
