"""Posters of movies, series and artists, asked of their Arr with its key and kept in memory.

Only pictures pass: what the first bytes say counts, not what the Arr says. An Arr that does not answer is left alone
for a minute, so that a page of posters does not wait for each of them.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from control.web.answers import Tagged, tagged
from qbitrr import logs
from qbitrr.arr.kinds import KINDS
from qbitrr.errors import GoneError, ServiceError, UnexpectedAnswerError
from qbitrr.http.client import HttpClient, Timeouts

if TYPE_CHECKING:
    from qbitrr.clock import Clock
    from qbitrr.config.model import Arr

_log = logs.get(__name__)

HEIGHT_PIXELS = 250  # the smaller of the two sizes that every Arr keeps
MOST_BYTES = 4 << 20
LARGEST_BYTES = 1 << 20  # an Arr without the small size sends the whole picture
KEPT_SECONDS = 86_400.0
QUIET_SECONDS = 60.0
_ENTRY_BYTES = 512  # what an entry weighs besides its picture
_PATIENCE = Timeouts(connect_seconds=2.0, silence_seconds=4.0, attempts=1, answer_seconds=6.0)


class _Kept(NamedTuple):
    poster: Tagged | None
    until: float


class Posters:
    """Posters by the address of their Arr and their id; beyond 4 MiB the least recently used go.

    That there is none is kept too. Both are asked for again after a day.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, int], _Kept] = OrderedDict()
        self._bytes = 0
        self._quiet_until: dict[str, float] = {}

    async def find(self, arr: Arr, parent_id: int) -> Tagged | None:
        """Return the poster of a movie, a series or an artist. None when it has none, or the Arr does not answer."""
        key, now = (arr.uri, parent_id), self._clock.monotonic()
        kept = self._kept.get(key)
        if kept is not None and now < kept.until:
            self._kept.move_to_end(key)
            return kept.poster
        if now < self._quiet_until.get(arr.uri, now):
            return None
        try:
            poster = await _fetch(arr, parent_id)
        except (GoneError, UnexpectedAnswerError) as error:
            _log.debug("poster missing", service=arr.section, id=parent_id, error=str(error))
            poster = None
        except ServiceError as error:
            _log.info("posters not answered", service=arr.section, seconds=QUIET_SECONDS, error=str(error))
            self._leave_alone(arr.uri)
            return None
        self._keep(key, poster)
        return poster

    def _leave_alone(self, uri: str) -> None:
        now = self._clock.monotonic()
        self._quiet_until = {one: until for one, until in self._quiet_until.items() if now < until}
        self._quiet_until[uri] = now + QUIET_SECONDS

    def _keep(self, key: tuple[str, int], poster: Tagged | None) -> None:
        replaced = self._kept.pop(key, None)
        self._bytes += _weight(poster) - (0 if replaced is None else _weight(replaced.poster))
        self._kept[key] = _Kept(poster, self._clock.monotonic() + KEPT_SECONDS)
        while self._bytes > MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _weight(oldest.poster)


async def _fetch(arr: Arr, parent_id: int) -> Tagged:
    """Ask for a poster. Raises a ServiceError, UnexpectedAnswerError for what is no picture or too large."""
    kind = KINDS[arr.kind]
    path = f"{kind.covers}/{parent_id}/poster-{HEIGHT_PIXELS}.jpg"
    async with HttpClient(
        arr.section,
        f"{arr.uri}/{kind.api}",
        headers={"X-Api-Key": arr.api_key, "Accept": "image/*"},
        verify_tls=not arr.skip_tls_verify,
        timeouts=_PATIENCE,
        longest_answer_bytes=LARGEST_BYTES,
    ) as client:
        _, body = await client.send("GET", path)
    content_type = _type_of(body)
    if content_type is None:
        raise UnexpectedAnswerError(arr.section, f"GET {path}: the answer is no picture")
    return tagged(body, content_type)


def _type_of(body: bytes) -> str | None:
    """Return the content type of a picture by its first bytes; None for everything else."""
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "image/webp"
    return None


def _weight(poster: Tagged | None) -> int:
    return _ENTRY_BYTES + (0 if poster is None else len(poster.body))
