"""Finding the worker that a request means."""

from control.context import Context
from qbitrr.config.keys import ArrKind
from qbitrr.errors import NotReadyError, UnknownCategoryError
from supervisor.child import Child


def all_workers(context: Context) -> list[Child]:
    """Every worker. Raises NotReadyError until it is known which there are."""
    if not context.supervisor.ready:
        raise NotReadyError("Backend is still initializing")
    return list(context.supervisor.children.values())


def category_of(context: Context, name: str, kind: ArrKind | None = None) -> str:
    """The category that is meant by its name, or by the name of its section when no category is called so.

    `kind` is the Arr it must belong to. Raises UnknownCategoryError, NotReadyError.
    """
    arrs = [arr for child in all_workers(context) if (arr := child.config.arr_section) is not None]
    named = [arr for arr in arrs if arr.category == name] or [arr for arr in arrs if arr.section == name]
    if not named or (kind and named[0].kind != kind):
        raise UnknownCategoryError(f"Unknown {kind} category: {name}" if kind else f"Unknown category: {name}")
    return named[0].category


def display_name(section: str) -> str:
    """A section's name for people: `Radarr-4K` is `Radarr 4K`."""
    return section.replace("-", " ")
