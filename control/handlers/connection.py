"""`arr/test-connection`: a test of a service, as configured or as it could be."""

from typing import Annotated, Literal, cast

from msgspec import Meta, Struct

from control.connection_check import (
    TestResult,
    Trouble,
    probe_arr,
    probe_prowlarr,
    probe_qbittorrent,
    probe_requests,
)
from control.context import HandlerContext
from control.web.errors import invalid
from qbitrr.config import Arr, QBit, address
from qbitrr.config.model import Ombi, Overseerr, Prowlarr
from qbitrr.config.redact import redact_url
from qbitrr.errors import NotFoundError
from qbitrr.ipc import Contradiction
from qbitrr.qbittorrent.session import Access

Requester = Literal["overseerr", "ombi"]
_REQUESTERS: dict[str, type[Overseerr | Ombi]] = {"overseerr": Overseerr, "ombi": Ombi}


class ConnectionRequest(Struct, frozen=True, rename="camel"):
    """Either a section, whose stored address and secrets are used, or a kind with address and secrets.

    A section of an Arr along with `overseerr` or `ombi` is what that Arr is configured with. Jellyseerr and Seerr are
    tested as `overseerr`.
    """

    section: Annotated[str, Meta(description="Section of the configuration, such as Radarr-4K.", max_length=200)] = ""
    arr_type: Annotated[
        Literal["radarr", "sonarr", "lidarr", "qbittorrent", "prowlarr", "overseerr", "ombi"] | None,
        Meta(description="The service that is expected."),
    ] = None
    requests_for: Annotated[
        Literal["radarr", "sonarr"], Meta(description="The kind of Arr that an overseerr or ombi is tested for.")
    ] = "radarr"
    uri: Annotated[str, Meta(description="Its address.", max_length=2000)] = ""
    api_key: Annotated[str, Meta(description="Its API key.", max_length=2000)] = ""
    username: Annotated[str, Meta(description="User name at qBittorrent.", max_length=2000)] = ""
    password: Annotated[str, Meta(description="Password at qBittorrent.", max_length=2000)] = ""
    skip_tls_verify: Annotated[bool, Meta(description="Accept any certificate.")] = False
    category: Annotated[
        str, Meta(description="Category that an Arr of this address is to have: what contradicts it.", max_length=200)
    ] = ""

    @property
    def subject(self) -> str:
        """What is tested, for the audit trail."""
        if self.section:
            return f"{self.arr_type} of {self.section}" if self.arr_type in _REQUESTERS else self.section
        return f"{self.arr_type} at {redact_url(self.uri)}"


class ProfileView(Struct, frozen=True):
    """A quality profile of an Arr."""

    id: int
    name: str


class ClientView(Struct, frozen=True):
    """A download client of an Arr, with the category that it gives to its downloads."""

    name: str
    implementation: str
    host: str
    port: int
    category: str
    enabled: bool


class Tested(Struct, frozen=True, rename="camel"):
    """The result. `trouble` is what is wrong in one word, null when nothing is; `message` is a sentence.

    `contradictions` are between the settings of an Arr and the category that was asked about.
    """

    success: bool
    message: str
    trouble: Trouble | None
    version: str | None
    quality_profiles: list[ProfileView]
    download_clients: list[ClientView]
    contradictions: tuple[Contradiction, ...]


async def test(context: HandlerContext, request: ConnectionRequest) -> Tested:
    """Test once whether a service can be used.

    A stored secret is only sent to the address that is stored with it.
    """
    result = await (_test_stored(context, request) if request.section else _test_given(request))
    profiles = [ProfileView(number, name) for number, name in result.profiles.items()]
    clients = [
        ClientView(one.name or "", one.implementation or "", one.host, one.port, one.category, enabled=one.enable)
        for one in result.clients
    ]
    return Tested(
        success=result.trouble is None,
        message=result.message,
        trouble=result.trouble,
        version=result.version,
        quality_profiles=profiles,
        download_clients=clients,
        contradictions=tuple(
            Contradiction(str(one.kind), one.text, one.remedy, one.words) for one in result.contradictions
        ),
    )


async def _test_stored(context: HandlerContext, request: ConnectionRequest) -> TestResult:
    config, section = context.loaded.config, request.section
    if section == "Prowlarr":
        return await _test_prowlarr(config.prowlarr)
    service = config.arrs.get(section) or config.qbits.get(section)
    match service, request.arr_type:
        case Arr(), "overseerr" | "ombi" as requester:
            return await _test_requester(service, requester)
        case Arr(), _:
            return await probe_arr(service.kind, service.uri, service.api_key, verify_tls=not service.skip_tls_verify)
        case QBit(), _:
            return await probe_qbittorrent(
                Access(
                    service=section,
                    base_url=service.url,
                    user=service.user_name,
                    password=service.password,
                    api_key=service.api_key,
                    verify_tls=not service.skip_tls_verify,
                )
            )
    raise NotFoundError(f"No section {section} in the configuration")


async def _test_prowlarr(table: Prowlarr) -> TestResult:
    if not table.active:
        return TestResult("name", "Prowlarr has no address or no key yet")
    return await probe_prowlarr(table)


async def _test_requester(arr: Arr, requester: Requester) -> TestResult:
    if arr.kind == "lidarr":
        raise invalid("arrType", requester, "Must be left out for a Lidarr: nothing is requested there")
    search = arr.entry_search
    table = search.overseerr if requester == "overseerr" else search.ombi
    if not table.uri or not table.api_key:
        return TestResult("name", f"{requester.capitalize()} of {arr.section} has no address or no key yet")
    return await probe_requests(arr.section, arr.kind, table)


async def _test_given(request: ConnectionRequest) -> TestResult:
    if not _is_address(request.uri):
        raise invalid("uri", request.uri, "Must be an address that begins with http:// or https://")
    if not request.api_key.isprintable():
        raise invalid("apiKey", None, "Must have no line end and no other control character")
    if request.arr_type is None:
        raise invalid("arrType", None, "Must be given along with uri")
    verify_tls = not request.skip_tls_verify
    if request.arr_type == "qbittorrent":
        return await probe_qbittorrent(
            Access("qBittorrent", request.uri, request.username, request.password, request.api_key, verify_tls)
        )
    if request.arr_type == "prowlarr":
        return await probe_prowlarr(
            Prowlarr(uri=request.uri, api_key=request.api_key, skip_tls_verify=request.skip_tls_verify)
        )
    if (model := _REQUESTERS.get(request.arr_type)) is not None:
        table = model(
            uri=request.uri, api_key=request.api_key, approved_only=False, skip_tls_verify=request.skip_tls_verify
        )
        return await probe_requests("the form", request.requests_for, table)
    kind = cast('Literal["radarr", "sonarr", "lidarr"]', request.arr_type)
    return await probe_arr(kind, request.uri, request.api_key, verify_tls=verify_tls, category=request.category)


def _is_address(uri: str) -> bool:
    try:
        address.http_url(uri)
    except ValueError:
        return False
    return uri.lower().startswith(("http://", "https://"))
