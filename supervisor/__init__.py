"""Keeps the workers alive: starts, watches, restarts and stops them."""
