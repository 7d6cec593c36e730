"""AnswerLinks: links in messages that need no login, for one answer, once, and for a time.

A link holds what it is for, signed by HMAC-SHA256, of which it has 128 bits, with a key that never leaves the data
folder. It is put into the fragment of an address: no server, proxy or log on the way gets it, and what previews links
receives only the page, which does nothing by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from base64 import b32decode, b32encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from control.auth.throttle import RequestLimit
from qbitrr import logs
from qbitrr.atomic_file import write_private
from qbitrr.errors import ConflictError, QbitrrError, StateError, UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from qbitrr.clock import Clock

_log = logs.get(__name__)

LIFETIME_SECONDS = 3 * 86_400
MOST_USED = 2_000  # links that are remembered as used; expired ones are dropped when there are more
LONGEST = 1_000  # characters
_KEY_BYTES = 32
_SIGNATURE_BYTES = 16

Purpose = Literal["undo", "do", "leave", "import", "blocklist", "leave_import", "discard"]

Subject = tuple[str, ...]
"""Of undo, do and leave: the id of the action. Of discard: category, and the fingerprint of why its breaker tripped. Of
the others: category, instance and infohash of a download, and the fingerprint of the reason that was shown."""


class Claim(Struct, frozen=True, array_like=True):
    """What a link is for: an answer to `subject`, until `ends_at` in epoch seconds.

    Links with the same `question` are answers to the same, of which one can be given.
    """

    purpose: Purpose
    subject: Subject
    ends_at: int
    question: str


class _Stored(Struct):
    """The file: the key, and the questions that were answered with the end of their links.

    Links that end until `expired_until` have expired, whatever the clock says: their use is remembered no more.
    """

    key: bytes
    answered: dict[str, int]
    expired_until: float = 0.0


class AnswerLinks:
    """Issues, verifies and uses up links. The key and what was used are in the file `path`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.limit = RequestLimit(clock)
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "answer links")  # one writer, in the order of the changes
        self._stored = _read(path)

    def close(self) -> None:
        """Finish what the thread is doing. Blocking."""
        self._thread.shutdown()

    def issue(self, subject: Subject, purposes: Sequence[Purpose]) -> list[str]:
        """Make a link for each answer to one question; once one of them is used, the others are too."""
        ends_at, question = int(self._clock.wall()) + LIFETIME_SECONDS, secrets.token_urlsafe(9)
        return [self._signed(Claim(purpose, subject, ends_at, question)) for purpose in purposes]

    def verify(self, link: str) -> Claim:
        """Return what a link is for. Raises UnauthorizedError for one that was not issued here."""
        try:
            signed = b32decode(link + "=" * (-len(link) % 8), casefold=True)
            signature, content = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
            if hmac.compare_digest(signature, self._signature(content)):
                return msgspec.msgpack.decode(content, type=Claim)
        except ValueError:  # no base 32, or a purpose of another version
            pass
        raise UnauthorizedError("This link was not made here, or is not whole")

    def check_usable(self, claim: Claim) -> None:
        """Raise ConflictError for a link that has expired, or to whose question an answer was given by a link."""
        if claim.question in self._stored.answered:
            raise ConflictError("This was answered by a link already")
        if claim.ends_at <= max(self._clock.wall(), self._stored.expired_until):
            raise ConflictError("This link has expired; answer on the page of qbitrr")

    @asynccontextmanager
    async def used_up(self, claim: Claim) -> AsyncIterator[None]:
        """Use a link up before the block; it is usable again when the block refuses by a QbitrrError.

        Raises ConflictError for one that cannot be used, StateError when its use cannot be written.
        """
        self.check_usable(claim)
        self._make_room()
        self._stored.answered[claim.question] = claim.ends_at  # from here on no other request can
        try:
            await self._write()
            yield
        except QbitrrError:
            del self._stored.answered[claim.question]
            with suppress(StateError):  # then it counts as used after a restart
                await self._write()
            raise

    def _signed(self, claim: Claim) -> str:
        """Letters and digits only: no program that shows a message takes a part of them for punctuation."""
        content = msgspec.msgpack.encode(claim)
        return b32encode(self._signature(content) + content).decode().rstrip("=").lower()

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._stored.key, content, "sha256")[:_SIGNATURE_BYTES]

    def _make_room(self) -> None:
        """Drop what has expired when there is too much. Raises ConflictError when that is too little."""
        stored = self._stored
        if len(stored.answered) < MOST_USED:
            return
        stored.expired_until = max(stored.expired_until, self._clock.wall())
        stored.answered = {one: at for one, at in stored.answered.items() if at > stored.expired_until}
        if len(stored.answered) >= MOST_USED:
            raise ConflictError("Too many links were used within a few days; answer on the page of qbitrr")

    async def _write(self) -> None:
        content = msgspec.json.encode(self._stored)
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, write_private, self._path, content)
        except OSError as error:
            text = f"{self._path.name} cannot be written, so that the link could be used twice: {error}"
            raise StateError(text) from None


def fingerprint(text: str) -> str:
    """Return 16 characters by which another text is recognised."""
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).hexdigest()


def _read(path: Path) -> _Stored:
    """Read the file, or make one: links of messages that were sent before are then void."""
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=_Stored)
        if len(stored.key) == _KEY_BYTES:
            return stored
        _log.warning("answer links could not be read", file=str(path), error="the key has another length")
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        _log.warning("answer links could not be read", file=str(path), error=str(error))
    stored = _Stored(secrets.token_bytes(_KEY_BYTES), {})
    try:
        write_private(path, msgspec.json.encode(stored))
    except OSError as error:  # they are valid until the daemon ends
        _log.warning("answer links could not be written", file=str(path), error=str(error))
    return stored
