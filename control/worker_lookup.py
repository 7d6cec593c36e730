"""The worker that a request names."""

from control.context import HandlerContext
from qbitrr import ipc
from qbitrr.config.model.key import ArrKind
from qbitrr.errors import NotReadyError, UnknownCategoryError
from supervisor.worker_process import WorkerProcess


def all_workers(context: HandlerContext) -> list[WorkerProcess]:
    """Return every worker. Raises NotReadyError until the set of workers is known."""
    if not context.workers.ready:
        raise NotReadyError("Backend is still initializing")
    return list(context.workers.processes.values())


def category_of(context: HandlerContext, name: str, kind: ArrKind | None = None) -> str:
    """Return the category of the worker with this category, or else of the one whose section has this name.

    With `kind` it has to be the worker of such an Arr; without, it may be that of a qBittorrent. Raises
    UnknownCategoryError, NotReadyError.
    """
    workers = [process.config for process in all_workers(context)]
    named = [one for one in workers if one.name == name] or [one for one in workers if one.section == name]
    if not named or (kind and (named[0].arr_section is None or named[0].arr_section.kind != kind)):
        raise UnknownCategoryError(f"Unknown {kind} category: {name}" if kind else f"Unknown category: {name}")
    return named[0].name


def send(context: HandlerContext, category: str, message: ipc.Message) -> None:
    """Send a message to the worker of a category. Raises NotReadyError when it does not run."""
    process = context.workers.processes.get(category)
    if process is None or not process.send(message):
        raise NotReadyError(f"The worker of {category} does not run; ask again when it does")


def display_name(section: str) -> str:
    """Return the name of a section for the user: `Radarr-4K` becomes `Radarr 4K`."""
    return section.replace("-", " ")
