"""Runs every benchmark."""

from benchmarks import control_plane, household, seeding

seeding.run()
control_plane.run()
household.run()
