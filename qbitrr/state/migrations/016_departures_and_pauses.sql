-- Torrents that left the category or the client without an action of ours, in epoch seconds.
CREATE TABLE departures (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    name TEXT NOT NULL,
    added_at REAL NOT NULL,
    left_at REAL NOT NULL
) STRICT;
CREATE INDEX departures_by_torrent ON departures (infohash);
CREATE INDEX departures_by_category ON departures (category);
CREATE INDEX departures_by_age ON departures (left_at);

-- Categories of which the user paused the searches, in epoch seconds.
CREATE TABLE search_pauses (
    category TEXT PRIMARY KEY,
    paused_at REAL NOT NULL,
    by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
