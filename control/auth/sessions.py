"""Sessions: the logins that are valid, in a private file of their own, so that they outlive a restart of the daemon.

The file has no cookies, only their hashes. It is not in the state file: that one is written by workers only.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from qbitrr import logs
from qbitrr.atomic_file import write_private
from qbitrr.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qbitrr.clock import Clock

_log = logs.get(__name__)

COOKIE = "qbitrr_session"
LIFETIME_SECONDS = 30 * 86_400
MOST = 200  # beyond that the one that was used the longest ago ends
_ID_CHARACTERS = 12

Method = Literal["token", "login link", "password", "provider"]


class Session(Struct, frozen=True):
    """One login: how, as whom, from where and when, in epoch seconds. `digest` is the SHA-256 of its cookie.

    `grounds` stands for what it was granted by, such as the password: it changes with that.
    """

    digest: str
    grounds: str
    method: Method
    user: str
    address: str
    started_at: float

    @property
    def id(self) -> str:
        """How it is named in lists and in the audit trail."""
        return self.digest[:_ID_CHARACTERS]

    @property
    def ends_at(self) -> float:
        """When it expires."""
        return self.started_at + LIFETIME_SECONDS


class Sessions:
    """All sessions, in the file `path`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "sessions")  # one writer, in the order of the changes
        self._sessions = {session.digest: session for session in _read(path)}
        self._used_at: dict[str, float] = {}  # since the start of the daemon

    def close(self) -> None:
        """Finish what the thread is doing. Blocking."""
        self._thread.shutdown()

    async def start(self, method: Method, user: str, address: str, grounds: str) -> str:
        """Start a session; the value of its cookie. When it cannot be written, it ends with the daemon."""
        cookie = secrets.token_urlsafe(32)
        session = Session(_digest(cookie), grounds, method, user, address, self._clock.wall())
        self._sessions[session.digest] = session
        self._drop(self._superfluous())
        try:
            await self._write()
        except OSError as error:
            _log.warning("session could not be written", file=str(self._path), error=str(error))
        return cookie

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie that has not expired."""
        session = self._sessions.get(_digest(cookie))
        if session is None or session.ends_at <= self._clock.wall():
            return None
        self._used_at[session.digest] = self._clock.wall()
        return session

    def all(self) -> list[Session]:
        """Every session that has not expired, the newest first."""
        now = self._clock.wall()
        return sorted((one for one in self._sessions.values() if one.ends_at > now), key=lambda one: -one.started_at)

    def last_used_at(self, session: Session) -> float | None:
        """When a session was last used, since the start of the daemon."""
        return self._used_at.get(session.digest)

    async def end(self, is_meant: Callable[[Session], bool]) -> int:
        """End sessions at once; how many. Raises StateError when they come back with the next start of the daemon."""
        ended = [digest for digest, session in self._sessions.items() if is_meant(session)]
        self._drop(ended)
        if ended:
            try:
                await self._write()
            except OSError as error:
                text = f"{self._path.name} cannot be written, so that ended logins are valid after a restart: {error}"
                raise StateError(text) from None
        return len(ended)

    def _superfluous(self) -> list[str]:
        now = self._clock.wall()
        expired = [one.digest for one in self._sessions.values() if one.ends_at <= now]
        longest_ago_first = sorted(
            (one for one in self._sessions.values() if one.ends_at > now),
            key=lambda one: max(one.started_at, self._used_at.get(one.digest, 0.0)),
        )
        return expired + [one.digest for one in longest_ago_first[:-MOST]]

    def _drop(self, digests: list[str]) -> None:
        for digest in digests:
            del self._sessions[digest]
            self._used_at.pop(digest, None)

    async def _write(self) -> None:
        content = msgspec.json.encode(list(self._sessions.values()))
        await asyncio.get_running_loop().run_in_executor(self._thread, write_private, self._path, content)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode(errors="surrogateescape")).hexdigest()


def _read(path: Path) -> list[Session]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Session])
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        _log.warning("sessions could not be read", file=str(path), error=str(error), lost="every login")
        return []
