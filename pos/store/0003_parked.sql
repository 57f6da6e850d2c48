-- An attempt in doubt may be parked; one that proves paid too late is owed to the customer until repaid.
-- States now: opened, pending, unknown, parked; owed, repaid; approved, declined, not_sent.

DROP INDEX attempt_in_doubt;
CREATE INDEX attempt_not_at_rest ON attempt (state)
    WHERE state IN ('opened', 'pending', 'unknown', 'parked', 'owed');
