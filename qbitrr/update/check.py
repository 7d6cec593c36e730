"""Checker: asks for the newest version, seldom and never twice at a time, without long waits for its callers."""

from __future__ import annotations

import asyncio
import platform
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from qbitrr import logs
from qbitrr.errors import GoneError, ServiceError, UntrustedReleaseError, UpdateCheckError
from qbitrr.http.client import HttpClient, Timeouts
from qbitrr.update import index, keys
from qbitrr.update.releases import DISTRIBUTION, Release, candidates, is_newer, is_old_enough
from qbitrr.update.signature import check_current, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qbitrr.clock import Clock
    from qbitrr.config import Settings
    from qbitrr.update.signature import Manifest

_log = logs.get(__name__)

FRESH_SECONDS = 3600.0
RETRY_SECONDS = 300.0
FORCED_SECONDS = 60.0  # a forced check is not repeated within
WAIT_SECONDS = 1.5
_NOTES_SERVICE = "releases"
_NOTES_TIMEOUTS = Timeouts(connect_seconds=5.0, silence_seconds=10.0, answer_seconds=20.0, attempts=1)
_LONGEST_NOTES = 100_000  # characters
_MOST_MANIFESTS = 5  # that one check reads


class Known(Struct, frozen=True):
    """Result of the last check, None and empty before the first; `error` is why the latest one failed."""

    release: Release | None = None
    changelog: str = ""
    changelog_url: str = ""
    checked_at: float | None = None
    error: str | None = None


class Checker:
    """Knows the newest release of the configured channel. `on_newer` is called once with each newer one."""

    def __init__(
        self, settings: Callable[[], Settings], present: str, clock: Clock, on_newer: Callable[[Known], None]
    ) -> None:
        self.known = Known()
        self._settings = settings
        self._present = present
        self._clock = clock
        self._on_newer = on_newer
        self._checked: tuple[str, ...] | None = None
        self._tried_at = float("-inf")
        self._announced: str | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def available(self) -> Release | None:
        """The newest release, if it is newer than the present version."""
        release = self.known.release
        return release if release is not None and is_newer(release.version, self._present) else None

    async def newest(self, *, force: bool = False, within_seconds: float = WAIT_SECONDS) -> Known:
        """The known result, after a check if one is due; a check that takes longer goes on in the background."""
        if self._task is None and self._is_due(force=force):
            self._task = asyncio.get_running_loop().create_task(self._check(), name="update check")
        if self._task is not None:
            done, _ = await asyncio.wait([self._task], timeout=within_seconds)
            if not done and self.known.error is None:
                return replace(self.known, error="the package index has not answered yet")
        return self.known

    async def close(self) -> None:
        """Cancel a check that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _is_due(self, *, force: bool) -> bool:
        if self._sources() != self._checked:
            return True
        valid_seconds = FORCED_SECONDS if force else RETRY_SECONDS if self.known.error else FRESH_SECONDS
        return self._clock.monotonic() - self._tried_at >= valid_seconds

    def _sources(self) -> tuple[str, ...]:
        settings = self._settings()
        return settings.update_index, settings.releases_url, settings.auto_update_channel, *settings.update_key

    async def _check(self) -> None:
        try:
            self._checked, self._tried_at = self._sources(), self._clock.monotonic()
            try:
                self.known = await self._ask()
            except (ServiceError, UpdateCheckError) as error:
                self.known = replace(self.known, error=str(error))
                _log.warning("update check failed", error=str(error))
            except Exception as error:  # noqa: BLE001 - no answer of an index may stop the daemon
                self.known = replace(self.known, error=f"the answer could not be read: {type(error).__name__}")
                _log.exception("update check failed")
            if (release := self.available) is not None and release.version != self._announced:
                self._announced = release.version
                _log.info("update is available", present=self._present, newest=release.version)
                self._on_newer(self.known)
        finally:
            self._task = None

    async def _ask(self) -> Known:
        settings, now = self._settings(), self._clock.wall()
        address = settings.update_index or await index.of_pip()
        found = candidates(await index.releases(address), settings.auto_update_channel, platform.python_version())
        if not found:
            raise UpdateCheckError(f"the package index has no release of {DISTRIBUTION} for this channel and Python")
        newer = [one for one in found if is_newer(one.version, self._present)]
        release = await self._newest_verified(newer) or Release(self._present)
        before = self.known
        if before.release is not None and before.release.version == release.version and before.changelog_url:
            return replace(before, release=release, checked_at=now, error=None)
        new = await self._notes(settings.releases_url, release.version)
        return Known(release, new.text, new.url, now)

    async def _newest_verified(self, newer: Sequence[Release]) -> Release | None:
        """The newest release that a key has signed; None when there is none that is old enough for the channel.

        A release that cannot be verified is passed over for an older one, which may be signed by a key that is known
        here. Raises why the newest one is refused, when no older one is accepted.
        """
        settings, now = self._settings(), self._clock.wall()
        refused: ServiceError | UntrustedReleaseError | None = None
        for release in newer[:_MOST_MANIFESTS]:
            try:
                manifest = await self._manifest(release, now)
            except (ServiceError, UntrustedReleaseError) as error:
                _log.warning("release was refused", version=release.version, error=str(error))
                refused = refused or error
                continue
            if is_old_enough(manifest, settings.auto_update_channel, now):
                return replace(release, manifest=manifest)
        if refused is not None:
            raise refused
        return None

    async def _manifest(self, release: Release, now: float) -> Manifest:
        trusted = keys.trusted(self._settings())
        try:
            envelope = await index.envelope(release)
        except GoneError:
            raise UntrustedReleaseError(f"the package index has no signed manifest of {release.version}") from None
        manifest = verify(envelope, trusted)
        check_current(manifest, release.version, self._present, now)
        return manifest

    async def _notes(self, address: str, version: str) -> Notes:
        """The notes of a version; empty when they cannot be read."""
        if not address:
            return Notes("", "")
        try:
            return await notes(address, version) or Notes("", "")
        except ServiceError as error:
            _log.warning("changelog could not be read", error=str(error))
            return Notes("", "")


class _Listed(Struct, frozen=True):
    tag_name: str = ""
    body: str | None = None
    html_url: str | None = None


class Notes(NamedTuple):
    """Release notes: Markdown, and the address of their page."""

    text: str
    url: str


async def notes(address: str, version: str) -> Notes | None:
    """Read the notes of a version; None when the list does not have it. Raises a ServiceError."""
    base, _, last = address.rpartition("/")
    async with HttpClient(_NOTES_SERVICE, base, timeouts=_NOTES_TIMEOUTS) as http:
        listed = await http.get(last, list[_Listed])
    for one in listed:
        if one.tag_name.lower().removeprefix("v") == version:
            url = one.html_url or ""
            return Notes((one.body or "")[:_LONGEST_NOTES], url if url.startswith(("http://", "https://")) else "")
    return None
