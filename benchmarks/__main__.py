"""Runs every benchmark."""

from benchmarks import household, seeding

seeding.run()
household.run()
