"""The tables of ips/store/sqlite/0003.sql: one statement for each thing that is written, and look-ups.

Look-ups see what was flushed to the transaction that is open. Names are hexadecimal here.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from ips.store.rows import OwnRow
from protocols.money import CURRENCIES
from protocols.purse.details import PaymentDetails, decode_details

LETTERS: Final = {each.number: each.code for each in CURRENCIES.values()}
"""ISO 4217 letters by number."""


class Asks(Protocol):
    """A store, or a reader beside it."""

    def ask(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query. Raises: StoreError."""
        ...


class PurseRow(NamedTuple):
    """A purse as the issuer knows it."""

    name: str
    purse_class: int
    certificate: bytes
    made_ns: int
    """When it was made here; 0 for one that was only met."""
    seen_ns: int
    update_sequence: int
    hotlisted_ns: int
    reason: str


class MoveRow(NamedTuple):
    """A transfer of the shadow ledger."""

    pd: bytes
    message: bytes
    proved: int


class PaidRow(NamedTuple):
    """A loss that was paid back."""

    pd: bytes
    value: int
    currency: str
    into_purse: str
    paid_by: str
    paid_ns: int


_PURSE: Final = "name, class, certificate, made_ns, seen_ns, update_sequence, hotlisted_ns, reason"


def known_move(store: Asks, details: bytes) -> bool:
    """Return whether a transfer is in the shadow ledger."""
    return bool(store.ask("SELECT 1 FROM purse_move WHERE pd = ?", (details,)))


def purse(store: Asks, name: str) -> PurseRow | None:
    """Return a purse by its name."""
    found = store.ask(f"SELECT {_PURSE} FROM purse WHERE name = ?", (name,))  # noqa: S608  our own words
    return PurseRow._make(found[0]) if found else None


def purses(store: Asks) -> list[PurseRow]:
    """Return all purses by name."""
    return [
        PurseRow._make(row)
        for row in store.ask(f"SELECT {_PURSE} FROM purse ORDER BY name")  # noqa: S608  our own words
    ]


def moves(store: Asks) -> list[MoveRow]:
    """Return every transfer."""
    rows = store.ask("SELECT pd, message, proved FROM purse_move ORDER BY at_ns, pd")
    return [MoveRow._make(row) for row in rows]


def claimants(store: Asks, details: bytes) -> set[str]:
    """Return which purses have claimed a transfer."""
    rows = store.ask("SELECT name FROM purse_claim WHERE pd = ?", (details,))
    return {name for (name,) in rows}


def claimed_image(store: Asks, name: str) -> bytes | None:
    """Return the clear code of the log that a purse claimed last: of its newest transfer, by the number that
    the purse itself gave it. A clock may be set back."""
    rows = store.ask(
        "SELECT image FROM purse_claim WHERE name = ?"
        " ORDER BY substr(pd, CASE payer WHEN name THEN 23 ELSE 27 END, 4) DESC LIMIT 1",
        (name,),
    )
    return rows[0][0] if rows else None


def paid(store: Asks, details: bytes) -> PaidRow | None:
    """Return what was paid back for a transfer."""
    rows = store.ask(
        "SELECT pd, value, currency, into_purse, paid_by, paid_ns FROM purse_paid WHERE pd = ?",
        (details,),
    )
    return PaidRow._make(rows[0]) if rows else None


def nonce_of(store: Asks, nonce: bytes) -> tuple[str, int] | None:
    """Return (purse, when it was answered or 0) of a CLAIM that was made here."""
    rows = store.ask("SELECT name, answered_ns FROM purse_nonce WHERE nonce = ?", (nonce,))
    return (rows[0][0], rows[0][1]) if rows else None


def first_values(store: Asks, name: str) -> dict[str, int]:
    """Return what a purse held as it left the issuer, by currency."""
    return dict(store.ask("SELECT currency, value FROM purse_first WHERE name = ?", (name,)))


def flagged(store: Asks, name: str, code: str, about: str) -> bool:
    """Return whether this was asked about before."""
    where = "SELECT 1 FROM purse_flag WHERE name = ? AND code = ? AND about = ?"
    return bool(store.ask(where, (name, code, about)))


def meet(name: bytes, purse_class: int, certificate: bytes, now_ns: int) -> OwnRow:
    """Remember a purse that took part in a transfer; one that is known keeps its class."""
    return OwnRow(
        "INSERT INTO purse (name, class, certificate, seen_ns) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET seen_ns = excluded.seen_ns, certificate = "
        "CASE WHEN length(certificate) = 0 THEN excluded.certificate ELSE certificate END",
        (name.hex(), purse_class, certificate, now_ns),
    )


def make(name: bytes, purse_class: int, certificate: bytes, now_ns: int) -> OwnRow:
    """Enter a purse that the issuer has made."""
    return OwnRow(
        "INSERT INTO purse (name, class, certificate, made_ns, seen_ns) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET class = excluded.class, "
        "certificate = excluded.certificate, made_ns = excluded.made_ns",
        (name.hex(), purse_class, certificate, now_ns, now_ns),
    )


def first_value(name: bytes, code: str, value: int) -> OwnRow:
    """Enter what a purse held as it left the issuer."""
    return OwnRow("INSERT INTO purse_first VALUES (?, ?, ?)", (name.hex(), code, value))


def move(pd: bytes, message: bytes, now_ns: int, *, proved: bool) -> OwnRow:
    """Enter a transfer into the shadow ledger."""
    details: PaymentDetails = decode_details(pd)
    return OwnRow(
        "INSERT INTO purse_move VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            pd,
            details.payer.hex(),
            details.payer_sequence,
            details.payee.hex(),
            details.payee_sequence,
            details.value,
            LETTERS[details.currency],
            message,
            int(proved),
            now_ns,
        ),
    )


def order_claim(nonce: bytes, name: str, now_ns: int) -> OwnRow:
    """Remember a CLAIM that was made."""
    return OwnRow(
        "INSERT INTO purse_nonce (nonce, name, at_ns) VALUES (?, ?, ?)", (nonce, name, now_ns)
    )


def answer_claim(nonce: bytes, now_ns: int) -> OwnRow:
    """Remember that a CLAIM was answered."""
    return OwnRow("UPDATE purse_nonce SET answered_ns = ? WHERE nonce = ?", (now_ns, nonce))


def claim(pd: bytes, name: str, image: bytes, now_ns: int) -> OwnRow:
    """Enter one entry of a frozen log; the same entry again changes nothing."""
    details = decode_details(pd)
    code = LETTERS[details.currency]
    return OwnRow(
        "INSERT INTO purse_claim VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (pd, name, details.payer.hex(), details.value, code, image, now_ns),
    )


def pay(pd: bytes, into: str, by: str, now_ns: int) -> OwnRow:
    """Enter that a loss was paid back. The schema refuses a second time, and one log alone."""
    details = decode_details(pd)
    return OwnRow(
        "INSERT INTO purse_paid VALUES (?, ?, ?, ?, ?, ?)",
        (pd, details.value, LETTERS[details.currency], into, by, now_ns),
    )


def flag(name: str, code: str, about: str, now_ns: int) -> OwnRow:
    """Enter what is suspect of a purse."""
    return OwnRow(
        "INSERT INTO purse_flag VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (name, code, about, now_ns),
    )


def hotlist(name: str, reason: str, now_ns: int) -> OwnRow:
    """Put a purse on the hotlist, or with 0 as the time take it off."""
    return OwnRow(
        "UPDATE purse SET hotlisted_ns = ?, reason = ? WHERE name = ?", (now_ns, reason, name)
    )


def updated(name: str, sequence: int) -> OwnRow:
    """Remember the number of an UPDATE: no later one may have it."""
    return OwnRow("UPDATE purse SET update_sequence = ? WHERE name = ?", (sequence, name))
