-- The seasons of a series that are not monitored, with a space between: a search of the series leaves them out.
ALTER TABLE series ADD COLUMN unmonitored_seasons TEXT NOT NULL DEFAULT '';

-- What the Arr's list said of an artist when the quality of its files was read: read again when it says otherwise.
CREATE TABLE artist_files (
    category TEXT NOT NULL,
    artist_id INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (category, artist_id)
) STRICT, WITHOUT ROWID;
