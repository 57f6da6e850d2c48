-- Baskets that were put aside: their events as they were, until somebody goes on with them.
CREATE TABLE held (
    hold    TEXT    PRIMARY KEY,
    label   TEXT    NOT NULL,
    total   INTEGER NOT NULL,
    pieces  INTEGER NOT NULL,
    held_ns INTEGER NOT NULL,
    events  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX held_by_time ON held (held_ns, hold);
