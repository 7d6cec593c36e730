-- What people asked for, by category, under whichever ids are known. season is NULL for a movie, -1 for all of a series.
CREATE TABLE requests (
    category TEXT NOT NULL,
    tmdb_id INTEGER,
    tvdb_id INTEGER,
    imdb_id TEXT,
    season INTEGER
) STRICT;
CREATE INDEX requests_by_tmdb ON requests (category, tmdb_id);
CREATE INDEX requests_by_tvdb ON requests (category, tvdb_id);
CREATE INDEX requests_by_imdb ON requests (category, imdb_id);

-- Requests know a series by this one too.
ALTER TABLE series ADD COLUMN tmdb_id INTEGER NOT NULL DEFAULT 0;
