-- What was asked of banks, and what became of it (ips/bank). A row is durable before the first byte of it
-- leaves; `kept` is the message without its PIN, wrapped by the host secret.
--   open        asked; nobody has answered yet
--   approved, declined    the bank's answer
--   reversing   nobody answered, or it is given back: the bank has to accept that
--   reversed    it has
--   advising    to be told to the bank when it can be reached; then approved or declined
CREATE TABLE bank_exchange (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    bank TEXT NOT NULL,
    operation TEXT NOT NULL,
    payment TEXT NOT NULL,
    merchant TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    kept BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'declined', 'reversing', 'reversed', 'advising')),
    code TEXT NOT NULL DEFAULT '',
    approval TEXT NOT NULL DEFAULT '',
    -- Of a reversal: why. Of an advice: offline, when it was approved without the bank.
    why TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    at_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL,
    -- The shop's batch at this bank that it counts in, and the one that its reversal counts in.
    batch INTEGER NOT NULL DEFAULT 0,
    undone_batch INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX bank_exchange_waiting ON bank_exchange (bank, id) WHERE state IN ('open', 'reversing', 'advising');
CREATE INDEX bank_exchange_by_payment ON bank_exchange (payment, operation);
CREATE INDEX bank_exchange_by_batch ON bank_exchange (bank, merchant, batch);
CREATE TRIGGER bank_exchange_goes_on BEFORE UPDATE OF state ON bank_exchange
    WHEN OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN (
        'open>approved', 'open>declined', 'open>reversing', 'approved>reversing', 'advising>approved',
        'advising>declined', 'advising>reversing', 'reversing>reversed')
BEGIN SELECT RAISE(ABORT, 'an exchange with a bank goes one way'); END;
CREATE TRIGGER bank_exchange_stays BEFORE UPDATE ON bank_exchange
    WHEN (OLD.key, OLD.bank, OLD.amount, OLD.currency, OLD.kept, OLD.at_ns) IS NOT (NEW.key, NEW.bank, NEW.amount, NEW.currency, NEW.kept, NEW.at_ns)
BEGIN SELECT RAISE(ABORT, 'what was asked of a bank is never changed'); END;
CREATE TRIGGER bank_exchange_kept BEFORE DELETE ON bank_exchange BEGIN SELECT RAISE(ABORT, 'what was asked of a bank is never deleted'); END;

-- A shop's totals at a bank (0500): eight sums in the order of fields 74 to 77 and 86 to 89. Durable before it is
-- asked, and nothing else is asked meanwhile; where the bank agrees, the shop's next batch begins.
CREATE TABLE bank_settlement (
    id INTEGER PRIMARY KEY,
    bank TEXT NOT NULL,
    merchant TEXT NOT NULL,
    terminal TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    ours TEXT NOT NULL,
    theirs TEXT NOT NULL DEFAULT '',
    code TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'agreed', 'differs')),
    tries INTEGER NOT NULL DEFAULT 0,
    at_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX bank_settlement_by_shop ON bank_settlement (bank, merchant, state);
CREATE TRIGGER bank_settlement_ends BEFORE UPDATE ON bank_settlement
    WHEN OLD.state <> 'asked' OR (OLD.bank, OLD.merchant, OLD.currency, OLD.ours, OLD.at_ns) IS NOT (NEW.bank, NEW.merchant, NEW.currency, NEW.ours, NEW.at_ns)
BEGIN SELECT RAISE(ABORT, 'a settlement is never changed'); END;
CREATE TRIGGER bank_settlement_kept BEFORE DELETE ON bank_settlement BEGIN SELECT RAISE(ABORT, 'a settlement is never deleted'); END;
