"""Prowlarr: the query limits of its indexers."""
