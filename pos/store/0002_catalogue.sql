-- What the store sells now: one catalogue, replaced as a whole. Its versions stay, for the journal names them.

CREATE TABLE catalogue (
    number    INTEGER PRIMARY KEY,
    version   TEXT    NOT NULL UNIQUE,
    currency  TEXT    NOT NULL,
    items     INTEGER NOT NULL CHECK (items > 0),
    stored_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE item (
    position INTEGER PRIMARY KEY,
    sku      TEXT    NOT NULL UNIQUE,
    barcodes TEXT    NOT NULL,
    name_ko  TEXT    NOT NULL,
    name_en  TEXT    NOT NULL,
    price    INTEGER NOT NULL CHECK (price > 0),
    tax      TEXT    NOT NULL CHECK (tax IN ('taxed', 'exempt')),
    unit     TEXT    NOT NULL CHECK (unit IN ('ea', 'kg', 'g', 'l', 'm')),
    "group"  TEXT    NOT NULL
) STRICT;
