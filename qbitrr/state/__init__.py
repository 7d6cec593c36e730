"""State file: one SQLite database with the catalogue of each Arr, the ledger and all that must survive a restart.

Rows belong to a category and only its worker writes them; the control plane only reads.
"""
