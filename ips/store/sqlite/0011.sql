-- Members of the shop's points programme (ips/members). Points themselves are accounts of the ledger.
-- Of a person only what may be shown is kept: a masked name, four digits; `phone` is the telephone
-- number under a key of this broker (HMAC-SHA-256), so that the whole number finds its member.
CREATE TABLE member (
    number TEXT PRIMARY KEY CHECK (length(number) = 10),
    name TEXT NOT NULL,
    tail TEXT NOT NULL CHECK (length(tail) IN (0, 4)),
    phone BLOB NOT NULL CHECK (length(phone) IN (0, 32)),
    state TEXT NOT NULL CHECK (state IN ('active', 'stopped')),
    added_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX member_by_tail ON member (tail, number);
CREATE UNIQUE INDEX member_by_phone ON member (phone) WHERE length(phone) = 32;
