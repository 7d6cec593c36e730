"""Runs every benchmark."""

from benchmarks import control_plane, household, seeding

control_plane.run()
seeding.run()
household.run()
