-- What the user answered about a download that the Arr does not import, while the Arr says `words`; in epoch seconds.
CREATE TABLE import_answers (
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    added_at REAL NOT NULL,
    choice TEXT NOT NULL,
    words TEXT NOT NULL,
    answered_at REAL NOT NULL,
    PRIMARY KEY (category, instance, infohash)
) STRICT, WITHOUT ROWID;
