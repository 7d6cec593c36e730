"""Where the official descriptions are known to differ from what the applications do, each with a sentence.

A deviation amends the description, so that everything else is judged as strictly as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Document = dict[str, Any]

NUMBER = {"type": "integer", "format": "int32"}
NUMBERS = {"type": "array", "items": NUMBER}
TEXT = {"type": "string"}
COMMAND_FIELDS = {
    "movieIds": NUMBERS,
    "episodeIds": NUMBERS,
    "seriesId": NUMBER,
    "seasonNumber": NUMBER,
    "albumIds": NUMBERS,
    "artistId": NUMBER,
    "path": TEXT,
    "downloadClientId": TEXT,
    "importMode": {"type": "string", "enum": ["Auto", "Move", "Copy"]},
}


def commands_have_fields_of_their_own(document: Document) -> None:
    """The schema of a command lists what all commands share and nothing else, but each has fields of its own."""
    schemas = document["components"]["schemas"]
    for name in ("CommandResource", "Command"):
        schemas[name]["properties"].update(COMMAND_FIELDS)


def a_command_is_created(document: Document) -> None:
    """`POST command` is declared as 200 and answered with 201."""
    responses = _operation(document, "command", "post")["responses"]
    responses["201"] = responses["200"]


def errors_are_not_declared(document: Document) -> None:
    """Only success is declared, but a wrong key, an unknown id or an unknown command is answered with an error."""
    for path in document["paths"].values():
        for operation in path.values():
            for status in ("401", "404", "500"):
                operation["responses"].setdefault(status, {"description": "an error"})


def _operation(document: Document, name: str, method: str) -> Document:
    found: Document = next(item for path, item in document["paths"].items() if path.endswith(f"/{name}"))[method]
    return found


DEVIATIONS: tuple[Callable[[Document], None], ...] = (
    commands_have_fields_of_their_own,
    a_command_is_created,
    errors_are_not_declared,
)
