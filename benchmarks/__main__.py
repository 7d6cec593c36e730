"""Runs every benchmark."""

from benchmarks import (
    control_plane,
    decisions,
    hammered,
    household,
    imports,
    large_library,
    page,
    seeding,
    slow_readers,
)

decisions.run()
seeding.run()
control_plane.run()
page.run()
household.run()
hammered.run()
large_library.run()
slow_readers.run()
imports.run()
