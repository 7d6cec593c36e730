-- Times are UTC epoch seconds. Every table of a category begins with it.

-- One row for each category. synced_at is null until the first full sync is over: nothing of it is shown before.
-- The counts follow the catalogue in the transaction that changes it; items are movies, series or artists.
CREATE TABLE catalogue (
    category TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('radarr', 'sonarr', 'lidarr')),
    source TEXT NOT NULL,
    synced_at REAL,
    items INTEGER NOT NULL DEFAULT 0,
    monitored INTEGER NOT NULL DEFAULT 0,
    available INTEGER NOT NULL DEFAULT 0,
    quality_met INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE movies (
    category TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    sort_title TEXT NOT NULL,
    year INTEGER NOT NULL,
    tmdb_id INTEGER NOT NULL,
    imdb_id TEXT,
    monitored INTEGER NOT NULL,
    released INTEGER NOT NULL,
    has_file INTEGER NOT NULL,
    file_id INTEGER,
    quality_met INTEGER NOT NULL,
    custom_format_score INTEGER,
    min_custom_format_score INTEGER,
    custom_format_met INTEGER NOT NULL,
    upgrade INTEGER NOT NULL,
    is_request INTEGER NOT NULL,
    reason TEXT,
    quality_profile TEXT,
    PRIMARY KEY (category, id)
) STRICT, WITHOUT ROWID;
-- with what lists filter by, so that rows which do not match are not looked at
CREATE INDEX movies_by_title ON movies (category, sort_title, id, year, monitored, has_file, quality_met, is_request);

CREATE TABLE series (
    category TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    sort_title TEXT NOT NULL,
    year INTEGER NOT NULL,
    tvdb_id INTEGER NOT NULL,
    imdb_id TEXT,
    monitored INTEGER NOT NULL,
    quality_profile TEXT,
    PRIMARY KEY (category, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX series_by_title ON series (category, sort_title, id);

-- Clustered by series, so that a page of series reads neighbouring rows. released_at is the air time.
-- monitored includes the series and the season; released turns 1 when released_at passes.
CREATE TABLE episodes (
    category TEXT NOT NULL,
    series_id INTEGER NOT NULL,
    season_number INTEGER NOT NULL,
    episode_number INTEGER NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    released_at REAL,
    monitored INTEGER NOT NULL,
    released INTEGER NOT NULL,
    has_file INTEGER NOT NULL,
    file_id INTEGER,
    quality_met INTEGER NOT NULL,
    custom_format_score INTEGER,
    min_custom_format_score INTEGER,
    custom_format_met INTEGER NOT NULL,
    upgrade INTEGER NOT NULL,
    is_request INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (category, series_id, season_number, episode_number, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX episodes_by_id ON episodes (category, id);
CREATE INDEX episodes_missing ON episodes (category, series_id) WHERE monitored AND released AND NOT has_file;
CREATE INDEX episodes_to_come ON episodes (category, released_at) WHERE NOT released;

CREATE TABLE artists (
    category TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    sort_title TEXT NOT NULL,
    disambiguation TEXT,
    monitored INTEGER NOT NULL,
    quality_profile TEXT,
    PRIMARY KEY (category, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artists_by_title ON artists (category, sort_title, id);

-- Clustered by artist. monitored includes the artist.
CREATE TABLE albums (
    category TEXT NOT NULL,
    artist_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    released_at REAL,
    monitored INTEGER NOT NULL,
    released INTEGER NOT NULL,
    has_file INTEGER NOT NULL,
    track_count INTEGER NOT NULL,
    track_file_count INTEGER NOT NULL,
    quality_met INTEGER NOT NULL,
    upgrade INTEGER NOT NULL,
    is_request INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (category, artist_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX albums_by_id ON albums (category, id);
CREATE INDEX albums_missing ON albums (category, artist_id) WHERE monitored AND released AND NOT has_file;
CREATE INDEX albums_to_come ON albums (category, released_at) WHERE NOT released;

CREATE TABLE tracks (
    category TEXT NOT NULL,
    artist_id INTEGER NOT NULL,
    album_id INTEGER NOT NULL,
    track_number INTEGER NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    duration_seconds INTEGER NOT NULL,
    has_file INTEGER NOT NULL,
    PRIMARY KEY (category, artist_id, album_id, track_number, id)
) STRICT, WITHOUT ROWID;

-- Every action, written before it is sent. step is how far it got; notes (JSON) is what later steps need.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    name TEXT NOT NULL,
    added_at REAL NOT NULL,
    action TEXT NOT NULL,
    rule TEXT NOT NULL,
    because TEXT NOT NULL,
    facts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'done', 'failed', 'held', 'undone')),
    step TEXT NOT NULL,
    notes TEXT NOT NULL,
    outcome TEXT,
    planned_at REAL NOT NULL,
    updated_at REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX ledger_one_open_action ON ledger (instance, infohash) WHERE state = 'planned';
CREATE INDEX ledger_by_torrent ON ledger (infohash, id);
CREATE INDEX ledger_by_category ON ledger (category, id);

-- The last verdict on each torrent, written when it changes. trace is JSON: every rule asked, in order.
CREATE TABLE verdicts (
    category TEXT NOT NULL,
    instance TEXT NOT NULL,
    infohash TEXT NOT NULL,
    name TEXT NOT NULL,
    action TEXT NOT NULL,
    rule TEXT NOT NULL,
    because TEXT NOT NULL,
    trace TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (category, instance, infohash)
) STRICT, WITHOUT ROWID;
CREATE INDEX verdicts_by_torrent ON verdicts (infohash);

-- The last search of each category, as the process list shows it.
CREATE TABLE activity (
    category TEXT PRIMARY KEY,
    summary TEXT NOT NULL,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Credentials that a service refused: not tried again until they change. The fingerprint reveals nothing.
CREATE TABLE refused_logins (
    service TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;
