-- When the facts of a verdict were measured, when time alone may change it, and what would be decided then.
ALTER TABLE verdicts ADD COLUMN measured_at REAL NOT NULL DEFAULT 0;
ALTER TABLE verdicts ADD COLUMN revisit_at REAL;
ALTER TABLE verdicts ADD COLUMN forecast TEXT;
UPDATE verdicts SET measured_at = since;
