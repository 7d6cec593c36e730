"""Keeps the workers alive: starts, watches, restarts and stops them."""

BELONGS_TO = "qbitrr"  # another distribution has a package of this name, see qbitrr.cli.package_conflicts
