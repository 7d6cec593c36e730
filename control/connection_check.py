"""Test of a connection: one attempt to use a service as configured, and what is wrong if it fails.

A service is an Arr, a qBittorrent, a Prowlarr, or an Overseerr or Ombi with the requests for an Arr.
Nothing is retried and no redirect is followed: a key is sent to the given address only.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

import aiohttp

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.errors import (
    BannedError,
    CredentialsRejectedError,
    GoneError,
    ServiceError,
    UnexpectedAnswerError,
    UnreachableError,
)
from qbitrr.http.client import Timeouts
from qbitrr.media_requests.source import source_of
from qbitrr.prowlarr.client import ProwlarrClient
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.rules.arr_settings import OurSettings, contradictions
from qbitrr.worker.arr_settings import read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from qbitrr.arr.models import DownloadClient
    from qbitrr.config.model import Ombi, Overseerr, Prowlarr
    from qbitrr.config.model.key import ArrKind
    from qbitrr.qbittorrent.session import Access
    from qbitrr.rules.arr_settings import Contradiction

Trouble = Literal["name", "refused", "timeout", "tls", "network", "credentials", "banned", "application", "answer"]

_SECONDS = 15.0
_ONCE = Timeouts(attempts=1, connect_seconds=5.0, silence_seconds=10.0, answer_seconds=12.0)
_MOST_REFUSED = 32


class TestResult(NamedTuple):
    """The result: the trouble and a sentence, or the version; of an Arr its quality profiles by id, and its clients.

    `contradictions` are between its settings and a category.
    """

    trouble: Trouble | None
    message: str
    version: str | None = None
    profiles: dict[int, str] = {}  # noqa: RUF012 - never changed
    clients: tuple[DownloadClient, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()


async def probe_arr(kind: ArrKind, uri: str, api_key: str, *, verify_tls: bool, category: str = "") -> TestResult:
    """Test whether this kind of Arr answers at an address and accepts the key.

    With a category, also what of its settings contradicts a section that watches that category.
    """
    client = ArrClient(KINDS[kind].app_name, KINDS[kind], uri, api_key, verify_tls=verify_tls, timeouts=_ONCE)
    try:
        async with asyncio.timeout(_SECONDS):
            status = await client.status()
            profiles = await client.quality_profiles()
            clients = await client.download_clients()
            settings = await read_settings(client) if category else None
    except (ServiceError, TimeoutError) as error:
        return _failed(error)
    finally:
        await client.close()
    names = {number: profile.name or "" for number, profile in profiles.items()}
    found = () if settings is None else tuple(contradictions(settings, _ours(kind, category)))
    return TestResult(None, f"{status.app_name} {status.version} answers", status.version, names, tuple(clients), found)


def _ours(kind: ArrKind, category: str) -> OurSettings:
    """Our side, as far as it is known before there is a configuration."""
    app = KINDS[kind].app_name
    return OurSettings(app=app, section=app, category=category, managed=frozenset({category}))


async def probe_qbittorrent(access: Access) -> TestResult:
    """Test whether a qBittorrent answers and accepts the credentials. Refused ones are not tried a second time."""
    client = QbittorrentClient(access, _refused_credentials, _ONCE)
    try:
        async with asyncio.timeout(_SECONDS):
            version = await client.version()
            await client.check_version()
    except (ServiceError, TimeoutError) as error:
        return _failed(error)
    finally:
        await client.close()
    return TestResult(None, f"qBittorrent {version} answers", version)


async def probe_requests(section: str, kind: ArrKind, table: Overseerr | Ombi) -> TestResult:
    """Test whether an Overseerr or Ombi answers, accepts the key and lists its requests for a Radarr or a Sonarr."""
    source = source_of(section, kind, table, _ONCE)
    try:
        async with asyncio.timeout(_SECONDS):
            found = await source.requests()
    except (ServiceError, TimeoutError) as error:
        return _failed(error)
    finally:
        await source.close()
    return TestResult(None, f"{source.service} answers; open requests: {len(found)}")


async def probe_prowlarr(table: Prowlarr) -> TestResult:
    """Test whether a Prowlarr answers, accepts the key and shows the query limits of its indexers."""
    client = ProwlarrClient(table)
    try:
        async with asyncio.timeout(_SECONDS):
            version = await client.version()
            limits = await client.query_limits()
    except (ServiceError, TimeoutError) as error:
        return _failed(error)
    finally:
        await client.close()
    limited = sum(one is not None for one in limits.values())
    return TestResult(
        None, f"Prowlarr {version} answers; {len(limits)} indexers, {limited} with a query limit", version
    )


class _RefusedCredentials:
    """Credentials that were refused before: qBittorrent bans an address, that of our workers, after five refusals."""

    def __init__(self) -> None:
        self._refused: OrderedDict[str, CredentialsRejectedError] = OrderedDict()

    @asynccontextmanager
    async def attempt(self, service: str, fingerprint: Callable[[], str]) -> AsyncIterator[None]:
        """Enclose one login. Raises CredentialsRejectedError when these credentials were refused before."""
        credentials = fingerprint()
        if credentials in self._refused:
            raise CredentialsRejectedError(
                service, "these credentials were refused before and are not tried a second time"
            )
        try:
            yield
        except CredentialsRejectedError as error:
            self._refused[credentials] = error
            while len(self._refused) > _MOST_REFUSED:
                self._refused.popitem(last=False)
            raise


_refused_credentials = _RefusedCredentials()


def _failed(error: ServiceError | TimeoutError) -> TestResult:
    return TestResult(_trouble(error), str(error) or "no answer in time")


def _trouble(error: Exception) -> Trouble:
    match error:
        case CredentialsRejectedError():
            return "credentials"
        case BannedError():
            return "banned"
        case UnexpectedAnswerError() | GoneError():
            return "application"
        case UnreachableError():
            return _network_trouble(error.__cause__)
        case TimeoutError():
            return "timeout"
    return "answer"


def _network_trouble(cause: BaseException | None) -> Trouble:
    match cause:
        case aiohttp.ClientConnectorDNSError() | aiohttp.InvalidURL():
            return "name"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "tls"
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorError() if isinstance(cause.os_error, ConnectionRefusedError):
            return "refused"
    return "network"
