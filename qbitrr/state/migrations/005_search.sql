-- When a movie is out, as far as its Arr knows: when a search makes sense anew.
ALTER TABLE movies ADD COLUMN released_at REAL;

-- The last search for each item, and how often it was searched while its release date was released_at.
CREATE TABLE searches (
    category TEXT NOT NULL,
    id INTEGER NOT NULL,
    at REAL NOT NULL,
    tries INTEGER NOT NULL,
    released_at REAL,
    PRIMARY KEY (category, id)
) STRICT, WITHOUT ROWID;

-- What is left of the search budgets: one for each category, and one for all, which has no name. quiet_until is the
-- time until which an Arr has asked for no more.
CREATE TABLE search_budgets (
    category TEXT PRIMARY KEY,
    tokens REAL NOT NULL,
    wall REAL NOT NULL,
    monotonic REAL NOT NULL,
    quiet_until REAL NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What will be searched next, as JSON; written by the worker when it changes.
CREATE TABLE search_plans (
    category TEXT PRIMARY KEY,
    plan TEXT NOT NULL
) STRICT, WITHOUT ROWID;
