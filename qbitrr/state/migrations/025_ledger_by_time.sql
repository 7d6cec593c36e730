-- Pages of the ledger by time, whatever they are restricted to, cost the same however long it is.
DROP INDEX ledger_by_category;
DROP INDEX ledger_by_action;
DROP INDEX ledger_by_rule;
DROP INDEX ledger_by_state;
CREATE INDEX ledger_of_action_by_time ON ledger (action, planned_at);
CREATE INDEX ledger_of_rule_by_time ON ledger (rule, planned_at);
CREATE INDEX ledger_of_state_by_time ON ledger (state, planned_at);
CREATE INDEX ledger_of_kind_by_time ON ledger (category, action, rule, state, planned_at);

-- Removals that are being undone.
CREATE INDEX ledger_undoing ON ledger (category, id) WHERE state = 'done' AND step = 'undoing';
