"""Searches: what is next, and how fast. Pure: values in, values out."""
