-- The quality profile that a movie, series or artist had before it was switched to a temporary one.
CREATE TABLE profile_switches (
    category TEXT NOT NULL,
    id INTEGER NOT NULL,
    original_id INTEGER NOT NULL,
    temporary_id INTEGER NOT NULL,
    stage TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (category, id)
) STRICT, WITHOUT ROWID;
