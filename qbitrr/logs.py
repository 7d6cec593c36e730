"""Logging: structlog events to the terminal or to journald, and to rotated files, one file for each process.

Events are named in the past tense and carry fields. Before a line is written, secrets are removed from its values, and
line breaks and other control characters are escaped: what a service or a torrent says cannot look like a line of ours.
"""

from __future__ import annotations

import hashlib
import logging
import logging.handlers
import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

from qbitrr import journald
from qbitrr.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from pathlib import Path

    from structlog.typing import Processor, WrappedLogger

LEVELS = {"CRITICAL": 50, "ERROR": 40, "WARNING": 30, "NOTICE": 23, "INFO": 20, "DEBUG": 10, "TRACE": 5}
MAIN_FILE = "Main.log"
WEB_FILE = "WebUI.log"
_OURS = ("qbitrr", "supervisor", "control")
_FILE_BYTES = 10 << 20
_OLD_FILES = 5
_LONGEST_NAME = 200  # file systems take 255 bytes; a character can be nine of them
_NAMES = frozenset({"event", "timestamp", "level", "category", "section", "instance", "service"})  # never secret
_CONTINUED = "  | "  # begins the further lines of an entry: those of a traceback


def file_name(category: str) -> str:
    """The log file of a category: another one for each, never that of the supervisor, and always in the folder.

    >>> file_name("radarr-4k"), file_name("tv/anime"), file_name("Main")
    ('radarr-4k.log', 'tv=2Fanime.log', '=Main.log')
    """
    name = quote(category, safe=" +,@").replace("=", "=3D").replace("%", "=")
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}=={hashlib.sha256(category.encode()).hexdigest()[:16]}"
    return f"={name}.log" if f"{name}.log" in (MAIN_FILE, WEB_FILE) else f"{name}.log"


def configure(level: str, folder: Path | None, file: str, redact: Callable[[str], str]) -> None:
    """Set up logging for this process.

    `level` is a name of LEVELS; lines of other libraries below WARNING are written at TRACE only. `folder` is that of
    the log files, None for none. `redact` removes the secrets from a text. The lines of the control plane go to a file
    of their own in the same process.
    """
    redaction = _Redaction(redact)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        # structlog has the standard levels only; the loggers below have the exact one
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level] // 10 * 10),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )

    def formatter(*, colors: bool, bare: bool = False) -> logging.Formatter:
        """`bare` lines are without time and level, which the journal adds."""
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.processors.format_exc_info,
                redaction,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([_without_time_and_level] if bare else []),
                structlog.dev.ConsoleRenderer(
                    colors=colors,
                    pad_event_to=0,
                    repr_native_str=True,  # escapes what is no printable text
                    exception_formatter=structlog.dev.plain_traceback,
                ),
            ],
        )

    console: logging.Handler
    if journald.started_by_systemd(os.environ):
        console = journald.JournalHandler(redaction.shown)
        console.setFormatter(formatter(colors=False, bare=True))
    else:
        console = logging.StreamHandler(sys.stderr)
        console.setFormatter(formatter(colors=sys.stderr.isatty()))
    handlers: list[logging.Handler] = [console]
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        main = _file_handler(folder / file, formatter(colors=False))
        if file == MAIN_FILE:
            web = _file_handler(folder / WEB_FILE, formatter(colors=False))
            main.addFilter(lambda record: not record.name.startswith("control"))
            web.addFilter(lambda record: record.name.startswith("control"))
            handlers.append(web)
        handlers.append(main)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(LEVELS[level] if level == "TRACE" else max(LEVELS[level], logging.WARNING))
    for package in _OURS:
        logging.getLogger(package).setLevel(LEVELS[level])
    logging.captureWarnings(capture=True)


def configure_command() -> None:
    """Set up logging of a command that runs once: its answer is on stdout, and what it warns of on stderr."""
    configure("WARNING", None, MAIN_FILE, str)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module; pass `__name__`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def bind(**fields: str) -> None:
    """Add fields to every further line of this process."""
    structlog.contextvars.bind_contextvars(**fields)


def _file_handler(path: Path, formatter: logging.Formatter) -> logging.Handler:
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8", errors="backslashreplace", delay=True
    )
    handler.setFormatter(formatter)
    return handler


def _without_time_and_level(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> Any:
    return {key: value for key, value in event.items() if key not in ("timestamp", "level")}


class _Redaction:
    """Removes secrets from what a line says, and control characters from its texts. Names of ours stay as they are.

    A password can be a word such as "movies": hidden in the category too, it would be given away.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact

    def __call__(self, _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> Any:
        is_ours = event["_from_structlog"]
        shown = {key: self._value(key, value) for key, value in event.items()}
        if not is_ours:  # the event is what another library says
            shown["event"] = printable(self._redact(str(event["event"])))
        if "exception" in event:
            lines = self._redact(str(event["exception"])).split("\n")
            shown["exception"] = "\n".join(f"{_CONTINUED}{printable(line)}" for line in lines)
        return shown

    def shown(self, key: str, value: object) -> str:
        """The text of a field, as the journal has it."""
        return str(value) if key in _NAMES else self._redact(str(value))

    def _value(self, key: str, value: object) -> object:
        if key in _NAMES or key.startswith("_") or isinstance(value, int | float | None):
            return value
        if isinstance(value, str):
            return self._redact(value)
        text = repr(value)
        redacted = self._redact(text)
        return value if redacted == text else _Shown(redacted)


class _Shown:
    """A value without its secrets."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text
