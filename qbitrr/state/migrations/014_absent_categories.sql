-- Since when a category with rows or open actions has no worker, in epoch seconds: it may come back.
CREATE TABLE absent_categories (
    category TEXT PRIMARY KEY,
    since REAL NOT NULL
) STRICT, WITHOUT ROWID;
