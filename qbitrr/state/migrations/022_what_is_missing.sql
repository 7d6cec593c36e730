-- How many episodes of a series, or albums of an artist, are monitored and released and have no file.
ALTER TABLE series ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE artists ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
UPDATE series SET missing = (
    SELECT count(*) FROM episodes AS part INDEXED BY episodes_missing
    WHERE part.category = series.category AND part.series_id = series.id
      AND part.monitored AND part.released AND NOT part.has_file
);
UPDATE artists SET missing = (
    SELECT count(*) FROM albums AS part INDEXED BY albums_missing
    WHERE part.category = artists.category AND part.artist_id = artists.id
      AND part.monitored AND part.released AND NOT part.has_file
);
CREATE INDEX series_by_missing ON series (category, missing, sort_title, id);
CREATE INDEX artists_by_missing ON artists (category, missing, sort_title, id);
