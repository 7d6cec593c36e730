"""Runs every benchmark."""

from benchmarks import control_plane, household

control_plane.run()
household.run()
