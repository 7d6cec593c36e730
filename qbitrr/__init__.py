"""What a qbitrr worker knows and does; knows nothing of serving HTTP or of keeping processes alive."""

__version__ = "0.1.0"
