-- Korean cash receipts on their way to an agent of the tax office, and back again.
CREATE TABLE cash_receipt (
    key TEXT PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('issue', 'cancel')),
    -- Of a cancellation: the key of the receipt.
    of TEXT NOT NULL,
    order_key TEXT NOT NULL,
    store TEXT NOT NULL,
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    business_date TEXT NOT NULL,
    purpose TEXT NOT NULL,
    shown TEXT NOT NULL,
    -- Erased once an agent has answered.
    sealed BLOB NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    vat INTEGER NOT NULL CHECK (vat BETWEEN 0 AND amount),
    -- waiting: to be sent; asked: sent, and nobody knows; pending: the agent has it; by_hand: a person must.
    state TEXT NOT NULL CHECK (state IN
        ('waiting', 'asked', 'pending', 'approved', 'refused', 'by_hand', 'needless')),
    approval TEXT NOT NULL DEFAULT '',
    approved_on TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    due_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cash_receipt_due ON cash_receipt (due_ns) WHERE state IN ('waiting', 'asked', 'pending');
CREATE INDEX cash_receipt_of_order ON cash_receipt (order_key);
CREATE INDEX cash_receipt_of ON cash_receipt (of) WHERE of <> '';
CREATE INDEX cash_receipt_by_day ON cash_receipt (approved_on);
