-- What the issuer of e-cash keeps (ips/purse): its module's own tables (I7). Amounts are minor units,
-- names are the purse's eight bytes in hexadecimal, `pd` the 38 bytes of payment details.

-- A purse that the issuer has made (made_ns), or that somebody has met.
CREATE TABLE purse (
    name TEXT PRIMARY KEY CHECK (length(name) = 16),
    class INTEGER NOT NULL CHECK (class BETWEEN 0 AND 4),
    certificate BLOB NOT NULL CHECK (length(certificate) IN (0, 112)),
    made_ns INTEGER NOT NULL DEFAULT 0,
    seen_ns INTEGER NOT NULL,
    update_sequence INTEGER NOT NULL DEFAULT 0,
    hotlisted_ns INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Value that a purse held as it left the issuer.
CREATE TABLE purse_first (
    name TEXT NOT NULL REFERENCES purse (name),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    value INTEGER NOT NULL CHECK (value > 0),
    PRIMARY KEY (name, currency)
) STRICT, WITHOUT ROWID;

-- The shadow ledger: every transfer that a terminal has reported, once. Two under one (purse, sequence)
-- are both kept: that is how a clone shows.
CREATE TABLE purse_move (
    pd BLOB PRIMARY KEY CHECK (length(pd) = 38),
    payer TEXT NOT NULL,
    payer_sequence INTEGER NOT NULL,
    payee TEXT NOT NULL CHECK (payee <> payer),
    payee_sequence INTEGER NOT NULL,
    value INTEGER NOT NULL CHECK (value > 0),
    currency TEXT NOT NULL,
    message BLOB NOT NULL,
    proved INTEGER NOT NULL CHECK (proved IN (0, 1)),
    at_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX purse_move_by_payer ON purse_move (payer, payer_sequence);
CREATE INDEX purse_move_by_payee ON purse_move (payee, payee_sequence);
CREATE TRIGGER purse_move_stays BEFORE UPDATE ON purse_move BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END;
CREATE TRIGGER purse_move_kept BEFORE DELETE ON purse_move BEGIN SELECT RAISE(ABORT, 'a transfer is never deleted'); END;

-- A CLAIM that was made for a purse; its nonce makes an answer that purse's, and this one's.
CREATE TABLE purse_nonce (
    nonce BLOB PRIMARY KEY CHECK (length(nonce) = 8),
    name TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    answered_ns INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One entry of one purse's frozen log. Only the two purses of a transfer can claim it.
CREATE TABLE purse_claim (
    pd BLOB NOT NULL CHECK (length(pd) = 38),
    name TEXT NOT NULL CHECK (name IN (lower(hex(substr(pd, 1, 8))), lower(hex(substr(pd, 9, 8))))),
    payer TEXT NOT NULL CHECK (payer = lower(hex(substr(pd, 1, 8)))),
    value INTEGER NOT NULL CHECK (value > 0),
    currency TEXT NOT NULL,
    image BLOB NOT NULL CHECK (length(image) = 32),
    at_ns INTEGER NOT NULL,
    PRIMARY KEY (pd, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX purse_claim_by_name ON purse_claim (name, at_ns);
CREATE TRIGGER purse_claim_stays BEFORE UPDATE ON purse_claim BEGIN SELECT RAISE(ABORT, 'a claim is never changed'); END;
CREATE TRIGGER purse_claim_kept BEFORE DELETE ON purse_claim BEGIN SELECT RAISE(ABORT, 'a claim is never deleted'); END;

-- What the issuer has paid back: once a transfer, with both logs, and nothing that was received.
CREATE TABLE purse_paid (
    pd BLOB PRIMARY KEY CHECK (length(pd) = 38),
    value INTEGER NOT NULL CHECK (value > 0),
    currency TEXT NOT NULL,
    into_purse TEXT NOT NULL,
    paid_by TEXT NOT NULL,
    paid_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER purse_paid_on_both BEFORE INSERT ON purse_paid
    WHEN (SELECT count(*) FROM purse_claim WHERE pd = NEW.pd) <> 2
BEGIN SELECT RAISE(ABORT, 'a claim is paid only with the logs of both purses'); END;
CREATE TRIGGER purse_paid_when_lost BEFORE INSERT ON purse_paid
    WHEN EXISTS (SELECT 1 FROM purse_move WHERE pd = NEW.pd)
BEGIN SELECT RAISE(ABORT, 'this transfer was completed: nothing of it was lost'); END;
CREATE TRIGGER purse_paid_stays BEFORE UPDATE ON purse_paid BEGIN SELECT RAISE(ABORT, 'a payment is never changed'); END;
CREATE TRIGGER purse_paid_kept BEFORE DELETE ON purse_paid BEGIN SELECT RAISE(ABORT, 'a payment is never deleted'); END;

-- What is suspect of a purse, each thing asked about once.
CREATE TABLE purse_flag (
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    about TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    PRIMARY KEY (name, code, about)
) STRICT, WITHOUT ROWID;
