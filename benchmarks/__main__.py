"""Runs every benchmark."""

from benchmarks import household

household.run()
