"""`[qBit]`, `[qBit-<name>]`: one qBittorrent and the categories that are managed there without an Arr."""

from typing import Annotated

from msgspec import field

from qbitrr.config.address import qbittorrent_url
from qbitrr.config.model.key import Table, key
from qbitrr.config.model.seeding import CategorySeeding, TrackerRow


class QBit(Table, frozen=True):
    """One qBittorrent; `section` is its name in the file and its id everywhere."""

    section: str
    disabled: Annotated[bool, key("flag", "Leave this qBittorrent alone.", change="worker")] = False
    host: Annotated[
        str,
        key(
            "server",
            'Address of its Web UI: "localhost", or with scheme and path "https://nas.lan/qbittorrent".',
            change="worker",
            fill_in=True,
        ),
    ] = ""
    port: Annotated[int, key("integer", "Port of its Web UI.", change="worker", ge=1, le=65535)] = 8080
    user_name: Annotated[
        str,
        key("text", "User name. Empty when it lets this machine in without a login.", change="worker", fill_in=True),
    ] = ""
    password: Annotated[
        str,
        key(
            "text",
            "Password. Empty when it lets this machine in without a login.",
            change="worker",
            fill_in=True,
            secret=True,
        ),
    ] = ""
    api_key: Annotated[
        str,
        key(
            "text",
            "API key of qBittorrent 5.2 and later; used when there is no password.",
            change="worker",
            secret=True,
        ),
    ] = field(name="APIKey", default="")
    skip_tls_verify: Annotated[bool, key("flag", "Do not check its certificate.", change="worker")] = field(
        name="SkipTLSVerify", default=False
    )
    managed_categories: Annotated[
        tuple[str, ...],
        key("category", "Categories to manage that belong to no Arr."),
    ] = ()
    match_subcategories: Annotated[
        bool,
        key(
            "flag",
            "A category stands for its sub-categories too (`films` for `films/4k`); also those of Arrs, everywhere.",
        ),
    ] = False
    local_paths: Annotated[
        dict[str, str],
        key(
            "mapping",
            "What this machine calls folders of this qBittorrent, for orphans: "
            '{ "/downloads" = "/mnt/nas/downloads" }. Empty: not on this machine.',
        ),
    ] = field(default_factory=dict)
    trackers: Annotated[
        tuple[TrackerRow, ...],
        key("rows", "What is different for the torrents of single trackers; a row for each."),
    ] = ()
    category_seeding: Annotated[
        CategorySeeding,
        key("table", "Rules for the torrents in ManagedCategories."),
    ] = CategorySeeding()

    @property
    def complete(self) -> bool:
        """Whether everything is filled in that is needed to reach it."""
        return bool(self.host)

    @property
    def url(self) -> str:
        """Address of its Web API, without a trailing slash: `http://localhost:8080`."""
        return qbittorrent_url(self.host, self.port)
