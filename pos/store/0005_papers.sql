-- Papers have more forms than at first, and will have others: which there are, the program says.
CREATE TABLE paper_again (
    number        INTEGER PRIMARY KEY,
    form          TEXT    NOT NULL,
    body          BLOB    NOT NULL,
    actor         TEXT    NOT NULL,
    business_date TEXT    NOT NULL,
    sale          INTEGER NOT NULL DEFAULT 0,
    sequence      INTEGER NOT NULL DEFAULT 0,
    at_ns         INTEGER NOT NULL,
    copy          INTEGER NOT NULL DEFAULT 0,
    state         TEXT    NOT NULL CHECK (state IN ('waiting', 'sending', 'printed', 'kept'))
) STRICT;
INSERT INTO paper_again
    SELECT number, form, body, actor, business_date, sale, sequence, at_ns, copy, state FROM paper;
DROP TABLE paper;
ALTER TABLE paper_again RENAME TO paper;
CREATE INDEX paper_by_state ON paper (state, number);
CREATE INDEX paper_by_sale ON paper (business_date, sale, copy);
