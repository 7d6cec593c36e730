-- How often in a row a tracker refused a torrent. kind is unregistered, or listed for RemoveTrackerWithMessage. Only
-- the host is kept: what else is in the address of a tracker may be a secret.
CREATE TABLE refusals (
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    host TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('unregistered', 'listed')),
    added_at REAL NOT NULL,
    times INTEGER NOT NULL,
    first_at REAL NOT NULL,
    last_at REAL NOT NULL,
    PRIMARY KEY (category, instance, infohash, host, kind)
) STRICT, WITHOUT ROWID;

-- Downloads that the free space guard stopped. They go on when there is space, or when the guard is switched off.
CREATE TABLE holds (
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    added_at REAL NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (instance, infohash)
) STRICT, WITHOUT ROWID;

-- What the downloads of each qBittorrent have still to write to each disk, so that those after it leave it alone.
CREATE TABLE space_claims (
    instance TEXT NOT NULL,
    disk TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (instance, disk)
) STRICT, WITHOUT ROWID;

-- For how long torrents seeded, as far as it was seen: qBittorrent says so only when something happens to a torrent.
CREATE TABLE seeding_times (
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    added_at REAL NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (category, instance, infohash)
) STRICT, WITHOUT ROWID;
