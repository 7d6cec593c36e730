"""The only room that changes a torrent or an Arr's queue.

An action is a sequence of steps. It is in the ledger before the first one, every step is recorded before the next
starts, and each can be repeated: after a crash the sequence goes on where it stopped, with nothing lost and nothing
done twice. A service that does not answer leaves the action open; it is resumed later.
"""
