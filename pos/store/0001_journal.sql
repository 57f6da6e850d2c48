-- The journal and what stands around it. Forward only: never edit a released file, add the next.

-- A chain is one life of one terminal; the newest is the one that is written.
CREATE TABLE chain (
    number     INTEGER PRIMARY KEY,
    terminal   TEXT    NOT NULL,
    epoch      INTEGER NOT NULL CHECK (epoch > 0),
    sequence   INTEGER NOT NULL DEFAULT 0,
    head       BLOB    NOT NULL CHECK (length(head) = 32),
    high_water INTEGER NOT NULL DEFAULT 0,
    UNIQUE (terminal, epoch),
    CHECK (high_water BETWEEN 0 AND sequence)
) STRICT;

CREATE TABLE record (
    position      INTEGER PRIMARY KEY,
    chain         INTEGER NOT NULL REFERENCES chain (number),
    sequence      INTEGER NOT NULL CHECK (sequence > 0),
    kind          TEXT    NOT NULL,
    business_date TEXT    NOT NULL,
    bytes         BLOB    NOT NULL,
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    UNIQUE (chain, sequence)
) STRICT;
CREATE INDEX record_by_kind ON record (kind, position);

CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER record_is_never_removed BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- The last word on each attempt to move money: opened, or its outcome by name.
CREATE TABLE attempt (
    key      TEXT    PRIMARY KEY,
    state    TEXT    NOT NULL,
    position INTEGER NOT NULL REFERENCES record (position)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_in_doubt ON attempt (state) WHERE state IN ('opened', 'pending', 'unknown');

-- The last sale number of each business date: a key never comes twice, whatever the clock does.
CREATE TABLE sale_number (
    business_date TEXT    PRIMARY KEY,
    last          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The open sale, event by event; gone in the transaction that closes or voids it.
CREATE TABLE basket (
    number INTEGER PRIMARY KEY,
    event  BLOB NOT NULL
) STRICT;

-- Receipts and reports; 'kept' has no printer, and comes out only when somebody asks for a copy.
CREATE TABLE paper (
    number        INTEGER PRIMARY KEY,
    form          TEXT    NOT NULL CHECK (form IN ('sale', 'x', 'z')),
    body          BLOB    NOT NULL,
    actor         TEXT    NOT NULL,
    business_date TEXT    NOT NULL,
    sale          INTEGER NOT NULL DEFAULT 0,
    sequence      INTEGER NOT NULL DEFAULT 0,
    at_ns         INTEGER NOT NULL,
    copy          INTEGER NOT NULL DEFAULT 0,
    state         TEXT    NOT NULL CHECK (state IN ('waiting', 'sending', 'printed', 'kept'))
) STRICT;
CREATE INDEX paper_by_state ON paper (state, number);
CREATE INDEX paper_by_sale ON paper (business_date, sale, copy);

-- What the broker asked about records that it took.
CREATE TABLE question (
    chain       INTEGER NOT NULL REFERENCES chain (number),
    sequence    INTEGER NOT NULL,
    code        TEXT    NOT NULL,
    sentence_ko TEXT    NOT NULL,
    sentence_en TEXT    NOT NULL,
    settled     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chain, sequence, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    name    TEXT    PRIMARY KEY,
    version INTEGER NOT NULL,
    data    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
