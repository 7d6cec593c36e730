"""The daemon without its check of what is too long for a worker: with such a configuration a worker never gets ready.

python -m tests.support.unchecked ARGUMENTS-OF-QBITRR
"""

from __future__ import annotations

import sys

from qbitrr.cli import main
from supervisor import config_reload

if __name__ == "__main__":
    config_reload._LONGEST_CONFIG_BYTES = sys.maxsize
    sys.exit(main.main())
