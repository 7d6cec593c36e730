"""Invented posters: a picture of two colours for each number."""

from __future__ import annotations

import struct
import zlib
from colorsys import hls_to_rgb

_WIDTH, _HEIGHT = 167, 250
_GOLDEN = 0.618034  # neighbours get hues that are far apart


def poster(number: int) -> bytes:
    """Paint a PNG of the Arrs' smaller size, from one colour at the top to another at the bottom."""
    hue = number * _GOLDEN % 1.0
    rows = b"".join(b"\0" + _colour(hue, row / _HEIGHT) * _WIDTH for row in range(_HEIGHT))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _colour(hue: float, depth: float) -> bytes:
    return bytes(int(255 * part) for part in hls_to_rgb((hue + depth * 0.15) % 1.0, 0.55 - 0.3 * depth, 0.5))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
