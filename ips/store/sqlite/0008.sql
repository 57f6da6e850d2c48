-- E-receipts: which sale's record a link opens. The token itself is in the record alone.
CREATE TABLE receipt_link (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    order_key TEXT NOT NULL,
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    kept_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_link_by_age ON receipt_link (kept_ns);
