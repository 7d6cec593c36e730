"""ApiKey: what the calls to a service have shown of its key, so that a refused one is not sent again and again."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qbitrr.backoff import Backoff
from qbitrr.errors import CredentialsRejectedError, LockedOutError, ServiceError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_RETRY = Backoff(first_seconds=120.0, limit_seconds=1800.0)
_NEEDS_USER = 3  # refusals in a row; what is in between recovers sooner


class ApiKey:
    """Encloses all calls with the key of one service, named `section`.

    Until the key is accepted only one call is sent, and the others wait for its outcome. A key that was never accepted
    is sent once. One that was accepted before may be refused by something in between, such as a proxy in trouble: it
    is sent again after minutes.
    """

    def __init__(self, section: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.accepted = False
        self._section = section
        self._monotonic = monotonic
        self._was_accepted = False
        self._refusals = 0
        self._retry_at = 0.0
        self._trial: asyncio.Future[ServiceError | None] | None = None

    @asynccontextmanager
    async def use(self) -> AsyncIterator[None]:
        """Enclose a call. Raises CredentialsRejectedError or LockedOutError, also for one that is not to be sent."""
        await self._admit()
        trial = None if self.accepted else asyncio.get_running_loop().create_future()
        if trial is not None:
            self._trial = trial
        outcome: ServiceError | None = None
        try:
            yield
            self.accept()
        except CredentialsRejectedError as error:
            if trial is not None or self.accepted:  # else another call has shown it before
                self._refuse()
            outcome = self._refusal()
            raise outcome from error
        except UnreachableError as error:
            outcome = error
            raise
        finally:
            if trial is not None:
                self._end_trial(trial, outcome)

    def accept(self) -> None:
        """Note that the service accepted the key, at the first part of an answer."""
        self.accepted = self._was_accepted = True
        self._refusals = 0
        if self._trial is not None:
            self._end_trial(self._trial, None)

    async def _admit(self) -> None:
        """Wait for the outcome of a trial under way. Raises what it ended with, or the last refusal."""
        while self._trial is not None and not self.accepted:
            if error := await asyncio.shield(self._trial):
                raise error
        if self._refusals and not self.accepted and self._monotonic() < self._retry_at:
            raise self._refusal()

    def _end_trial(self, trial: asyncio.Future[ServiceError | None], outcome: ServiceError | None) -> None:
        if not trial.done():
            trial.set_result(outcome)
        if self._trial is trial:
            self._trial = None

    def _refuse(self) -> None:
        self.accepted = False
        self._refusals += 1
        pause = _RETRY.seconds(self._refusals) if self._was_accepted else float("inf")
        self._retry_at = self._monotonic() + pause

    def _refusal(self) -> ServiceError:
        if not self._was_accepted:
            return CredentialsRejectedError(self._section, "the API key was not accepted; correct APIKey")
        minutes = max(1, round((self._retry_at - self._monotonic()) / 60))
        text = (
            f"the API key, which was accepted before, is refused; it is tried again in {minutes} min. "
            "Correct APIKey if it was changed, else look at what is between"
        )
        kind = CredentialsRejectedError if self._refusals >= _NEEDS_USER else LockedOutError
        return kind(self._section, text)
