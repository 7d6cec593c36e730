"""Updates of qbitrr itself: newer releases, whether this installation can update itself, and how it does."""
