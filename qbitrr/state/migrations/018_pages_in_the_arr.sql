-- By what the Arr's own page addresses a series or an artist; filled by the next reading of the library.
ALTER TABLE series ADD COLUMN title_slug TEXT NOT NULL DEFAULT '';
ALTER TABLE artists ADD COLUMN foreign_id TEXT NOT NULL DEFAULT '';
