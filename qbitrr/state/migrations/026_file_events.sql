-- Grabs and imports in the history of each Arr: which download brought which file of an item. at in epoch seconds.
CREATE TABLE file_events (
    category TEXT NOT NULL,
    id INTEGER NOT NULL,
    at REAL NOT NULL,
    download TEXT NOT NULL,
    item INTEGER NOT NULL,
    part INTEGER NOT NULL,
    file INTEGER NOT NULL,
    PRIMARY KEY (category, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_events_by_item ON file_events (category, item, id);
CREATE INDEX file_events_by_download ON file_events (category, download);

-- How far that history was read; reached (epoch seconds) is NULL while it was not.
CREATE TABLE history_readings (
    category TEXT PRIMARY KEY,
    newest INTEGER NOT NULL,
    page INTEGER NOT NULL,
    reached REAL,
    witnesses TEXT NOT NULL
) STRICT, WITHOUT ROWID;
