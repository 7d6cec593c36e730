"""Process that sends one message through Apprise: JSON on its input, JSON on its output.

Apprise is large and sends in threads of its own, and a receiver may never end its answer: the process is killed then.
"""

from __future__ import annotations

import os
import sys

import msgspec
from msgspec import Struct


class Message(Struct, frozen=True):
    """A message to all of `urls`."""

    urls: tuple[str, ...]
    title: str
    text: str


class Sent(Struct, frozen=True):
    """Whether all were reached; the positions of addresses that Apprise rejected; whether Apprise is missing."""

    reached: bool = False
    rejected: tuple[int, ...] = ()
    is_missing: bool = False


def send(message: Message) -> Sent:
    """Send a message. Blocking, without a limit of time."""
    try:
        import apprise  # noqa: PLC0415 - optional
    except ImportError:
        return Sent(is_missing=True)
    sender = apprise.Apprise()
    rejected = tuple(position for position, url in enumerate(message.urls) if not sender.add(url))
    return Sent(bool(sender.notify(title=message.title, body=message.text)) and not rejected, rejected)


if __name__ == "__main__":
    sent = send(msgspec.json.decode(sys.stdin.buffer.read(), type=Message))
    sys.stdout.buffer.write(msgspec.json.encode(sent))
    sys.stdout.buffer.flush()
    os._exit(0)  # without waiting for threads of Apprise
