from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qbitrr.atomic_file import replace_private, write_private
from qbitrr.errors import ConflictError


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


@pytest.mark.parametrize("present", [b"old", b"\xef\xbb\xbfold"])
def test_an_expected_content_is_replaced(tmp_path, present):
    path = tmp_path / "config.toml"
    path.write_bytes(present)
    replace_private(path, b"old", b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("mounted", [False, True])
def test_what_another_program_writes_until_the_last_moment_stays(tmp_path, monkeypatch, mounted):
    path = tmp_path / "config.toml"
    path.write_text("old")
    sync = os.fsync

    def edit_and_sync(descriptor: int) -> None:
        path.write_text("of another program")
        sync(descriptor)

    def busy(self: Path, target: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(os, "fsync", edit_and_sync)
    if mounted:
        monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(ConflictError, match=r"config\.toml was changed"):
        replace_private(path, b"old", b"new")
    assert path.read_text() == "of another program"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_removed_meanwhile_is_not_made_again(tmp_path):
    with pytest.raises(ConflictError):
        replace_private(tmp_path / "config.toml", b"old", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "missing" / "config.toml", b"new")
