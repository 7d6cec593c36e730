"""Runs every benchmark."""

from benchmarks import (
    control_plane,
    decisions,
    footprint,
    hammered,
    household,
    imports,
    large_library,
    long_ledger,
    open_pages,
    page,
    seeding,
    slow_readers,
)

decisions.run()
seeding.run()
control_plane.run()
page.run()
footprint.run()
household.run()
hammered.run()
large_library.run()
long_ledger.run()
open_pages.run()
slow_readers.run()
imports.run()
