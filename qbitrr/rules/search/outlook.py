"""What a search plan looks like from outside: the worker writes it, the control plane shows it."""

from msgspec import Struct

from qbitrr.search.plan import Search


class Outlook(Struct, frozen=True, rename="camel"):
    """The next searches in order. `waiting_for` says why none is sent now, empty when nothing stands in the way.

    `due` counts the items that may be searched now; `through_at` is when all of them will have been at this rate, in
    epoch seconds, null when there are none.
    """

    searches: list[Search]
    due: int
    per_hour: int
    waiting_for: str
    through_at: float | None
