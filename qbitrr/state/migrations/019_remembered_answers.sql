-- What the user answered for good about a rule and the torrents of one tracker, in epoch seconds.
CREATE TABLE answers (
    category TEXT NOT NULL,
    rule TEXT NOT NULL,
    tracker TEXT NOT NULL,
    act INTEGER NOT NULL CHECK (act IN (0, 1)),
    answered_at REAL NOT NULL,
    PRIMARY KEY (category, rule, tracker)
) STRICT, WITHOUT ROWID;
