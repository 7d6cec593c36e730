"""ArrayDecoder: decodes a JSON array of objects while it arrives, so that a large answer is never held whole.

A Radarr with 100,000 movies answers some hundred megabytes; one movie is a few kilobytes.

Counting brackets would cost many times more than decoding. Any `},{` may be the boundary between two objects; it is one
if the decoder accepts the array that ends there. As the objects of a list begin with the same key, one boundary
distinguishes the others from what is inside of objects.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

_ANY_BOUNDARY = re.compile(rb'\},(?=\s*+\{\s*+("[^"]*+"))')
_MOST_TRIED = 4  # boundaries of one piece: more fail only where objects have others of their kind inside
_MOST_TRIED_ANY = 1_000
_RELEARN_BYTES = 1 << 18  # that came without a known boundary


class ArrayDecoder(Generic[T]):
    """The objects of an array, whose bytes are fed in any pieces; `longest_bytes` may wait for the end of an object."""

    def __init__(self, decoder: msgspec.json.Decoder[list[T]], longest_bytes: int) -> None:
        self._decoder = decoder
        self._longest_bytes = longest_bytes
        self._buffer = b""  # behind the opening bracket or a boundary
        self._is_open = False
        self._boundary: re.Pattern[bytes] | None = None
        self._learn_bytes = 0  # with which any boundary is tried

    def feed(self, data: bytes) -> list[T]:
        """Return objects that are complete now. Raises msgspec.DecodeError when they are not what is expected."""
        self._buffer += data
        if not self._is_open and not self._open():
            return []
        found = self._up_to_boundary()
        if not found and len(self._buffer) >= self._learn_bytes:
            found = self._learn()
        if len(self._buffer) > self._longest_bytes:
            raise msgspec.DecodeError("an object is too long")
        return found

    def end(self) -> list[T]:
        """Return the last objects. Raises msgspec.DecodeError when the array is not complete."""
        return self._decoder.decode(b"[" + self._buffer if self._is_open else self._buffer)

    def _open(self) -> bool:
        self._buffer = self._buffer.lstrip()
        if not self._buffer:
            return False
        if not self._buffer.startswith(b"["):
            raise msgspec.DecodeError("not a list")
        self._buffer, self._is_open = self._buffer[1:], True
        return True

    def _up_to_boundary(self) -> list[T]:
        """Decode up to the last boundary that is like the one before."""
        if self._boundary is None:
            return []
        last = reversed(list(self._boundary.finditer(self._buffer)))
        found, _ = self._up_to_first_of(islice(last, _MOST_TRIED))
        return found

    def _learn(self) -> list[T]:
        """Decode up to the first boundary there is, and note the key behind it."""
        found, boundary = self._up_to_first_of(islice(_ANY_BOUNDARY.finditer(self._buffer), _MOST_TRIED_ANY))
        if boundary is None:
            self._learn_bytes = 2 * len(self._buffer)
            return []
        self._boundary = re.compile(rb"\},(?=\s*+\{\s*+" + re.escape(boundary.group(1)) + rb")")
        self._learn_bytes = len(self._buffer) + _RELEARN_BYTES
        return found + self._up_to_boundary()

    def _up_to_first_of(self, boundaries: Iterable[re.Match[bytes]]) -> tuple[list[T], re.Match[bytes] | None]:
        """Decode up to the first of `boundaries` at which an object ends, and drop what is decoded."""
        for boundary in boundaries:
            try:
                found = self._decoder.decode(b"[" + self._buffer[: boundary.start() + 1] + b"]")
            except msgspec.ValidationError:  # of an object, whether the last one is complete or not
                raise
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            self._buffer = self._buffer[boundary.end() :]
            return found, boundary
        return [], None
