-- What is remembered of each torrent of a category. home is the category in qBittorrent that it belongs to, also while
-- a person has it in another for a while; files_seen tells by which rules its files were looked at, empty for none.
CREATE TABLE torrents (
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    added_at REAL NOT NULL,
    home TEXT NOT NULL,
    files_seen TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (category, instance, infohash)
) STRICT, WITHOUT ROWID;

-- How long and how often a torrent was seen in trouble. mark is what was left to download when the clock began.
CREATE TABLE clocks (
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    trouble TEXT NOT NULL,
    added_at REAL NOT NULL,
    seconds REAL NOT NULL,
    observations INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    PRIMARY KEY (category, instance, infohash, trouble)
) STRICT, WITHOUT ROWID;

-- Whether the destructive actions of a category wait for a person, and since when they are counted.
CREATE TABLE breakers (
    category TEXT PRIMARY KEY,
    because TEXT,
    counted_since REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- What would have been done, had not Shadow been on. gone_at is when the torrent left its client all the same.
CREATE TABLE would (
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
    decided_at REAL NOT NULL,
    gone_at REAL
) STRICT;
CREATE UNIQUE INDEX would_once ON would (category, instance, infohash, added_at, action, rule);

CREATE INDEX ledger_by_rule ON ledger (rule, id);
CREATE INDEX ledger_by_state ON ledger (state, id);
