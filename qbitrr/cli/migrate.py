"""`qbitrr migrate`: a configuration of the older program, translated into one beside it.

Nothing is changed in a qBittorrent: its tags and categories of that program are counted, and obeyed or left by the
daemon.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import UNSET

from qbitrr.atomic_file import create_private
from qbitrr.config import older_program
from qbitrr.config.model import runnable_qbits
from qbitrr.config.redact import redact_url
from qbitrr.config.translation import Translation, translate
from qbitrr.data_dir import CONFIG_FILE
from qbitrr.errors import ConfigError, Problem, ServiceError
from qbitrr.http.client import Timeouts
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.session import Access

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from qbitrr.config.load import Loaded
    from qbitrr.config.model import QBit
    from qbitrr.config.translation import KeyLine
    from qbitrr.qbittorrent.models import TorrentDelta

NEW_FILE = "config.qbitrr.toml"

_ONCE = Timeouts(attempts=1, connect_seconds=5.0, silence_seconds=10.0, answer_seconds=20.0)
_SECONDS = 30.0


def write(folder: Path) -> tuple[Translation, Path]:
    """Translate `config.toml` of a folder and write the new file beside it, which must not exist.

    Raises ConfigError.
    """
    old, target = folder / CONFIG_FILE, folder / NEW_FILE
    try:
        translation = translate(old.read_text(encoding="utf-8-sig"))
        create_private(target, translation.text.encode())
    except FileExistsError:
        problem = Problem(str(target), "a file", "none: it is never overwritten", "Move it away to translate again.")
        raise ConfigError([problem]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(old), f"bytes at {error.start} that are not text", "UTF-8")]) from None
    except OSError as error:
        place = error.filename or old
        raise ConfigError([Problem(str(place), error.strerror or str(error), "a folder with config.toml")]) from None
    return translation, target


def report(translation: Translation, target: Path) -> str:
    """Report what becomes of every key, what is still to fill in, what looks odd, and what to do next."""
    loaded = translation.loaded
    version = f"version {translation.version}" if translation.version else "a version that does not say which"
    lines = [f"{target.parent / CONFIG_FILE}, of {version}:", "", *_key_lines(translation)]
    for title, problems in (("To fill in", loaded.incomplete), ("What looks odd", loaded.warnings)):
        lines += ["", f"{title}:", *(f"  {problem}" for problem in problems)] if problems else []
    lines += [
        "",
        f"Written: {target}, with Shadow on. Next:",
        f"  1. copy it as {CONFIG_FILE} into a data folder of its own, and run `qbitrr --data-dir FOLDER check`;",
        "  2. stop the other program, and start this one on that folder;",
        "  3. when `qbitrr shadow-report` says what you expect, set Shadow = false and reload.",
    ]
    return "\n".join(lines)


def _key_lines(translation: Translation) -> Iterator[str]:
    """A line for each key; what differs is said in full where it is first."""
    first: dict[str, str] = {}
    for line in translation.lines:
        yield f"  {line.fate:<9}{line.key}{_now(line)}"
        if line.differs:
            known = first.setdefault(line.differs, line.key)
            yield f"             ! {line.differs if known == line.key else f'as for {known}'}"


def _now(line: KeyLine) -> str:
    match line.fate:
        case "moved":
            return f" -> {line.now}"
        case "added":
            return f" = {line.now}"
        case "changed" | "dropped":
            return f": {line.now}"
        case _:
            return ""


def clients(loaded: Loaded) -> Iterator[str]:
    """Ask each qBittorrent, one after the other, and report on what that program left there. Nothing is changed."""
    special = {
        loaded.config.settings.failed_category: older_program.CATEGORIES["failed"],
        loaded.config.settings.recheck_category: older_program.CATEGORIES["recheck"],
    }
    for qbit in runnable_qbits(loaded.config):
        yield f"\n{qbit.section} ({redact_url(qbit.url)}):"
        try:
            torrents = asyncio.run(_torrents(qbit))
        except (ServiceError, TimeoutError) as error:
            yield f"  not asked: {str(error).removeprefix(f'{qbit.section}: ') or 'no answer in time'}"
        else:
            yield from _left_there(torrents, special) or ("  no tag and no special category of that program",)


def _left_there(torrents: list[TorrentDelta], special: dict[str, str]) -> list[str]:
    tags = Counter(tag.strip() for one in torrents if one.tags is not UNSET for tag in one.tags.split(","))
    categories = Counter(one.category for one in torrents if one.category is not UNSET)
    found = [(f"tag {tag}", tags[tag], says) for tag, says in older_program.TAGS.items()]
    found += [(f"category {name}", categories[name], says) for name, says in special.items()]
    return [f"  {what}, torrents: {count}. {says[0].upper()}{says[1:]}." for what, count, says in found if count]


async def _torrents(qbit: QBit) -> list[TorrentDelta]:
    access = Access(
        service=qbit.section,
        base_url=qbit.url,
        user=qbit.user_name,
        password=qbit.password,
        api_key=qbit.api_key,
        verify_tls=not qbit.skip_tls_verify,
        read_only=True,
    )
    client = QbittorrentClient(access, _OneLogin(), _ONCE)
    try:
        async with asyncio.timeout(_SECONDS):
            return list((await client.maindata(0)).torrents.values())
    finally:
        await client.close()


class _OneLogin:
    """Logins are not guarded: this process makes one attempt for each qBittorrent."""

    @asynccontextmanager
    async def attempt(self, _service: str, _fingerprint: Callable[[], str]) -> AsyncIterator[None]:
        """Enclose one login."""
        yield
