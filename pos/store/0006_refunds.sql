-- What goes back of a payment by a device: set aside with the intent, never more than was paid.
-- state: opened, unknown (it may have gone back); approved; declined, not_sent (it has not).
-- paid is NULL for a payment that another till took: the broker knows it.

CREATE TABLE refund (
    key     TEXT    PRIMARY KEY,
    payment TEXT    NOT NULL,
    paid    INTEGER CHECK (paid > 0),
    amount  INTEGER NOT NULL CHECK (amount > 0),
    state   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refund_by_payment ON refund (payment);

CREATE TRIGGER refund_within_payment BEFORE INSERT ON refund
    WHEN NEW.paid IS NOT NULL AND NEW.amount + (
        SELECT coalesce(sum(amount), 0) FROM refund
        WHERE payment = NEW.payment AND state NOT IN ('declined', 'not_sent')
    ) > NEW.paid
BEGIN SELECT RAISE(ABORT, 'no payment is given back beyond what was paid'); END;
