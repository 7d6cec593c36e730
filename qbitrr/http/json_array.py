"""ArraySplitter: splits a JSON array into its objects while it arrives, so that a large answer is never buffered whole.

A Radarr with 100,000 movies answers some hundred megabytes; one movie is a few kilobytes.
"""

from __future__ import annotations

import re

# Everything up to the next bracket outside of strings; or up to a quote whose string has not arrived completely.
# Possessive, so that a long run of strings costs one pass and no backtracking.
_TO_BRACKET = re.compile(rb'((?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+)([{}\[\]"])', re.DOTALL)


class ArraySplitter:
    """Splits the bytes of a JSON array, fed in any pieces, into its top-level objects.

    It reads brackets and strings only; the decoder of an object finds whether it is valid JSON.
    `complete` is true after the closing bracket of the array.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0  # from where the next bracket is searched
        self._start = 0  # start of the present object
        self._depth = 0  # 0 outside of the array, 1 between its objects
        self.complete = False

    def feed(self, data: bytes) -> list[bytes]:
        """The objects that `data` completes. Raises ValueError when the text is not an array of objects."""
        self._buffer += data
        items: list[bytes] = []
        # match, not finditer: a search could continue in the middle of a string
        while match := _TO_BRACKET.match(self._buffer, self._position):
            between, bracket = match.groups()
            if self._depth == 0 and (self.complete or bracket != b"[" or between.strip()):
                raise ValueError("not a JSON array")
            if bracket == b'"':
                self._position = match.start(2)
                break
            self._position = match.end()
            if bracket in b"{[":
                if self._depth == 1:
                    self._start_object(bracket, match.start(2))
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == 1:
                    items.append(self._buffer[self._start : match.end()])
                self.complete = self._depth == 0
        self._discard()
        return items

    def _start_object(self, bracket: bytes, at: int) -> None:
        if bracket != b"{":
            raise ValueError("not a JSON array of objects")
        self._start = at

    def _discard(self) -> None:
        """Drop what was returned; the present object is kept."""
        keep_from = self._start if self._depth > 1 else self._position
        self._buffer = self._buffer[keep_from:]
        self._position -= keep_from
        self._start = 0
