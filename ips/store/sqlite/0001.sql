-- The broker's store, first step. Money rules stand here as constraints, not in the programs alone.
-- Names of accounts, bounds and phases: ips/ledger.py. Amounts: whole minor units.

CREATE TABLE terminal (
    id TEXT PRIMARY KEY,
    store TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'quarantined', 'retired')),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    program TEXT NOT NULL,
    documents TEXT NOT NULL,
    reason TEXT NOT NULL,
    added_ns INTEGER NOT NULL,
    seen_ns INTEGER NOT NULL
) STRICT;

-- One life of a terminal: its key and how far its chain has come here. Enrolling again starts a new one.
CREATE TABLE life (
    terminal TEXT NOT NULL REFERENCES terminal (id),
    epoch INTEGER NOT NULL CHECK (epoch > 0),
    identity BLOB NOT NULL CHECK (length(identity) = 32),
    high_water INTEGER NOT NULL CHECK (high_water >= 0),
    head BLOB NOT NULL CHECK (length(head) = 32),
    enrolled_ns INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch)
) STRICT, WITHOUT ROWID;

-- The one-time code, stretched with scrypt and wrapped by the host secret; a wrong try counts down.
CREATE TABLE enrolment (
    terminal TEXT PRIMARY KEY REFERENCES terminal (id),
    wrapped_key BLOB NOT NULL,
    expires_ns INTEGER NOT NULL,
    tries_left INTEGER NOT NULL CHECK (tries_left >= 0)
) STRICT;

CREATE TABLE session (
    key_id TEXT PRIMARY KEY,
    terminal TEXT NOT NULL REFERENCES terminal (id),
    epoch INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    expires_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_terminal ON session (terminal);

-- Nonces of requests that moved something; those of mere questions are kept in memory.
CREATE TABLE nonce (
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (key_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonce_by_age ON nonce (created);

-- Journal records as their terminals wrote them. `id` is the order of arrival here.
CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    kind TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    bytes BLOB NOT NULL,
    UNIQUE (terminal, epoch, sequence)
) STRICT;
CREATE TRIGGER record_stays BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'records are never changed'); END;
CREATE TRIGGER record_kept BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END;

-- The signature under which records came; with them the signed envelope can be made again and checked.
CREATE TABLE batch (
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    documents TEXT NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    received_ns INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, last)
) STRICT, WITHOUT ROWID;

-- Two histories under one sequence number: the signed envelope that contradicts what is stored.
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    known_hash BLOB NOT NULL,
    envelope BLOB NOT NULL,
    signature BLOB NOT NULL,
    at_ns INTEGER NOT NULL
) STRICT;
CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER evidence_kept BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is never deleted'); END;

-- The work list: what was accepted and is asked about.
CREATE TABLE question (
    id INTEGER PRIMARY KEY,
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    code TEXT NOT NULL,
    sentence_ko TEXT NOT NULL,
    sentence_en TEXT NOT NULL,
    about TEXT NOT NULL,
    amount INTEGER NOT NULL,
    opened_ns INTEGER NOT NULL,
    answered_ns INTEGER,
    answered_by TEXT,
    answer TEXT
) STRICT;
CREATE INDEX question_by_record ON question (terminal, epoch, sequence);
CREATE INDEX question_unanswered ON question (opened_ns) WHERE answered_ns IS NULL;

CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    bound INTEGER NOT NULL CHECK (bound IN (0, 1, 2)),
    debits_posted INTEGER NOT NULL CHECK (debits_posted >= 0),
    credits_posted INTEGER NOT NULL CHECK (credits_posted >= 0),
    debits_held INTEGER NOT NULL CHECK (debits_held >= 0),
    credits_held INTEGER NOT NULL CHECK (credits_held >= 0),
    UNIQUE (name, currency),
    UNIQUE (id, currency),
    CONSTRAINT credits_within_debits CHECK (bound <> 1 OR credits_posted + credits_held <= debits_posted),
    CONSTRAINT debits_within_credits CHECK (bound <> 2 OR debits_posted + debits_held <= credits_posted)
) STRICT;
CREATE TRIGGER account_kept BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'accounts are never deleted'); END;
CREATE TRIGGER account_named BEFORE UPDATE OF name, currency, bound ON account BEGIN SELECT RAISE(ABORT, 'an account keeps its name, currency and bound'); END;

-- A settle or void names the hold that it resolves; a hold resolves once. What a settle leaves of it is given back.
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY,
    txn TEXT NOT NULL,
    leg INTEGER NOT NULL CHECK (leg >= 0),
    debit INTEGER NOT NULL,
    credit INTEGER NOT NULL CHECK (credit <> debit),
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('post', 'hold', 'settle', 'void')),
    hold TEXT NOT NULL CHECK ((phase = 'post') = (hold = '')),
    memo TEXT NOT NULL,
    UNIQUE (txn, leg),
    FOREIGN KEY (debit, currency) REFERENCES account (id, currency),
    FOREIGN KEY (credit, currency) REFERENCES account (id, currency)
) STRICT;
CREATE UNIQUE INDEX transfer_hold ON transfer (hold) WHERE phase = 'hold';
CREATE UNIQUE INDEX transfer_resolves_once ON transfer (hold) WHERE phase IN ('settle', 'void');
CREATE TRIGGER transfer_resolves BEFORE INSERT ON transfer WHEN NEW.phase IN ('settle', 'void') BEGIN
    SELECT RAISE(ABORT, 'no such hold between these accounts for as much')
    WHERE NOT EXISTS (
        SELECT 1 FROM transfer AS held
        WHERE held.hold = NEW.hold AND held.phase = 'hold' AND held.debit = NEW.debit AND held.credit = NEW.credit
            AND held.amount >= NEW.amount AND (NEW.phase = 'settle' OR held.amount = NEW.amount)
    );
END;
CREATE TRIGGER transfer_stays BEFORE UPDATE ON transfer BEGIN SELECT RAISE(ABORT, 'transfers are never changed'); END;
CREATE TRIGGER transfer_kept BEFORE DELETE ON transfer BEGIN SELECT RAISE(ABORT, 'transfers are never deleted'); END;

-- What became of a payment; `record` is the rules' own form, the columns beside it are what inquiries ask.
CREATE TABLE payment (
    key TEXT PRIMARY KEY,
    order_key TEXT NOT NULL,
    module TEXT NOT NULL,
    flow TEXT NOT NULL,
    flow_pin TEXT NOT NULL,
    store TEXT NOT NULL,
    terminal TEXT NOT NULL,
    business_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    state TEXT NOT NULL,
    state_class TEXT NOT NULL,
    open INTEGER NOT NULL CHECK (open >= 0),
    paid INTEGER NOT NULL CHECK (paid >= 0),
    refund_requested INTEGER NOT NULL CHECK (refund_requested >= 0),
    refunded INTEGER NOT NULL CHECK (refunded >= 0),
    reference TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    due_ns INTEGER NOT NULL,
    record BLOB NOT NULL,
    CONSTRAINT refunds_within_paid CHECK (refunded + refund_requested <= paid)
) STRICT;
CREATE INDEX payment_by_order ON payment (order_key) WHERE order_key <> '';
CREATE INDEX payment_settled ON payment (at_ns, key) WHERE paid > 0;
CREATE INDEX payment_open ON payment (at_ns, key) WHERE open > 0;
CREATE INDEX payment_refunded ON payment (at_ns, key) WHERE refunded > 0;
CREATE INDEX payment_refund_requested ON payment (at_ns, key) WHERE refund_requested > 0;
CREATE INDEX payment_under_way ON payment (module) WHERE open > 0;
CREATE INDEX payment_due ON payment (due_ns) WHERE due_ns > 0;

-- The text of every flow that a payment is pinned to.
CREATE TABLE flow (
    name TEXT NOT NULL,
    pin TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (name, pin)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment_event (
    id INTEGER PRIMARY KEY,
    payment TEXT NOT NULL REFERENCES payment (key),
    number INTEGER NOT NULL CHECK (number > 0),
    at_ns INTEGER NOT NULL,
    txn TEXT NOT NULL,
    event BLOB NOT NULL,
    UNIQUE (payment, number)
) STRICT;
CREATE TRIGGER payment_event_stays BEFORE UPDATE ON payment_event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER payment_event_kept BEFORE DELETE ON payment_event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- Money asked back. `payment` is empty for a refund without a known sale.
CREATE TABLE refund (
    key TEXT PRIMARY KEY,
    payment TEXT NOT NULL,
    order_key TEXT NOT NULL,
    method TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    store TEXT NOT NULL,
    terminal TEXT NOT NULL,
    business_date TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_ns INTEGER NOT NULL,
    due_ns INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX refund_by_payment ON refund (payment) WHERE payment <> '';
CREATE INDEX refund_due ON refund (due_ns) WHERE due_ns > 0;
CREATE INDEX refund_by_state ON refund (state, requested_ns);

-- A sale that was closed, and what a shift adds up to: the rules' own forms.
CREATE TABLE sale (
    order_key TEXT PRIMARY KEY,
    business_date TEXT NOT NULL,
    record BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sale_by_date ON sale (business_date);

CREATE TABLE shift (
    terminal TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    shift INTEGER NOT NULL,
    business_date TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (terminal, epoch, shift)
) STRICT, WITHOUT ROWID;
CREATE INDEX shift_by_date ON shift (business_date);

-- What passed between a payment module and its peer, scrubbed; apart for each module (I7).
CREATE TABLE module_note (
    id INTEGER PRIMARY KEY,
    module TEXT NOT NULL,
    key TEXT NOT NULL,
    event TEXT NOT NULL,
    fields TEXT NOT NULL,
    at_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX module_note_by_key ON module_note (key);
CREATE TRIGGER module_note_stays BEFORE UPDATE ON module_note BEGIN SELECT RAISE(ABORT, 'notes are never changed'); END;

CREATE TABLE document (
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    valid_from_ns INTEGER NOT NULL,
    published_ns INTEGER NOT NULL,
    published_by TEXT NOT NULL,
    signed BLOB NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;
CREATE TRIGGER document_stays BEFORE UPDATE ON document BEGIN SELECT RAISE(ABORT, 'a published version is never changed'); END;

CREATE TABLE module (
    name TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('installed', 'inactive', 'active', 'draining', 'removed')),
    changed_ns INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT;

-- Cash needs nobody's permission; every other module waits until it is activated.
INSERT INTO module VALUES ('cash', '1.0', 'active', 0, 'ips-broker');

-- What people did to the broker, with what stood before and after.
CREATE TABLE administration (
    id INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    actor TEXT NOT NULL,
    deed TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
) STRICT;
CREATE TRIGGER administration_stays BEFORE UPDATE ON administration BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER administration_kept BEFORE DELETE ON administration BEGIN SELECT RAISE(ABORT, 'the log is never deleted'); END;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    subject TEXT NOT NULL,
    body BLOB NOT NULL,
    at_ns INTEGER NOT NULL,
    sent_ns INTEGER
) STRICT;
CREATE INDEX outbox_waiting ON outbox (id) WHERE sent_ns IS NULL;

-- One seal a commit: the hash over the seal before it and over everything the commit added.
CREATE TABLE seal (
    id INTEGER PRIMARY KEY,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    at_ns INTEGER NOT NULL,
    last_record INTEGER NOT NULL,
    last_transfer INTEGER NOT NULL,
    last_event INTEGER NOT NULL
) STRICT;
CREATE TRIGGER seal_stays BEFORE UPDATE ON seal BEGIN SELECT RAISE(ABORT, 'seals are never changed'); END;
CREATE TRIGGER seal_kept BEFORE DELETE ON seal BEGIN SELECT RAISE(ABORT, 'seals are never deleted'); END;
