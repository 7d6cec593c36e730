"""Releases: what `make release` builds and signs. Not part of the package."""
