-- Baskets that tills have put aside: free, asked for by a terminal, or gone on with.
CREATE TABLE held_sale (
    hold TEXT PRIMARY KEY,
    store TEXT NOT NULL,
    terminal TEXT NOT NULL,
    label TEXT NOT NULL,
    total INTEGER NOT NULL,
    currency TEXT NOT NULL,
    pieces INTEGER NOT NULL,
    held_ns INTEGER NOT NULL,
    taken_by TEXT NOT NULL,
    taken_sale TEXT NOT NULL,
    recalled_ns INTEGER NOT NULL,
    basket BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX held_sale_free ON held_sale (store, held_ns, hold) WHERE recalled_ns = 0;
