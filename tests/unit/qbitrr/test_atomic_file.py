from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qbitrr.atomic_file import write_private


def test_a_file_is_replaced_and_readable_for_its_owner_only(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target.toml", tmp_path / "config.toml"
    target.write_text("old")
    link.symlink_to(target)
    write_private(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_when_it_fails_the_old_file_is_whole_and_nothing_is_left_behind(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text("old")

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_a_mount_point_is_rewritten_in_place(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text("old and long")

    def busy(self: Path, target: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", busy)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "missing" / "config.toml", b"new")
