-- An action that waits for approval has a state of its own, and one that came to nothing is cancelled. The free space
-- guard pauses and resumes downloads.
CREATE TABLE renewed_ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    name TEXT NOT NULL,
    added_at REAL NOT NULL,
    action TEXT NOT NULL,
    rule TEXT NOT NULL,
    because TEXT NOT NULL,
    facts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'awaiting_approval', 'done', 'failed', 'cancelled', 'undone')),
    step TEXT NOT NULL,
    notes TEXT NOT NULL,
    outcome TEXT,
    planned_at REAL NOT NULL,
    updated_at REAL NOT NULL
) STRICT;
INSERT INTO renewed_ledger
SELECT id, category, instance, infohash, name, added_at,
    CASE action WHEN 'hold' THEN 'pause' WHEN 'release' THEN 'resume' ELSE action END,
    rule, because, facts,
    CASE WHEN state = 'held' THEN 'cancelled'
         WHEN state = 'planned' AND step = 'awaiting approval' THEN 'awaiting_approval'
         ELSE state END,
    CASE step WHEN 'awaiting approval' THEN 'planned' ELSE step END,
    notes, outcome, planned_at, updated_at
FROM ledger;
DROP TABLE ledger;
ALTER TABLE renewed_ledger RENAME TO ledger;
CREATE UNIQUE INDEX ledger_one_open_action ON ledger (instance, infohash)
WHERE state IN ('planned', 'awaiting_approval');
CREATE INDEX ledger_by_torrent ON ledger (infohash, id);
CREATE INDEX ledger_by_category ON ledger (category, id);
CREATE INDEX ledger_by_rule ON ledger (rule, id);
CREATE INDEX ledger_by_state ON ledger (state, id);
CREATE INDEX ledger_by_update ON ledger (updated_at);
CREATE INDEX ledger_numbers ON ledger (category, action, rule, state);

-- Tables and columns by the names of what they hold.

-- kind is the kind of trouble, left_bytes what was left to download when its time was first counted
ALTER TABLE clocks RENAME TO strikes;
ALTER TABLE strikes RENAME COLUMN trouble TO kind;
ALTER TABLE strikes RENAME COLUMN mark TO left_bytes;
ALTER TABLE refusals RENAME TO tracker_refusals;
-- the category in qBittorrent that a torrent belongs to, also while the user has it in another one
ALTER TABLE torrents RENAME COLUMN home TO qbit_category;
-- by which rules the files of a torrent were checked: known by another part of the worker than its category
CREATE TABLE file_checks (
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    added_at REAL NOT NULL,
    rules TEXT NOT NULL,
    PRIMARY KEY (category, instance, infohash)
) STRICT, WITHOUT ROWID;
INSERT INTO file_checks SELECT category, instance, infohash, added_at, files_seen FROM torrents WHERE files_seen <> '';
ALTER TABLE torrents DROP COLUMN files_seen;
ALTER TABLE would RENAME TO shadow;
DROP INDEX would_once;
CREATE UNIQUE INDEX shadow_once ON shadow (category, instance, infohash, added_at, action, rule);
ALTER TABLE holds RENAME TO paused_downloads;
ALTER TABLE quiet_times RENAME TO retry_after;
ALTER TABLE activity RENAME TO last_searches;
-- stands for what the Arr's list says of a movie, a series or an artist
ALTER TABLE movies RENAME COLUMN mark TO fingerprint;
ALTER TABLE series RENAME COLUMN mark TO fingerprint;
ALTER TABLE artists RENAME COLUMN mark TO fingerprint;
