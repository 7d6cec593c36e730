-- The section of each qBittorrent by which rows are known, and the address that it had: by that a renamed one is known.
CREATE TABLE instances (
    instance TEXT PRIMARY KEY NOT NULL,
    address TEXT NOT NULL
) STRICT, WITHOUT ROWID;
