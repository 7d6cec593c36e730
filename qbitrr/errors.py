"""Errors: every exception that qbitrr raises on purpose.

    QbitrrError
    ├── ConfigError               the configuration cannot be used; lists every problem at once
    ├── StateError                the state file cannot be used
    │   └── StateTooNewError      it was written by a newer version
    ├── DataFolderBusyError       another daemon has locked the data folder
    ├── NotRunningError           no daemon runs on the data folder, or it does not answer
    ├── RefusedByDaemonError      the running daemon refused a command
    ├── ListenError               the control plane cannot listen on its address
    ├── WorkerNotReadyError       a worker of a new configuration did not get ready; the old one is back
    ├── ProtocolError             a message between supervisor and worker cannot be decoded
    ├── ServiceError              a call to qBittorrent or an Arr did not succeed
    │   ├── UnreachableError      no answer: name, connection, TLS, time limit
    │   ├── CredentialsRejectedError   password or API key refused: never retried automatically
    │   ├── LockedOutError        credentials that were accepted before are refused for now
    │   ├── BannedError           qBittorrent has banned this address
    │   ├── ThrottledError        429 or 503 with Retry-After
    │   ├── GoneError             404: what was addressed does not exist
    │   ├── RefusedError          another 4xx or 5xx
    │   └── UnexpectedAnswerError not the JSON of this kind of service
    ├── UpdateCheckError          the newest version could not be found out
    │   └── UntrustedReleaseError     it is not what a release key has signed
    ├── UpdateFailedError         an update failed; the present version is untouched
    └── RequestError              answered to a client of the control plane, with status and code
        ├── BadRequestError  UnauthorizedError  ForbiddenError  NotFoundError
        ├── UnknownCategoryError  NotReadyError
        ├── ConflictError  TooManyAttemptsError  TooManyRequestsError
        └── OverloadedError

`status` and `code` on the class are what the control plane answers when the exception leaves a handler.
Texts never contain a secret: it is removed before the error is raised (see `qbitrr.config.redact`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class QbitrrError(Exception):
    """Base of all; caught only at the borders (worker loop, request, command line)."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL_ERROR"
    details: Mapping[str, Any] | None = None

    @property
    def summary(self) -> str:
        """Sentence for an HTTP client."""
        return str(self)


UNKNOWN_KEY = "an unknown key"
"""What is found where a change names a key that does not exist."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a configuration: where it is, what was found, what is allowed.

    `key` is dotted as in the file (`Radarr-4K.Torrent.StalledDelay`). `hint` is a sentence or empty.
    """

    key: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.key}: found {self.found}; allowed: {self.allowed}.{hint}"


class ConfigError(QbitrrError):
    """The configuration cannot be used. `problems` are all that were found.

    `warnings` are other oddities, such as misspelt keys.
    """

    status = 400
    code = "CONFIG_ERROR"

    def __init__(self, problems: Sequence[Problem], warnings: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)
        self.details = {problem.key: f"found {problem.found}; allowed: {problem.allowed}" for problem in self.problems}
        super().__init__("\n".join(map(str, self.problems)))

    @property
    def summary(self) -> str:
        """Sentence for an HTTP client; when keys are unknown, it names only these."""
        unknown = [problem.key for problem in self.problems if problem.found == UNKNOWN_KEY]
        return f"Invalid configuration key: {', '.join(unknown)}" if unknown else f"Invalid configuration: {self}"


class StateError(QbitrrError):
    """The state file cannot be used."""


class StateTooNewError(StateError):
    """The state file was written by a newer version of qbitrr."""


class DataFolderBusyError(QbitrrError):
    """Another daemon has locked the data folder; the text names its process."""


class NotRunningError(QbitrrError):
    """No daemon runs on the data folder, or it does not answer."""


class RefusedByDaemonError(QbitrrError):
    """The running daemon refused what the command line asked for; `reason` is the code of its answer."""

    def __init__(self, text: str, reason: str) -> None:
        self.reason = reason
        super().__init__(text)


class ListenError(QbitrrError):
    """The control plane cannot listen on its address; the text names it and the keys."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        remedy = "choose another with WebUI.Host and WebUI.Port, or stop what listens there"
        super().__init__(f"http://{host}:{port}: {reason}; {remedy}")


class WorkerNotReadyError(QbitrrError):
    """The worker of `category` did not get ready with a new configuration, so the old one is back."""

    status = 409
    code = "WORKER_NOT_READY"

    def __init__(self, category: str, last_error: str | None) -> None:
        self.category = category
        self.details = {"category": category, "lastError": last_error}
        because = f": {last_error}" if last_error else ""
        super().__init__(f"the worker of {category} did not get ready in time{because}")


class ProtocolError(QbitrrError):
    """A message between supervisor and worker could not be decoded."""


class ServiceError(QbitrrError):
    """A call to qBittorrent or an Arr did not succeed.

    `service` is the section name in the configuration (`qBit`, `Radarr-4K`); the text names the call.
    """

    status = 502
    code = "SERVICE_ERROR"

    def __init__(self, service: str, text: str) -> None:
        self.service = service
        super().__init__(f"{service}: {text}")


class UnreachableError(ServiceError):
    """No answer came: name not found, connection refused or lost, TLS, or a time limit passed."""


class CredentialsRejectedError(ServiceError):
    """User, password or API key refused. The worker is held until the configuration changes."""


class LockedOutError(ServiceError):
    """Credentials that were accepted before are refused, perhaps by something in between; they are tried again."""


class BannedError(ServiceError):
    """qBittorrent bans this address after repeated failed logins (an hour by default)."""


class ThrottledError(ServiceError):
    """The service asks for no request within `retry_after_seconds`."""

    def __init__(self, service: str, text: str, retry_after_seconds: float) -> None:
        super().__init__(service, text)
        self.retry_after_seconds = retry_after_seconds


class GoneError(ServiceError):
    """404: the addressed movie, queue record or torrent does not exist (any more)."""


class RefusedError(ServiceError):
    """The service answered with another error status, kept in `http_status`."""

    def __init__(self, service: str, text: str, http_status: int) -> None:
        super().__init__(service, text)
        self.http_status = http_status


class UnexpectedAnswerError(ServiceError):
    """The answer is not the JSON of this kind of service; often a wrong address or a login page."""


class ReadOnlyError(ServiceError):
    """A call that changes something was not sent, because of Shadow or of a probation."""

    def __init__(self, service: str, call: str) -> None:
        super().__init__(service, f"{call} was not sent: Shadow is on, or a new version is on probation")


class UpdateCheckError(QbitrrError):
    """The newest version could not be found out; the text is why."""


class UntrustedReleaseError(UpdateCheckError):
    """A release is not what the holder of a release key has signed, or cannot be verified; the text is why."""


class UpdateFailedError(QbitrrError):
    """An update failed; the text is why. The present version is untouched."""


class RequestError(QbitrrError):
    """A request to the control plane cannot be answered."""

    status = 400
    code = "BAD_REQUEST"

    def __init__(self, text: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.details = details


class BadRequestError(RequestError):
    """A parameter or body cannot be read; `details` names it."""

    code = "VALIDATION_ERROR"


class UnauthorizedError(RequestError):
    """The token is missing or wrong."""

    status = 401
    code = "UNAUTHORIZED"


class ForbiddenError(RequestError):
    """Not allowed for this client; the text names the remedy."""

    status = 403
    code = "FORBIDDEN"


class NotFoundError(RequestError):
    """What the request names does not exist."""

    status = 404
    code = "NOT_FOUND"


class UnknownCategoryError(NotFoundError):
    """No Arr of that type has this category."""

    code = "UNKNOWN_CATEGORY"


class ConflictError(RequestError):
    """The request does not fit the present state; the text is why."""

    status = 409
    code = "CONFLICT"


class UpdateInProgressError(ConflictError):
    """Another update is under way."""

    code = "UPDATE_IN_PROGRESS"


class NotUpdatableError(ConflictError):
    """The installation is updated in another way; the text names it."""

    code = "NOT_UPDATABLE"


class NotReadyError(RequestError):
    """It is not known yet which workers there are; a second later it is."""

    status = 503
    code = "NOT_READY"


class TooManyAttemptsError(RequestError):
    """Too many refused credentials from this address; wait before the next try."""

    status = 429
    code = "TOO_MANY_ATTEMPTS"


class TooManyRequestsError(RequestError):
    """Too many requests of this kind without a credential; wait before the next one."""

    status = 429
    code = "TOO_MANY_REQUESTS"


class OverloadedError(RequestError):
    """Too much is being answered already, in all or to this client; a moment later it may be possible."""

    status = 503
    code = "OVERLOADED"
