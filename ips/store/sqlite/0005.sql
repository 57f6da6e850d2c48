-- Value that terminals report as received in the shop's devices, of any scheme (ips/received): once each,
-- by the scheme's own bytes. Only a proof that was missing may still come.
CREATE TABLE value_taken (
    method TEXT NOT NULL,
    details BLOB NOT NULL,
    device TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    proof BLOB NOT NULL,
    attempt TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    PRIMARY KEY (method, details)
) STRICT, WITHOUT ROWID;
CREATE INDEX value_taken_by_device ON value_taken (method, device);
CREATE TRIGGER value_taken_stays BEFORE UPDATE ON value_taken
    WHEN length(OLD.proof) > 0 OR (OLD.device, OLD.amount, OLD.currency, OLD.attempt, OLD.at_ns)
        IS NOT (NEW.device, NEW.amount, NEW.currency, NEW.attempt, NEW.at_ns)
BEGIN SELECT RAISE(ABORT, 'only a missing proof is ever added'); END;
CREATE TRIGGER value_taken_kept BEFORE DELETE ON value_taken BEGIN SELECT RAISE(ABORT, 'what was received is never deleted'); END;

-- What the collector of ICash keeps (ips/icash). `module` is the security module's eight bytes in
-- hexadecimal, `td` the 39 bytes of transaction details.

-- A STATEMENT that was asked for; its nonce makes an answer this one's. Asked for later is newer.
CREATE TABLE icash_nonce (
    id INTEGER PRIMARY KEY,
    nonce BLOB NOT NULL UNIQUE CHECK (length(nonce) = 8),
    module TEXT NOT NULL CHECK (length(module) = 16),
    at_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX icash_nonce_by_module ON icash_nonce (module, id);

-- What a module has stated, each nonce once: a total that only grows, and its open purchases.
CREATE TABLE icash_statement (
    nonce BLOB PRIMARY KEY REFERENCES icash_nonce (nonce),
    module TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 0),
    total INTEGER NOT NULL CHECK (total >= 0),
    open BLOB NOT NULL CHECK (length(open) % 39 = 0),
    at_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER icash_statement_stays BEFORE UPDATE ON icash_statement BEGIN SELECT RAISE(ABORT, 'a statement is never changed'); END;
CREATE TRIGGER icash_statement_kept BEFORE DELETE ON icash_statement BEGIN SELECT RAISE(ABORT, 'a statement is never deleted'); END;

-- An open purchase that its module was told to forget. ordered: it may have been credited before;
-- confirmed: a statement that was asked for later than `after` shows that it was not; credited: that it was.
CREATE TABLE icash_cleared (
    td BLOB PRIMARY KEY CHECK (length(td) = 39),
    module TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ordered', 'confirmed', 'credited')),
    after INTEGER NOT NULL REFERENCES icash_nonce (id),
    at_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER icash_cleared_ends BEFORE UPDATE ON icash_cleared WHEN OLD.state <> 'ordered'
BEGIN SELECT RAISE(ABORT, 'what a statement has shown is never changed'); END;
CREATE TRIGGER icash_cleared_kept BEFORE DELETE ON icash_cleared BEGIN SELECT RAISE(ABORT, 'an order to clear is never deleted'); END;

-- A purchase that was paid for: to the shop that took it, or back to the holder of a card whose
-- purchase was never credited. Each once, and never both.
CREATE TABLE icash_paid (
    td BLOB PRIMARY KEY CHECK (length(td) = 39),
    module TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    proof BLOB NOT NULL CHECK (length(proof) = 8),
    nonce BLOB REFERENCES icash_statement (nonce),
    holder TEXT NOT NULL,
    paid_by TEXT NOT NULL,
    paid_ns INTEGER NOT NULL,
    CHECK ((nonce IS NULL) <> (holder = ''))
) STRICT, WITHOUT ROWID;
CREATE INDEX icash_paid_by_module ON icash_paid (module);
CREATE TRIGGER icash_paid_to_shop BEFORE INSERT ON icash_paid
    WHEN NEW.nonce IS NOT NULL AND (
        NEW.module <> (SELECT module FROM icash_statement WHERE nonce = NEW.nonce)
        OR EXISTS (SELECT 1 FROM icash_cleared WHERE td = NEW.td AND state <> 'credited')
        OR NOT EXISTS (SELECT 1 FROM value_taken WHERE method = 'icash' AND details = NEW.td AND proof = NEW.proof)
        OR NEW.amount + (SELECT coalesce(sum(amount), 0) FROM icash_paid WHERE module = NEW.module AND nonce IS NOT NULL)
            > (SELECT total FROM icash_statement WHERE nonce = NEW.nonce)
    )
BEGIN SELECT RAISE(ABORT, 'a shop is paid for what its module has stated and a card has proved'); END;
CREATE TRIGGER icash_paid_to_holder BEFORE INSERT ON icash_paid
    WHEN NEW.nonce IS NULL AND NOT EXISTS (SELECT 1 FROM icash_cleared WHERE td = NEW.td AND state = 'confirmed')
BEGIN SELECT RAISE(ABORT, 'a holder is paid back only what no module was credited with'); END;
CREATE TRIGGER icash_paid_stays BEFORE UPDATE ON icash_paid BEGIN SELECT RAISE(ABORT, 'a payment is never changed'); END;
CREATE TRIGGER icash_paid_kept BEFORE DELETE ON icash_paid BEGIN SELECT RAISE(ABORT, 'a payment is never deleted'); END;
