-- The titles that lists are searched by, as text with an index of its three-letter parts. Triggers keep it: whoever
-- writes the catalogue need not know. The listed tables have no rowid, which the index needs.
CREATE TABLE titles (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    category TEXT NOT NULL,
    id INTEGER NOT NULL,
    sort_title TEXT NOT NULL,
    UNIQUE (kind, category, id)
) STRICT;
CREATE VIRTUAL TABLE titles_by_part USING fts5 (
    sort_title, content = 'titles', content_rowid = 'number', tokenize = 'trigram case_sensitive 1', detail = 'full'
);

CREATE TRIGGER titles_added AFTER INSERT ON titles BEGIN
    INSERT INTO titles_by_part (rowid, sort_title) VALUES (new.number, new.sort_title);
END;
CREATE TRIGGER titles_removed AFTER DELETE ON titles BEGIN
    INSERT INTO titles_by_part (titles_by_part, rowid, sort_title) VALUES ('delete', old.number, old.sort_title);
END;

CREATE TRIGGER movies_titled AFTER INSERT ON movies BEGIN
    INSERT INTO titles (kind, category, id, sort_title) VALUES ('movies', new.category, new.id, new.sort_title);
END;
CREATE TRIGGER movies_untitled AFTER DELETE ON movies BEGIN
    DELETE FROM titles WHERE kind = 'movies' AND category = old.category AND id = old.id;
END;
CREATE TRIGGER movies_retitled AFTER UPDATE OF category, id, sort_title ON movies BEGIN
    DELETE FROM titles WHERE kind = 'movies' AND category = old.category AND id = old.id;
    INSERT INTO titles (kind, category, id, sort_title) VALUES ('movies', new.category, new.id, new.sort_title);
END;
CREATE TRIGGER series_titled AFTER INSERT ON series BEGIN
    INSERT INTO titles (kind, category, id, sort_title) VALUES ('series', new.category, new.id, new.sort_title);
END;
CREATE TRIGGER series_untitled AFTER DELETE ON series BEGIN
    DELETE FROM titles WHERE kind = 'series' AND category = old.category AND id = old.id;
END;
CREATE TRIGGER series_retitled AFTER UPDATE OF category, id, sort_title ON series BEGIN
    DELETE FROM titles WHERE kind = 'series' AND category = old.category AND id = old.id;
    INSERT INTO titles (kind, category, id, sort_title) VALUES ('series', new.category, new.id, new.sort_title);
END;
CREATE TRIGGER artists_titled AFTER INSERT ON artists BEGIN
    INSERT INTO titles (kind, category, id, sort_title) VALUES ('artists', new.category, new.id, new.sort_title);
END;
CREATE TRIGGER artists_untitled AFTER DELETE ON artists BEGIN
    DELETE FROM titles WHERE kind = 'artists' AND category = old.category AND id = old.id;
END;
CREATE TRIGGER artists_retitled AFTER UPDATE OF category, id, sort_title ON artists BEGIN
    DELETE FROM titles WHERE kind = 'artists' AND category = old.category AND id = old.id;
    INSERT INTO titles (kind, category, id, sort_title) VALUES ('artists', new.category, new.id, new.sort_title);
END;

INSERT INTO titles (kind, category, id, sort_title) SELECT 'movies', category, id, sort_title FROM movies;
INSERT INTO titles (kind, category, id, sort_title) SELECT 'series', category, id, sort_title FROM series;
INSERT INTO titles (kind, category, id, sort_title) SELECT 'artists', category, id, sort_title FROM artists;

-- what changed in the ledger since a moment, for those who follow it
CREATE INDEX ledger_by_update ON ledger (updated_at);
-- how many actions there are by what, without looking at them
CREATE INDEX ledger_numbers ON ledger (category, action, rule, state);
