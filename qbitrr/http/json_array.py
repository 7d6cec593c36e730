"""ArraySplitter: splits a JSON array while it arrives, so that a large answer is never buffered whole.

A Radarr with 100,000 movies answers some hundred megabytes; one movie is a few kilobytes.
"""

from __future__ import annotations

import re

# Possessive, so that a long run of strings costs one pass and no backtracking. Deeper patterns, as of whole objects,
# may miss what they should match before Python 3.11.5 (CPython issue 106052).
_OUTSIDE = rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+'
"""Everything up to the next bracket outside of strings, or up to a quote whose string has not arrived completely."""
_TO_BRACKET = re.compile(rb"(" + _OUTSIDE + rb')([{}\[\]"])', re.DOTALL)


class ArraySplitter:
    """Splits the bytes of a JSON array, fed in any pieces, between its top-level objects.

    It reads brackets and strings only; the decoder of the objects finds whether they are valid JSON.
    `complete` is true after the closing bracket of the array.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0  # from where the next bracket is searched
        self._start = 0  # start of the present object
        self._depth = 0  # 0 outside of the array, 1 between its objects
        self.complete = False

    def feed(self, data: bytes) -> bytes:
        """Return the objects that `data` completes, as a JSON array; empty when there is none.

        Raises ValueError when the text is not an array of objects.
        """
        self._buffer += data
        found: list[bytes] = []
        while self._to_next_bracket(found):
            pass
        self._discard()
        return b"[" + b",".join(found) + b"]" if found else b""

    def _to_next_bracket(self, found: list[bytes]) -> bool:
        """Go on by one bracket; false when the next one has not arrived."""
        # match, not search: that could continue in the middle of a string
        match = _TO_BRACKET.match(self._buffer, self._position)
        if match is None:
            return False
        between, bracket = match.groups()
        if self._depth == 0 and (self.complete or bracket != b"[" or between.strip()):
            raise ValueError("not a JSON array")
        if bracket == b'"':
            self._position = match.start(2)
            return False
        self._position = match.end()
        if bracket in b"{[":
            if self._depth == 1:
                self._start_object(bracket, match.start(2))
            self._depth += 1
        else:
            self._depth -= 1
            if self._depth == 1:
                found.append(self._buffer[self._start : match.end()])
            self.complete = self._depth == 0
        return True

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
