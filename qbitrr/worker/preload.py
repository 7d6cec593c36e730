"""Loaded once by the forkserver, so that all workers share the memory of their modules.

The forkserver swallows an error here, hence `done`: every worker reports it in its first message.
"""

import _strptime  # type: ignore[import-not-found]  # noqa: F401 - else imported late, by each worker for itself

import qbitrr.worker.main  # noqa: F401

done = True
