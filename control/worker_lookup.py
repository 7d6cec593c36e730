"""Finding the worker that a request means."""

from control.context import HandlerContext
from qbitrr.config.model.key import ArrKind
from qbitrr.errors import NotReadyError, UnknownCategoryError
from supervisor.worker_process import WorkerProcess


def all_workers(context: HandlerContext) -> list[WorkerProcess]:
    """Every worker. Raises NotReadyError until it is known which there are."""
    if not context.supervisor.ready:
        raise NotReadyError("Backend is still initializing")
    return list(context.supervisor.processes.values())


def category_of(context: HandlerContext, name: str, kind: ArrKind | None = None) -> str:
    """The worker that is meant by its category, or by the name of its section when no category is called so.

    `kind` is the Arr it must belong to; without one it may be that of a qBittorrent. Raises UnknownCategoryError,
    NotReadyError.
    """
    workers = [process.config for process in all_workers(context)]
    named = [one for one in workers if one.name == name] or [one for one in workers if one.section == name]
    if not named or (kind and (named[0].arr_section is None or named[0].arr_section.kind != kind)):
        raise UnknownCategoryError(f"Unknown {kind} category: {name}" if kind else f"Unknown category: {name}")
    return named[0].name


def display_name(section: str) -> str:
    """A section's name for people: `Radarr-4K` is `Radarr 4K`."""
    return section.replace("-", " ")
