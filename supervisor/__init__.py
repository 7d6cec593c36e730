"""Supervision of the workers: starts, watches, restarts and stops their processes."""

BELONGS_TO = "qbitrr"  # another distribution has a package of this name, see qbitrr.cli.package_conflicts
