-- Movies by release and by score, series by year.
CREATE INDEX movies_by_release ON movies (category, released_at, sort_title, id);
CREATE INDEX movies_by_score ON movies (category, custom_format_score, sort_title, id);
CREATE INDEX series_by_year ON series (category, year, sort_title, id);
