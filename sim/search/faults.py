"""Seeded faults: each breaks one rule of the purse or the issuer, and the search must find it.

A proof that cannot fail proves nothing. Every fault names the scope in which it shows; those that
are known to be harmless say why (purse.md 6.3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocols.purse.details import MessageType, PaymentDetails, decode_details
from protocols.purse.image import NO_DETAILS, Flow, Image, Status
from protocols.purse.rules import Rules
from sim.search.universe import IssuerRules, Scope

_WORD: Final = 1 << 32
_DEFAULT: Final = Scope(values=(1, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One broken rule."""

    name: str
    rules: Callable[[], Rules] = Rules
    issuer: Callable[[], IssuerRules] = IssuerRules
    scope: Scope = _DEFAULT
    harmless: str = ""
    """Why no search can find it; empty for a fault that must be found."""


def _balance(image: Image, by: int) -> Image:
    """Move the first pocket's balance as hardware would: modulo its word."""
    return image._replace(balances=((image.balances[0] + by) % _WORD, *image.balances[1:]))


def _pd(encoded: bytes) -> PaymentDetails:
    return decode_details(encoded)


class _NoLogAsPayee(Rules):
    def must_log(self, status: int) -> bool:
        return status == Status.EPA


class _NoLogAsPayer(Rules):
    def must_log(self, status: int) -> bool:
        return status == Status.EPV


class _LogTooMuch(Rules):
    def must_log(self, status: int) -> bool:
        return status in (Status.EPR, Status.EPV, Status.EPA)


class _RefundOnAbort(Rules):
    def aborted(self, image: Image, no_details: bytes) -> Image:
        given_up = super().aborted(image, no_details)
        if image.status != Status.EPA:
            return given_up
        return _balance(given_up, _pd(image.details).value)._replace(log=image.log)


class _RefundAndLog(Rules):
    def aborted(self, image: Image, no_details: bytes) -> Image:
        given_up = super().aborted(image, no_details)
        return (
            _balance(given_up, _pd(image.details).value) if image.status == Status.EPA else given_up
        )


class _DebitAtStart(Rules):
    def begun(self, image: Image, details: bytes, status: Status) -> Image:
        started = super().begun(image, details, status)
        return _balance(started, -_pd(details).value) if status == Status.EPR else started

    def debited(self, image: Image, pocket: int, value: int) -> Image:
        return image._replace(status=Status.EPA)


class _PayerKeepsNumber(Rules):
    def begun(self, image: Image, details: bytes, status: Status) -> Image:
        started = super().begun(image, details, status)
        return started._replace(sequence=image.sequence) if status == Status.EPR else started


class _PayeeKeepsNumber(Rules):
    def begun(self, image: Image, details: bytes, status: Status) -> Image:
        started = super().begun(image, details, status)
        return started._replace(sequence=image.sequence) if status == Status.EPV else started


class _Matches(Rules):
    """Compares only a part of the details of one message."""

    def __init__(self, kind: MessageType, part: Callable[[PaymentDetails], object]) -> None:
        self._kind = kind
        self._part = part

    def same_transfer(self, kind: MessageType, received: bytes, in_hand: bytes) -> bool:
        if kind is not self._kind or in_hand == NO_DETAILS:
            return super().same_transfer(kind, received, in_hand)
        return self._part(_pd(received)) == self._part(_pd(in_hand))


class _PayTwice(Rules):
    def may_pay(self, status: int) -> bool:
        return status in (Status.EPR, Status.EPA)


class _CreditAgain(Rules):
    def may_be_credited(self, status: int) -> bool:
        return status in (Status.EPV, Status.EATO)


class _EndAnywhere(Rules):
    def may_end(self, status: int) -> bool:
        return status in (Status.EPA, Status.EPR)


class _AssumeAck(Rules):
    def debited(self, image: Image, pocket: int, value: int) -> Image:
        paid = super().debited(image, pocket, value)
        return paid._replace(status=Status.EAFROM, details=NO_DETAILS)


class _NoFunds(Rules):
    def funds(self, balance: int, value: int) -> bool:
        return value > 0

    def debited(self, image: Image, pocket: int, value: int) -> Image:
        return _balance(image, -value)._replace(status=Status.EPA)


class _ValueBeforeCommit(Rules):
    def debited(self, image: Image, pocket: int, value: int) -> Image:
        return image


class _ReceiptBeforeCommit(Rules):
    def credited(self, image: Image, pocket: int, value: int) -> Image:
        return image


class _DebitWithoutStatus(Rules):
    def debited(self, image: Image, pocket: int, value: int) -> Image:
        return super().debited(image, pocket, value)._replace(status=Status.EPR)


class _StatusWithoutDebit(Rules):
    def debited(self, image: Image, pocket: int, value: int) -> Image:
        return image._replace(status=Status.EPA)


class _CreditWithoutStatus(Rules):
    def credited(self, image: Image, pocket: int, value: int) -> Image:
        return super().credited(image, pocket, value)._replace(status=Status.EPV)


class _StatusWithoutCredit(Rules):
    def credited(self, image: Image, pocket: int, value: int) -> Image:
        return image._replace(status=Status.EATO)


class _VolatileStatus(Rules):
    def aborted(self, image: Image, no_details: bytes) -> Image:
        return image._replace(status=Status.EAFROM, details=no_details)


class _SelfTransfer(Rules):
    def strangers(self, payer: bytes, payee: bytes) -> bool:
        return True


class _StaleOffer(Rules):
    def offer_is_fresh(self, offered: PaymentDetails, next_sequence: int) -> bool:
        return True


class _OverwriteOldest(Rules):
    def room_to_start(self, image: Image, slots: int) -> bool:
        return True

    def aborted(self, image: Image, no_details: bytes) -> Image:
        given_up = super().aborted(image, no_details)
        return given_up._replace(log=given_up.log[-1:])


class _DropNewest(_OverwriteOldest):
    def aborted(self, image: Image, no_details: bytes) -> Image:
        given_up = Rules.aborted(self, image, no_details)
        return given_up._replace(log=given_up.log[:1])


class _LateKeepsEntry(Rules):
    def credited_late(self, image: Image, pocket: int, value: int, entry: bytes) -> Image:
        return super().credited_late(image, pocket, value, entry)._replace(log=image.log)


class _LateForgetsValue(Rules):
    def credited_late(self, image: Image, pocket: int, value: int, entry: bytes) -> Image:
        credited = super().credited_late(image, pocket, value, entry)
        return credited._replace(balances=image.balances)


class _LateForgetsAll(Rules):
    def credited_late(self, image: Image, pocket: int, value: int, entry: bytes) -> Image:
        return super().credited_late(image, pocket, value, entry)._replace(log=())


class _LateAckForgetsAll(Rules):
    def acknowledged_late(self, image: Image, entry: bytes) -> Image:
        return image._replace(log=())


class _LateThoughClaimed(Rules):
    def may_complete_late(self, entry: bytes) -> bool:
        return True


class _ClearAnything(Rules):
    def clear_matches(self, told: bytes, own: bytes) -> bool:
        return True

    def claimed_whole(self, log: tuple[bytes, ...]) -> bool:
        return True


class _PayBackPayer(IssuerRules):
    def may_pay_back(self, *, by_payer: bool, by_payee: bool) -> bool:
        return by_payer


class _PayBackPayee(IssuerRules):
    def may_pay_back(self, *, by_payer: bool, by_payee: bool) -> bool:
        return by_payee


class _ClearUnseen(IssuerRules):
    def may_clear(self, entries: int, archive: int) -> bool:
        return bool(entries)


_ORIGINAL: Final = Scope(flow=Flow.ORIGINAL, values=(1, 2), late=False, claims=False)
_THREE: Final = Scope(purses=3, starts=1, flow=Flow.ORIGINAL, late=False, claims=False)
_CLEARS: Final = Scope(clears=True)
_ONE_SLOT: Final = Scope(flow=Flow.ORIGINAL, late=False, claims=False, log_slots=1)
_VAL, _REQ, _ACK = MessageType.VAL, MessageType.REQ, MessageType.ACK

FAULTS: Final = (
    Fault(name="payee does not log", rules=_NoLogAsPayee),
    Fault(name="payer does not log", rules=_NoLogAsPayer),
    Fault(name="log before anything was paid", rules=_LogTooMuch),
    Fault(name="payer takes the value back on abort", rules=_RefundOnAbort),
    Fault(name="payer takes the value back and logs it", rules=_RefundAndLog),
    Fault(name="debit at the start", rules=_DebitAtStart),
    Fault(name="payer uses a number twice", rules=_PayerKeepsNumber, scope=_ORIGINAL),
    Fault(name="payee uses a number twice", rules=_PayeeKeepsNumber, scope=_ORIGINAL),
    Fault(
        name="REQ matched by names and value",
        rules=lambda: _Matches(_REQ, lambda pd: (pd.payer, pd.payee, pd.value)),
        scope=_ORIGINAL,
    ),
    Fault(
        name="REQ matched without the payee's number",
        rules=lambda: _Matches(_REQ, lambda pd: (pd.payer, pd.payee, pd.value, pd.payer_sequence)),
        scope=_ORIGINAL,
    ),
    Fault(
        name="VAL of any transfer accepted",
        rules=lambda: _Matches(_VAL, lambda pd: None),
        scope=_ORIGINAL,
    ),
    Fault(
        name="VAL matched without the payee's number",
        rules=lambda: _Matches(_VAL, lambda pd: pd._replace(payee_sequence=0)),
        scope=_ORIGINAL,
    ),
    Fault(
        name="VAL for another payee accepted",
        rules=lambda: _Matches(_VAL, lambda pd: pd._replace(payee=b"")),
        scope=_THREE,
    ),
    Fault(name="ACK of any transfer accepted", rules=lambda: _Matches(_ACK, lambda pd: None)),
    Fault(name="pays the same REQ again", rules=_PayTwice),
    Fault(name="takes the same VAL again", rules=_CreditAgain),
    Fault(name="payer assumes the ACK", rules=_AssumeAck),
    Fault(name="no funds needed", rules=_NoFunds),
    Fault(name="VAL released before the commit", rules=_ValueBeforeCommit),
    Fault(name="ACK released before the commit", rules=_ReceiptBeforeCommit),
    Fault(name="debit torn from its status", rules=_DebitWithoutStatus),
    Fault(name="status torn from its debit", rules=_StatusWithoutDebit),
    Fault(name="credit torn from its status", rules=_CreditWithoutStatus),
    Fault(name="status torn from its credit", rules=_StatusWithoutCredit),
    Fault(name="status lost with power", rules=_VolatileStatus),
    Fault(name="a purse may pay itself", rules=_SelfTransfer),
    Fault(name="an old offer is accepted", rules=_StaleOffer),
    Fault(name="a full log overwrites its oldest entry", rules=_OverwriteOldest, scope=_ONE_SLOT),
    Fault(name="a full log drops its newest entry", rules=_DropNewest, scope=_ONE_SLOT),
    Fault(name="late completion keeps the entry", rules=_LateKeepsEntry),
    Fault(name="late completion forgets the value", rules=_LateForgetsValue),
    Fault(name="late completion empties the log", rules=_LateForgetsAll),
    Fault(name="late ACK empties the log", rules=_LateAckForgetsAll),
    Fault(name="a claimed entry completes late", rules=_LateThoughClaimed),
    Fault(name="a clear code clears any log", rules=_ClearAnything, scope=_CLEARS),
    Fault(name="issuer clears what it has not archived", issuer=_ClearUnseen, scope=_CLEARS),
    Fault(name="issuer pays on the payer's word", issuer=_PayBackPayer),
    Fault(name="issuer pays on the payee's word", issuer=_PayBackPayee),
    Fault(
        name="VAL matched without the payer's number",
        rules=lambda: _Matches(_VAL, lambda pd: pd._replace(payer_sequence=0)),
        harmless="a VAL exists only after the payer matched the whole REQ, payer's number included",
    ),
    Fault(
        name="VAL matched without the value",
        rules=lambda: _Matches(_VAL, lambda pd: pd._replace(value=0)),
        harmless="a VAL exists only after the payer matched the whole REQ, value included",
    ),
    Fault(
        name="ACK taken by a payer who has not paid",
        rules=_EndAnywhere,
        harmless="the details are compared as well, and an ACK of them cannot exist before the VAL",
    ),
)
"""Every fault, in the order in which the evidence lists them."""
