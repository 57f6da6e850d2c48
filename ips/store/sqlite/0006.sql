-- Which refunds took something back of which sale.
CREATE TABLE sale_refund (
    order_key TEXT NOT NULL,
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (order_key, terminal, epoch, sequence)
) STRICT, WITHOUT ROWID;
