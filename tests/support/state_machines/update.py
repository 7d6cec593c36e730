"""The record of an update: an installation in a temporary folder goes through everything that can happen to it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from msgspec import Struct
from structlog.testing import capture_logs

from qbitrr import __version__
from qbitrr.config import Settings
from qbitrr.data_dir import DataDir
from qbitrr.update import record, switch, upgrade
from qbitrr.update.installation import Installation
from qbitrr.update.record import Record
from qbitrr.update.releases import Release
from qbitrr.update.upgrade import Upgrade
from tests.support.state_machines.drawing import Transition, diagram, in_order, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OTHER = "999.0"
_NOW = 1.0
_PHASES = list(get_args(record.Phase))

_TEXT = """\
## Updates

The phases of the record of the last update (`update.json` in the data folder). `staging` installs and tries the new
version while the old one works; from `switched` on the new version has to get ready. It has one start to do so."""


class _Installation(Struct, frozen=True):
    """Both versions, the link to the one in use, and a record in a given phase."""

    folder: Path

    @property
    def data_dir(self) -> DataDir:
        return DataDir(self.folder)

    @property
    def link(self) -> Path:
        return self.folder / "current"

    def write(self, phase: record.Phase, *, runs_new: bool, link_moved: bool, starts: int) -> Record:
        """Set it up as it is in this phase; the program that runs now is the new version or the old one."""
        for version in ("old", "new"):
            (self.folder / version).mkdir(exist_ok=True)
        switch.point(self.link, self.folder / ("new" if link_moved else "old"))
        return record.write(
            self.data_dir,
            Record(
                phase=phase,
                old_version=_OTHER if runs_new else __version__,
                new_version=__version__ if runs_new else _OTHER,
                began_at=_NOW,
                starts=starts,
                link=str(self.link),
                old_prefix=str(self.folder / "old"),
                new_prefix=str(self.folder / "new"),
            ),
        )

    def version_in_use(self) -> str:
        return "old version" if self.link.resolve() == (self.folder / "old").resolve() else "new version"


def _upgrade(here: _Installation) -> Upgrade:
    installation = Installation("linked", str(here.folder / "old"), link=str(here.link))
    return Upgrade(here.data_dir, {}, Settings(), installation, Release(_OTHER), {})


def _open(here: _Installation, _: Record) -> None:
    _upgrade(here).open(_NOW)


def _switch(here: _Installation, staged: Record) -> None:
    prepared = _upgrade(here)
    prepared.record = staged
    prepared.switch(_NOW)


def _switch_that_fails(here: _Installation, staged: Record) -> None:
    here.data_dir.state_file.write_text("no database")
    _switch(here, staged)


def _abandon(here: _Installation, staged: Record) -> None:
    switch.abandon(here.data_dir, staged, "the new version did not get ready in its trial", _NOW)


def _start(here: _Installation, _: Record) -> None:
    upgrade.recover(here.data_dir, _NOW)


def _get_ready(here: _Installation, switched: Record) -> None:
    switch.finish(here.data_dir, switched, _NOW)


def _miss_the_deadline(here: _Installation, _: Record) -> None:
    upgrade.fail_probation(here.data_dir, "a worker did not get ready", _NOW)


def _stop(here: _Installation, _: Record) -> None:
    upgrade.postpone_probation(here.data_dir)


class _Scene(Struct, frozen=True):
    """Something that happens to an installation in a phase, while the new version runs or the old one."""

    phase: record.Phase
    event: str
    happen: Callable[[_Installation, Record], object]
    runs_new: bool = False
    link_moved: bool = False
    starts: int = 0


_SCENES = (
    _Scene("staging", "installed and tried, and all workers stopped", _switch),
    _Scene("staging", "the installation or its trial fails", _abandon),
    _Scene("staging", "the switch fails", _switch_that_fails),
    _Scene("staging", "the daemon starts after an interruption", _start),
    _Scene("switched", "the daemon starts before the link has moved", _start),
    _Scene("switched", "the new version starts", _start, runs_new=True, link_moved=True),
    _Scene("switched", "the user stops or restarts the new version", _stop, runs_new=True, link_moved=True, starts=1),
    _Scene("switched", "no worker is worse than before", _get_ready, runs_new=True, link_moved=True, starts=1),
    _Scene("switched", "a worker is worse in the end", _miss_the_deadline, runs_new=True, link_moved=True, starts=1),
    _Scene("switched", "the new version starts a second time", _start, runs_new=True, link_moved=True, starts=1),
    _Scene("switched", "the old version starts, as switching back was interrupted", _start, starts=1),
    _Scene("done", "the daemon starts", _start, runs_new=True, link_moved=True),
    _Scene("done", "another update", _open, runs_new=True, link_moved=True),
    _Scene("failed", "the daemon starts", _start),
    _Scene("failed", "another update", _open),
)


def section() -> str:
    """The part of the page on updates."""
    found = transitions()
    return "\n\n".join((_TEXT, diagram(found, _PHASES[0]), table(found, "In use")))


def transitions() -> list[Transition]:
    """Everything that can happen, with the phase after it and the version that is in use then."""
    return in_order(_play(), _PHASES, list(dict.fromkeys(scene.event for scene in _SCENES)))


def _play() -> Iterator[Transition]:
    for scene in _SCENES:
        with tempfile.TemporaryDirectory() as folder, capture_logs():
            here = _Installation(Path(folder))
            before = here.write(scene.phase, runs_new=scene.runs_new, link_moved=scene.link_moved, starts=scene.starts)
            scene.happen(here, before)
            after = record.read(here.data_dir)
            assert after is not None
            yield Transition(scene.phase, scene.event, after.phase, here.version_in_use())
