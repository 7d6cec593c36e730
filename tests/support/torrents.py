"""Torrents (BitTorrent v1: BEP 3) and the files they describe, made of random bytes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Bencodable: TypeAlias = "int | str | bytes | Sequence[Bencodable] | Mapping[str, Bencodable]"


def bencode(value: Bencodable) -> bytes:
    """Encode as BEP 3 says. Text becomes UTF-8; keys are sorted as bytes."""
    match value:
        case int():
            return b"i%de" % value
        case str():
            return bencode(value.encode())
        case bytes():
            return b"%d:%b" % (len(value), value)
        case Mapping():
            entries = sorted((key.encode(), item) for key, item in value.items())
            return b"d" + b"".join(bencode(key) + bencode(item) for key, item in entries) + b"e"
        case _:
            return b"l" + b"".join(map(bencode, value)) + b"e"


@dataclass(frozen=True, slots=True)
class Torrent:
    """A `.torrent` file's bytes and the infohash (hexadecimal, v1) by which clients and trackers know it."""

    data: bytes
    infohash: str
    name: str


def make_torrent(
    folder: Path,
    name: str,
    files: Mapping[str, int],
    *,
    announce: str = "",
    private: bool = False,
    piece_bytes: int = 16_384,
    seed: int = 0,
) -> Torrent:
    """Write random files below `folder/name` and describe them.

    `files` gives each relative path its size in bytes. The same name, files and seed give the same infohash.
    """
    rng = random.Random(f"{name} {seed}")
    content = b""
    entries: list[Bencodable] = []
    for relative, size in files.items():
        data = rng.randbytes(size)
        path = folder / name / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        content += data
        entries.append({"length": size, "path": relative.split("/")})
    pieces = range(0, len(content), piece_bytes)
    info: dict[str, Bencodable] = {
        "files": entries,
        "name": name,
        "piece length": piece_bytes,
        "pieces": b"".join(hashlib.sha1(content[at : at + piece_bytes]).digest() for at in pieces),
    }
    if private:
        info["private"] = 1
    metainfo: dict[str, Bencodable] = {"info": info}
    if announce:
        metainfo["announce"] = announce
    return Torrent(bencode(metainfo), hashlib.sha1(bencode(info)).hexdigest(), name)
