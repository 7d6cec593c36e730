-- Why an item is searched again at once: 'season' or 'indexers'; NULL when it is not.
ALTER TABLE searches ADD COLUMN again TEXT;

-- Searches for whole seasons. command and queued, by the clock of the Arr, are of one whose outcome is not known yet;
-- empty_at (epoch seconds) is when the last one was found to have ended without a grab.
CREATE TABLE season_searches (
    category TEXT NOT NULL,
    series_id INTEGER NOT NULL,
    season INTEGER NOT NULL,
    command INTEGER,
    queued TEXT,
    empty_at REAL,
    PRIMARY KEY (category, series_id, season)
) STRICT, WITHOUT ROWID;

-- Arrs of which no indexer answers, and since when they may not have answered (epoch seconds).
CREATE TABLE indexer_outages (
    category TEXT PRIMARY KEY,
    good_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
