"""All modules of a worker, loaded once before workers are forked, so that they share the memory of them."""

import _strptime  # type: ignore[import-not-found]  # noqa: F401 - else imported late, by every worker itself
import gc

import qbitrr.worker.main  # noqa: F401

# The collector writes into every object that it visits, and a page that was written to is no longer shared.
gc.collect()
gc.freeze()
