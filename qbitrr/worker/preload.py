"""Everything a worker needs, loaded once before workers are forked, so that they share its memory."""

import _strptime  # type: ignore[import-not-found]  # noqa: F401 - else imported late, by each worker for itself
import gc

import qbitrr.worker.main  # noqa: F401

# The collector writes into every object that it looks at, and a page that is written to is shared no more.
gc.collect()
gc.freeze()
