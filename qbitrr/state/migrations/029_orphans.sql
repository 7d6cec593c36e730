-- Files in the folders of categories that no torrent knows, and what became of them; path and aside are relative to
-- folder. Times in epoch seconds, but for modified_ns and changed_ns; inode is a number beyond what an INTEGER holds.
CREATE TABLE orphans (
    id INTEGER PRIMARY KEY,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    inode TEXT NOT NULL,
    modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL,
    links INTEGER NOT NULL,
    first_seen_at REAL NOT NULL,
    seen_seconds REAL NOT NULL,
    listings INTEGER NOT NULL,
    state TEXT NOT NULL,
    approved INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    aside TEXT NOT NULL DEFAULT '',
    aside_at REAL,
    aside_seconds REAL NOT NULL DEFAULT 0,
    because TEXT NOT NULL DEFAULT '',
    proof TEXT NOT NULL DEFAULT '{}',
    problem TEXT NOT NULL DEFAULT '',
    updated_at REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX orphans_in_place ON orphans (folder, path) WHERE state IN ('found', 'left', 'restored');
CREATE INDEX orphans_by_state ON orphans (state, size_bytes, id);
CREATE INDEX orphans_by_size ON orphans (size_bytes, id);

-- The last listing, complete or not, and when the last complete one was made.
CREATE TABLE orphan_listings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    listed_at REAL NOT NULL,
    complete_at REAL,
    report TEXT NOT NULL
) STRICT;

-- How often the disk refused something, by why.
CREATE TABLE orphan_failures (
    reason TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where each Arr has its library, as it calls it, for those that find orphans.
CREATE TABLE arr_folders (
    category TEXT PRIMARY KEY,
    folders TEXT NOT NULL,
    read_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
