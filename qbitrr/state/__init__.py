"""The state file: one SQLite database with the catalogue of each Arr, the ledger and what must survive a restart.

Rows belong to a category and only its worker writes them; the control plane only reads.
"""
