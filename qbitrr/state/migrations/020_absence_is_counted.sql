-- For how long a category with rows or open actions has had no worker, in seconds, and when that was counted last, in
-- epoch seconds. It may come back; a difference of times alone would believe a clock that is ahead.
DROP TABLE absent_categories;
CREATE TABLE absent_categories (
    category TEXT PRIMARY KEY,
    seconds REAL NOT NULL,
    counted_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
