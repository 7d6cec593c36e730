"""`torrents/<hash>/check-files`: what rules for files, as they could be configured, make of the files of a torrent."""

import asyncio
from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category
from control.worker_lookup import category_of
from qbitrr import ipc
from qbitrr.config.model.key import ArrKind
from qbitrr.config.patterns import fault_of, is_bounded, is_plain_extension
from qbitrr.errors import NotFoundError, NotReadyError, UnknownCategoryError
from qbitrr.rules.files import TorrentFile, compile_rules, exclusions, select

_SECONDS = 8.0
_UNBOUNDED = "It may match the same text in very many ways; write it without a repeat inside of a repeat"

Patterns = Annotated[
    list[Annotated[str, Meta(max_length=500)]],
    Meta(description="As the key of that name in `Torrent`.", max_length=200),
]


class FileRulesRequest(Struct, frozen=True, rename="camel"):
    """A torrent of an Arr, and rules to try on its files."""

    hash: Annotated[str, Meta(description="Infohash, in any case.")]
    section: Category
    folder_exclusion_regex: Patterns = []
    file_name_exclusion_regex: Patterns = []
    file_extension_allowlist: Patterns = []
    case_sensitive_matches: Annotated[bool, Meta(description="As `CaseSensitiveMatches`.")] = False
    fail_archives: Annotated[bool, Meta(description="As `FailArchives`.")] = False


class CheckedFile(Struct, frozen=True, rename="camel"):
    """A file. `excludedBy` is the rule that excludes it, null for none; `selected` is whether it is downloaded now."""

    path: str
    size_bytes: int
    selected: bool
    excluded_by: str | None


class PatternFault(Struct, frozen=True):
    """A pattern that cannot be used, and why. It counts as left out."""

    pattern: str
    fault: str


class CheckedFiles(Struct, frozen=True):
    """What the rules make of a torrent. `foreign` is why its files are not judged at all, empty for most.

    `playable` counts the files that the Arr could import. Unless `complete`, there are more files.
    """

    name: str
    files: list[CheckedFile]
    complete: bool
    playable: int
    foreign: str
    faults: list[PatternFault]


async def check(context: HandlerContext, request: FileRulesRequest) -> CheckedFiles:
    """Try rules for unwanted files on a torrent. Nothing is changed."""
    category = category_of(context, request.section)
    worker = context.workers.processes[category]
    arr = worker.config.arr_section
    if arr is None:
        raise UnknownCategoryError(f"{category} has no Arr, and so no rules for files")
    infohash = request.hash.lower()
    try:
        listed = await worker.ask(lambda number: ipc.ReadFiles(number, infohash), ipc.TorrentFiles, _SECONDS)
    except TimeoutError:
        raise NotReadyError(f"The worker of {category} did not answer; ask again in a moment") from None
    if listed.error:
        raise NotFoundError(f"The files of {infohash} cannot be listed: {listed.error}")
    return await asyncio.to_thread(_checked, request, arr.kind, listed)


def _checked(request: FileRulesRequest, kind: ArrKind, listed: ipc.TorrentFiles) -> CheckedFiles:
    faults = _faults(request)
    unusable = {fault.pattern for fault in faults}
    rules = compile_rules(
        [pattern for pattern in request.folder_exclusion_regex if pattern not in unusable],
        [pattern for pattern in request.file_name_exclusion_regex if pattern not in unusable],
        [entry for entry in request.file_extension_allowlist if entry not in unusable],
        kind,
        case_sensitive=request.case_sensitive_matches,
        archives_fail=request.fail_archives,
    )
    files = [TorrentFile(row.index, row.path, row.size_bytes, row.priority) for row in listed.files]
    found = select([TorrentFile(file.index, file.path, file.size_bytes) for file in files], rules, listed.name)
    reasons = [""] * len(files) if found.foreign else exclusions(files, rules, listed.name)
    return CheckedFiles(
        name=listed.name,
        files=[
            CheckedFile(file.path, file.size_bytes, selected=file.priority > 0, excluded_by=reason or None)
            for file, reason in zip(files, reasons, strict=True)
        ],
        complete=listed.complete,
        playable=found.playable,
        foreign=found.foreign,
        faults=faults,
    )


def _faults(request: FileRulesRequest) -> list[PatternFault]:
    patterns = [*request.folder_exclusion_regex, *request.file_name_exclusion_regex]
    patterns += [entry for entry in request.file_extension_allowlist if not is_plain_extension(entry)]
    found = {}
    for pattern in patterns:
        fault = fault_of(pattern)
        if fault or not is_bounded(pattern):
            found[pattern] = PatternFault(pattern, fault or _UNBOUNDED)
    return list(found.values())
