"""Runs every benchmark."""

from benchmarks import control_plane, decisions, household, large_library, seeding

decisions.run()
seeding.run()
control_plane.run()
household.run()
large_library.run()
