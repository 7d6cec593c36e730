"""Parameters that several endpoints have, with their limits and descriptions."""

from typing import Annotated

from msgspec import Meta, Struct

Category = Annotated[str, Meta(description="Category of the Arr in qBittorrent, or the name of its section.")]
Title = Annotated[str, Meta(description="Only titles with this in them, in any case.")]
Page = Annotated[int, Meta(description="Page, counted from 0.", extra={"lowest": 0})]
PageSize = Annotated[int, Meta(description="Rows of a page, 1 to 500.", extra={"lowest": 1, "highest": 500})]


class Nothing(Struct, frozen=True):
    """A request without parameters."""
