-- Lists of torrents with their verdicts, in each order, and how many there are of each kind.
CREATE INDEX verdicts_by_name ON verdicts (name COLLATE NOCASE, category, instance, infohash);
CREATE INDEX verdicts_by_since ON verdicts (since, category, instance, infohash);
CREATE INDEX verdicts_by_revisit ON verdicts (revisit_at, category, instance, infohash) WHERE revisit_at IS NOT NULL;
CREATE INDEX verdicts_numbers ON verdicts (rule, action, category, instance);

-- Movies by year.
CREATE INDEX movies_by_year ON movies (category, year, sort_title, id);

-- What was done each day.
CREATE INDEX ledger_by_day ON ledger (planned_at, category, action, state);
