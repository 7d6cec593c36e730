"""Process that sends one message through Apprise: JSON on its input, JSON on its output.

Apprise is large and sends in threads of its own, and a receiver may never end its answer: the process is killed then.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PARTS = 10  # of one message to one address: Apprise waits up to 5.5 seconds between two
_AT_ONCE = 8  # addresses
_LEFT_OUT = "… and {} more, on the page of qbitrr."


class Message(Struct, frozen=True):
    """A message to all of `urls`: as plain text, and with the same lines as HTML for services that show it."""

    urls: tuple[str, ...]
    title: str
    text: str
    html: str


class Sent(Struct, frozen=True):
    """Whether all were reached; the positions of those that were not, and of those that Apprise rejected.

    `is_missing`: Apprise is.
    """

    reached: bool = False
    missed: tuple[int, ...] = ()
    rejected: tuple[int, ...] = ()
    is_missing: bool = False


def send(message: Message) -> Sent:
    """Send a message. Blocking, without a limit of time."""
    try:
        import apprise  # noqa: PLC0415 - optional
    except ImportError:
        return Sent(is_missing=True)
    senders = [apprise.Apprise() for _ in message.urls]
    rejected = tuple(position for position, url in enumerate(message.urls) if not senders[position].add(url))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        reached = list(pool.map(lambda sender: _send_to(sender, message), senders))
    missed = tuple(
        position for position, is_reached in enumerate(reached) if not is_reached and position not in rejected
    )
    return Sent(all(reached) and bool(reached), missed, rejected)


def _send_to(sender: Any, message: Message) -> bool:
    """Send a message to the one address of an `Apprise`, in the form and in parts that its service accepts."""
    for plugin in sender:
        longest = plugin.body_maxlen * 3 // 4  # the rest is for title and markup
        form, text = ("html", message.html) if shows_markup(plugin) else (None, message.text)
        if form and any(len(line) > longest for line in text.splitlines()):
            form, text = None, message.text  # markup must not be cut
        return all(sender.notify(title=message.title, body=part, body_format=form) for part in parts_of(text, longest))
    return False  # it was rejected


def shows_markup(plugin: Any) -> bool:
    """Whether a service, as its address has it, prefers HTML or Markdown; Apprise makes the one of the other."""
    resolve = getattr(plugin, "resolve_format", None)  # since Apprise 2 a service may have several formats
    return bool((resolve() if resolve else plugin.notify_format) != "text")


def parts_of(text: str, longest: int) -> Iterator[str]:
    """Split a text between its lines into parts of at most `longest` characters. A longer line is cut.

    There are ten parts at most; the last one says how many lines are left out.
    """
    lines = [line if len(line) <= longest else f"{line[: longest - 1]}…" for line in text.splitlines()]
    for number in range(1, MOST_PARTS + 1):
        count = _fitting(lines, longest)
        if number == MOST_PARTS and count < len(lines):
            count = _fitting(lines, longest - len(_LEFT_OUT) - len(str(len(lines))))
            yield "\n".join([*lines[:count], _LEFT_OUT.format(len(lines) - count)])
            return
        if not lines:
            return
        yield "\n".join(lines[:count])
        lines = lines[count:]


def _fitting(lines: list[str], longest: int) -> int:
    """How many of the first lines are together not longer."""
    length = -1
    for count, line in enumerate(lines):
        length += 1 + len(line)
        if length > longest:
            return count
    return len(lines)


if __name__ == "__main__":
    sent = send(msgspec.json.decode(sys.stdin.buffer.read(), type=Message))
    sys.stdout.buffer.write(msgspec.json.encode(sent))
    sys.stdout.buffer.flush()
    os._exit(0)  # without waiting for threads of Apprise
