"""A broker and an agent of the tax office: Korean cash receipts are issued, cancelled, asked about.

    POST /v1/receipts           Issue    give a customer a cash receipt
    POST /v1/cancellations      Cancel   take one back, in whole or in part, by its approval and its date
    GET  /v1/requests/KEY                what became of a request; 404: none of this key ever came
    GET  /v1/days/YYYYMMDD               Day      everything approved on a day, to compare

JSON, under `authorization: Bearer TOKEN`. A key names one request for ever: the same request again is
answered as the first time, whatever was lost between; another one under a known key is refused (409).
The customer's number stands in the clear in an Issue alone; between till and broker it is sealed
(`seal_number`) for the broker's own key, so that nothing but the way to the agent ever opens it.

This is our own agreement, as small as agents' gateways are alike: purposes, the approval number of nine
digits, and cancellation by the original's approval and date are the tax office's (National Tax Service,
cash receipt system; Income Tax Act 162-3). A real agent's gateway is one class beside this one.
"""

from typing import Annotated, Final, Literal

import msgspec

from protocols.facts import CashReceiptPurpose
from protocols.hpke import SealError, seal, unseal

NUMBER_MAX: Final = 24
APPROVAL_PATTERN: Final = "[0-9]{9}"
_INFO: Final = b"intermarket cash receipt|"

Key = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,48}$")]
Date = Annotated[str, msgspec.Meta(pattern="^[0-9]{8}$")]
Approval = Annotated[str, msgspec.Meta(pattern=f"^{APPROVAL_PATTERN}$")]
State = Literal["approved", "refused", "pending"]


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """Give a cash receipt. Amounts in won; supply, VAT and nothing else are the whole amount."""

    key: Key
    business_number: str
    """The shop's."""
    purpose: CashReceiptPurpose
    number: Annotated[str, msgspec.Meta(max_length=NUMBER_MAX)]
    """A phone, a business number, a card; the tax office's own where nobody gave one."""
    amount: Annotated[int, msgspec.Meta(gt=0)]
    supply: Annotated[int, msgspec.Meta(ge=0)]
    vat: Annotated[int, msgspec.Meta(ge=0)]
    sold_on: Date

    def __repr__(self) -> str:
        """Return everything but the number."""
        return f"Issue({self.key}, {self.purpose}, {self.amount})"


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """Take one back, or a part of it."""

    key: Key
    business_number: str
    approval: Approval
    """Of the receipt that was issued."""
    approved_on: Date
    amount: Annotated[int, msgspec.Meta(gt=0)]
    reason: Literal["returned", "error"] = "returned"


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a request."""

    key: Key
    state: State
    approval: str = ""
    """Nine digits, where it was approved: a cancellation has one of its own."""
    approved_on: str = ""
    code: str = ""
    """Why it was refused, for programs."""
    reason_ko: str = ""
    reason_en: str = ""


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a day."""

    key: Key
    what: Literal["issue", "cancel"]
    approval: Approval
    amount: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an agent approved on a day for one shop, in the order of its approvals."""

    date: Date
    rows: list[Approved]


def seal_number(number: str, *, shown: str, to: bytes, ephemeral: int) -> bytes:
    """Return a customer's number sealed for a broker, bound to what papers show of it.

    Raises: SealError where `to` is no key.
    """
    return seal(number.encode(), to=to, info=_INFO + shown.encode(), ephemeral=ephemeral)


def open_number(sealed: bytes, *, shown: str, secret: int) -> str:
    """Open what a till has sealed. Raises: SealError."""
    text = unseal(sealed, secret=secret, info=_INFO + shown.encode())
    if not text.isdigit() or len(text) > NUMBER_MAX:
        raise SealError("what was sealed is no number")
    return text.decode()
