"""Newer versions of qbitrr itself: which there are, whether this installation can take one, and how it does."""
