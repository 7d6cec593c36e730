-- The order in which entries were committed, whatever the clocks say: an event is published for each change once.
ALTER TABLE ledger ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
CREATE TABLE ledger_changes (number INTEGER NOT NULL) STRICT;

-- How many actions there were. Entries that are dropped with age go on to count.
CREATE TABLE ledger_totals (
    category TEXT NOT NULL,
    action TEXT NOT NULL,
    rule TEXT NOT NULL,
    state TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (category, action, rule, state)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_totals
SELECT category, action, rule, state, count(*) FROM ledger GROUP BY category, action, rule, state;
DROP INDEX ledger_numbers;

UPDATE ledger SET change = id;
INSERT INTO ledger_changes SELECT coalesce(max(id), 0) FROM ledger;
DROP INDEX ledger_by_update;
CREATE INDEX ledger_by_change ON ledger (change);
CREATE INDEX ledger_by_age ON ledger (updated_at);
CREATE INDEX ledger_by_action ON ledger (action, id);
CREATE INDEX ledger_of_category_by_time ON ledger (category, planned_at);
CREATE INDEX shadow_by_age ON shadow (decided_at);

CREATE TRIGGER ledger_after_insert AFTER INSERT ON ledger
BEGIN
    UPDATE ledger_changes SET number = number + 1;
    UPDATE ledger SET change = (SELECT number FROM ledger_changes) WHERE id = new.id;
    INSERT INTO ledger_totals VALUES (new.category, new.action, new.rule, new.state, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER ledger_after_update AFTER UPDATE OF state, step, notes, outcome ON ledger
BEGIN
    UPDATE ledger_changes SET number = number + 1;
    UPDATE ledger SET change = (SELECT number FROM ledger_changes) WHERE id = new.id;
END;
CREATE TRIGGER ledger_after_end AFTER UPDATE OF state ON ledger WHEN new.state <> old.state
BEGIN
    UPDATE ledger_totals SET number = number - 1
    WHERE category = old.category AND action = old.action AND rule = old.rule AND state = old.state;
    INSERT INTO ledger_totals VALUES (new.category, new.action, new.rule, new.state, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;
