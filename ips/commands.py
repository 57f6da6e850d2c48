"""What can be said to a payment: a closed set of commands, each known to flow files by its verb."""

from typing import Final, assert_never

import msgspec

from ips.flows import Verb
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the module, where nothing was sent before."""

    at_ns: int


class Resolve(msgspec.Struct, frozen=True, kw_only=True):
    """The module's answer, to the call or to an inquiry."""

    at_ns: int
    outcome: Outcome


class Close(msgspec.Struct, frozen=True, kw_only=True):
    """The sale was closed with this payment in it."""

    at_ns: int
    amount: int
    reference: str = ""


class Park(msgspec.Struct, frozen=True, kw_only=True):
    """The sale was settled another way; should this still prove paid, it is the customer's."""

    at_ns: int


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """The sale was given up."""

    at_ns: int


class Submit(msgspec.Struct, frozen=True, kw_only=True):
    """It went to the bank in a batch."""

    at_ns: int
    reference: str


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """The payer's bank took it back."""

    at_ns: int
    code: str
    reason: str


class Void(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel it before settlement."""

    at_ns: int
    reason: str


class Expire(msgspec.Struct, frozen=True, kw_only=True):
    """The deadline of its state has passed."""

    at_ns: int


class RequestRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Ask money back."""

    at_ns: int
    refund: str
    amount: int
    reason: str


class RejectRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Say no to a request."""

    at_ns: int
    refund: str
    amount: int
    reason: str


class PayRefund(msgspec.Struct, frozen=True, kw_only=True):
    """The money went back."""

    at_ns: int
    refund: str
    amount: int
    reference: str = ""


Command = (
    Ask
    | Resolve
    | Close
    | Park
    | Release
    | Submit
    | Return
    | Void
    | Expire
    | RequestRefund
    | RejectRefund
    | PayRefund
)


def verb_of(command: Command) -> Verb:
    """Return the name of a command in flow files."""
    if isinstance(command, Resolve):
        return _OUTCOME_VERBS[type(command.outcome)]
    return _COMMAND_VERBS[type(command)]


def particulars_of(command: Command) -> tuple[str, str, str, int, str]:
    """Return reference, code, reason, promised time and refund key of a command."""
    match command:
        case Resolve(outcome=outcome):
            match outcome:
                case Approved(reference=reference):
                    return reference, "", "", 0, ""
                case Declined(code=code, reason=reason) | NotSent(code=code, reason=reason):
                    return "", code, reason, 0, ""
                case Pending(reference=reference, until_ns=until_ns):
                    return reference, "", "", until_ns, ""
                case Unknown(reason=reason):
                    return "", "", reason, 0, ""
                case _:
                    assert_never(outcome)
        case Close(reference=reference) | Submit(reference=reference):
            return reference, "", "", 0, ""
        case Return(code=code, reason=reason):
            return "", code, reason, 0, ""
        case Void(reason=reason):
            return "", "", reason, 0, ""
        case RequestRefund(refund=refund, reason=reason):
            return "", "", reason, 0, refund
        case RejectRefund(refund=refund, reason=reason):
            return "", "", reason, 0, refund
        case PayRefund(refund=refund, reference=reference):
            return reference, "", "", 0, refund
        case _:
            return "", "", "", 0, ""


_OUTCOME_VERBS: Final[dict[type, Verb]] = {
    Approved: Verb.APPROVED,
    Declined: Verb.DECLINED,
    Pending: Verb.PENDING,
    Unknown: Verb.UNKNOWN,
    NotSent: Verb.NOT_SENT,
}
_COMMAND_VERBS: Final[dict[type, Verb]] = {
    Ask: Verb.ASK,
    Close: Verb.CLOSE,
    Park: Verb.PARK,
    Release: Verb.RELEASE,
    Submit: Verb.SUBMIT,
    Return: Verb.RETURN,
    Void: Verb.VOID,
    Expire: Verb.EXPIRE,
    RequestRefund: Verb.REFUND_REQUEST,
    RejectRefund: Verb.REFUND_REJECT,
    PayRefund: Verb.REFUND_PAY,
}
OUTCOME_VERBS: Final = frozenset(_OUTCOME_VERBS.values())
"""The five answers of a module."""
