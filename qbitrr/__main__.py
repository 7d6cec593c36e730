"""`python -m qbitrr`."""

import sys

from qbitrr.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
