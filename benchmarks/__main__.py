"""Runs every benchmark."""

from benchmarks import control_plane, decisions, household, seeding

decisions.run()
seeding.run()
control_plane.run()
household.run()
