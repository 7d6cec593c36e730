-- What each download that the free space guard paused lacks on a file system, on which so many bytes are free.
-- position is its place among those of its qBittorrent that wait, at in epoch seconds.
CREATE TABLE space_needs (
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    added_at REAL NOT NULL,
    disk TEXT NOT NULL,
    position INTEGER NOT NULL,
    lacks_bytes INTEGER NOT NULL,
    free_bytes INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (instance, infohash, disk)
) STRICT, WITHOUT ROWID;

-- Why no seed of a category goes for space any more, until MakeRoom was switched off once.
CREATE TABLE room_stops (
    category TEXT PRIMARY KEY,
    because TEXT NOT NULL,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;
