"""`imports/answer`: what is to become of a complete download that its Arr does not import."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Category, Message
from control.web.constraint import MUST
from control.worker_lookup import category_of, send
from qbitrr import ipc
from qbitrr.errors import ConflictError, NotFoundError
from qbitrr.rules.torrents.completed import LEFT_BY_USER
from qbitrr.state import verdicts

Choice = Literal["import", "blocklist", "leave"]

_ALL: tuple[Choice, ...] = ("import", "blocklist", "leave")

# The rules that leave a complete torrent to the user, how their reasons begin then, and the answers that are safe.
_LEFT_TO_THE_USER: dict[str, tuple[str, tuple[Choice, ...]]] = {
    "arr_refuses_it": ("it is complete, but the Arr refuses it", _ALL),
    "arr_refuses_the_rest": ("the Arr imported a part of it, and leaves the rest", _ALL),
    "arr_has_it": ("it is complete, but the Arr waits for the user", _ALL),
    "not_in_queue": ("it is complete, but the Arr", ("leave",)),
    "imported": ("it has the tag of an imported one, but", ()),
}
REASONS = {rule: start for rule, (start, _) in _LEFT_TO_THE_USER.items()}


def answers(rule: str, because: str) -> tuple[Choice, ...]:
    """The answers that a verdict allows; those to one that was left earlier, too."""
    if because.startswith(LEFT_BY_USER):
        return ("leave",) if rule == "not_in_queue" else _ALL
    start, allowed = _LEFT_TO_THE_USER.get(rule, ("", ()))
    return allowed if start and because.startswith(start) else ()


class ImportAnswerRequest(Struct, frozen=True):
    """The torrent, the answer, and what it is an answer to."""

    section: Category
    instance: Annotated[str, Meta(description="Section of the qBittorrent that has it.", max_length=200)]
    hash: Annotated[
        str,
        Meta(
            description="Its infohash.",
            pattern="^[0-9a-fA-F]{40,64}$",
            extra={MUST: "Must be an infohash: 40 or 64 hexadecimal digits"},
        ),
    ]
    answer: Annotated[
        Choice,
        Meta(
            description="import: the Arr is sent what is certain of it. blocklist: it is removed and its items are "
            "searched again. leave: it is not asked about again while the Arr says the same."
        ),
    ]
    because: Annotated[str, Meta(description="The reason as it was shown; another one by now is a conflict.")]

    @property
    def subject(self) -> str:
        """What the audit trail names."""
        return f"{self.answer}, {self.hash}"


async def answer(context: HandlerContext, request: ImportAnswerRequest) -> Message:
    """Answer what is to become of a complete download that its Arr does not import.

    An import is sent only files of which the Arr knows what they are and that it has nothing serious against; of what
    is to be blocklisted all guards, the quarantine and Shadow count. What comes of it is among the decisions.
    """
    category = category_of(context, request.section)
    stored = await verdicts.of_torrent(context.database, request.hash.lower())
    found = next((one for one in stored if (one.category, one.instance) == (category, request.instance)), None)
    if found is None:
        raise NotFoundError(f"Nothing is known of a torrent {request.hash} in {category}")
    if found.because != request.because:
        raise ConflictError(f"{found.name} is judged otherwise by now: {found.because}")
    if request.answer not in answers(found.rule, found.because):
        raise ConflictError(f"{found.name} does not wait for this answer: {found.because}")
    send(context, category, ipc.AnswerImport(found.instance, found.infohash, request.answer, found.because))
    return Message(f"{found.name}: {_SAID[request.answer]}")


_SAID = {
    "import": "what is certain of it is about to be imported",
    "blocklist": "its release is about to be blocklisted",
    "leave": "it is left as it is",
}
