-- What the Arr's own list said of a movie, a series or an artist, as a number: what changed is found by comparing.
ALTER TABLE movies ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;
ALTER TABLE artists ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;

-- For how many seconds an Arr asked to be left alone, and when it did, by both clocks.
CREATE TABLE quiet_times (
    category TEXT PRIMARY KEY,
    seconds REAL NOT NULL,
    wall REAL NOT NULL,
    monotonic REAL NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE search_budgets DROP COLUMN quiet_until;
