-- The first files of schema 3 lack this table, which was added to its migration.
CREATE TABLE IF NOT EXISTS seeding_times (
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    added_at REAL NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (category, instance, infohash)
) STRICT, WITHOUT ROWID;
