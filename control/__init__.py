"""The HTTP control plane and the web page."""

BELONGS_TO = "qbitrr"  # another distribution has a package of this name, see qbitrr.cli.package_conflicts
