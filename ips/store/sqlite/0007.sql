-- Commands that the issuer has made for purses that are out; a terminal takes each to its card.
CREATE TABLE purse_command (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) = 16),
    what TEXT NOT NULL CHECK (what IN ('update', 'claim', 'clear')),
    apdu BLOB NOT NULL CHECK (length(apdu) BETWEEN 5 AND 261),
    nonce BLOB NOT NULL CHECK (length(nonce) IN (0, 8)),
    -- MessagePack of the limits that an update sets, its hotlist left out: the next one begins with them.
    limits BLOB NOT NULL,
    at_ns INTEGER NOT NULL,
    -- waiting; taken by the card; refused by it; withdrawn, because a later one says it all.
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'refused', 'withdrawn')),
    sw INTEGER NOT NULL DEFAULT 0,
    terminal TEXT NOT NULL DEFAULT '',
    done_ns INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX purse_command_waiting ON purse_command (name, id) WHERE state = 'waiting';
CREATE INDEX purse_command_by_name ON purse_command (name, what, id);
