"""Runs every benchmark."""

from benchmarks import control_plane, decisions, hammered, household, imports, large_library, seeding

decisions.run()
seeding.run()
control_plane.run()
household.run()
hammered.run()
large_library.run()
imports.run()
