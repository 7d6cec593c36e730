"""`python -m qbitrr`."""

import sys

from qbitrr.cli import main

if __name__ == "__main__":
    sys.exit(main())
