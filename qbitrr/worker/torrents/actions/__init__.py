"""The only room that changes a torrent or an Arr's queue.

An action is a sequence of steps. It is in the ledger before the first one, every step is recorded before the next
begins, and each can be repeated: after a crash the sequence goes on where it stopped, with nothing lost and nothing
done twice. A service that does not answer leaves the action open; it is resumed later.

    actor       begins actions and resumes them      importing   scan, prove, tag
    hands       what every action needs              failing     blocklist, delete, verify, search
    gate        the last word on a deletion          quarantine  stop, tag, wait; undo
    guard       when a person has to decide          rechecking  check, put back
    shadow      what would be done                   files       look, skip, delete
    removing    delete, verify                       adjusting   limits, tags, trackers
"""

from qbitrr.worker.torrents.actions.context import ActionContext, RetryLaterError
from qbitrr.worker.torrents.actions.runner import ActionRunner

__all__ = ["ActionContext", "ActionRunner", "RetryLaterError"]
