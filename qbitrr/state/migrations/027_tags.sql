-- Ids of the tags in the Arr, with a space between; NULL until the library is read again.
ALTER TABLE movies ADD COLUMN tags TEXT;
ALTER TABLE series ADD COLUMN tags TEXT;
ALTER TABLE artists ADD COLUMN tags TEXT;
