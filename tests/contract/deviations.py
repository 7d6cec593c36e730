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
    "movieId": NUMBER,
    "seriesId": NUMBER,
    "seasonNumber": NUMBER,
    "albumIds": NUMBERS,
    "artistId": NUMBER,
    "path": TEXT,
    "downloadClientId": TEXT,
    # accepted in any case, and answered in lower case
    "importMode": {"type": "string", "enum": ["Auto", "Move", "Copy", "auto", "move", "copy"]},
    # of a manual import; a command that renames or retags files lists their numbers
    "files": {"type": "array", "items": {"anyOf": [{"type": "object"}, NUMBER]}},
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
            for status in ("400", "401", "404", "500", "503"):
                operation["responses"].setdefault(status, {"description": "an error"})


def an_edit_is_accepted(document: Document) -> None:
    """`PUT …/editor` is declared as 200 without content and answered with 202 and what was edited."""
    for parent in ("movie", "series", "artist"):
        found = [item for path, item in document["paths"].items() if path.endswith(f"/{parent}/editor")]
        for item in found:
            item["put"]["responses"]["202"] = {"description": "what was edited"}


def some_fields_are_null(document: Document) -> None:
    """Lidarr sends these as null where there is none, although null is left out everywhere else."""
    artist = document["components"]["schemas"].get("ArtistResource", {"properties": {}})
    for name in ("nextAlbum", "lastAlbum"):
        if name in artist["properties"]:
            artist["properties"][name] = {"nullable": True, "type": "object"}


def the_page_of_a_health_check_is_text(document: Document) -> None:
    """`wikiUrl` is declared as an object and sent as text."""
    properties = document["components"]["schemas"]["HealthResource"]["properties"]
    properties["wikiUrl"] = TEXT


def newer_versions_send_more(document: Document) -> None:
    """Sonarr 5 answers by the description of version 4, and adds this."""
    system = document["components"]["schemas"]["SystemResource"]["properties"]
    system["isContainerized"] = {"type": "boolean"}


def _operation(document: Document, name: str, method: str) -> Document:
    found: Document = next(item for path, item in document["paths"].items() if path.endswith(f"/{name}"))[method]
    return found


DEVIATIONS: tuple[Callable[[Document], None], ...] = (
    commands_have_fields_of_their_own,
    a_command_is_created,
    errors_are_not_declared,
    an_edit_is_accepted,
    some_fields_are_null,
    the_page_of_a_health_check_is_text,
    newer_versions_send_more,
)
