"""The Korean cash receipt: whose it is, and which sales get one unasked.

    01012345678         a mobile phone        income deduction
    123-45-67891        a business number     business expense
    16 to 19 digits     a card                income deduction
    0100001234          nobody wanted one     issued by the shop itself, as the law demands

No event, record or paper has the whole number but sealed for the broker, which sends it to an agent of
the tax office; where no broker does, only the masked one is kept. What the till writes down is a request
without an approval.
Source: Income Tax Act 162-3 (4), its decree 210-3: sales of 100,000 won or more that are paid in cash,
VAT included; clerk-and-courier.md 1.2 (Tax).
"""

import re
from typing import Final

from pos.commands import CashReceipt
from pos.sale_state import Sale
from protocols.cash_receipt_agent import seal_number
from protocols.facts import CashReceiptAsked
from protocols.ports import Entropy
from protocols.purse.suite import secret_from

SELF_ISSUED: Final = "010-000-1234"
"""The tax office's own number for a receipt that nobody gave a number for."""
NOBODY: Final = CashReceipt("self", SELF_ISSUED)
_PHONE: Final = re.compile(r"010\d{8}|01[16789]\d{7,8}", re.ASCII)
_BUSINESS: Final = re.compile(r"[1-9]\d{9}", re.ASCII)
_CARD: Final = re.compile(r"\d{16,19}", re.ASCII)
_BUSINESS_WEIGHTS: Final = (1, 3, 7, 1, 3, 7, 1, 3)


def read_number(text: str) -> CashReceipt:
    """Return whose cash receipt a number asks for, masked. Raises: ValueError, without the number."""
    number = text.replace("-", "").replace(" ", "")
    if not number or number == SELF_ISSUED.replace("-", ""):
        return NOBODY
    if _PHONE.fullmatch(number) or _CARD.fullmatch(number):
        return CashReceipt("income", _masked(number), number)
    if _BUSINESS.fullmatch(number) and _is_business(number):
        return CashReceipt("expense", _masked(number), number)
    raise ValueError("no phone, business or card number")


def sealed(wanted: CashReceipt, key: str, entropy: Entropy | None) -> bytes:
    """Return the whole number sealed for the broker; empty where there is none, or nobody to seal it for."""
    if not (wanted.number and key and entropy is not None):
        return b""
    ephemeral = secret_from(entropy.token(40))
    return seal_number(
        wanted.number, shown=wanted.shown, to=bytes.fromhex(key), ephemeral=ephemeral
    )


def is_demanded(sale: Sale, prompt_from: int) -> bool:
    """Tell whether this sale, paid in cash, gets a cash receipt though nobody asks; from 0: never."""
    change = sale.changing
    return 0 < prompt_from <= (sale.total if change is None else change.total)


def asked(sale: Sale, prompt_from: int) -> CashReceiptAsked | None:
    """Return the cash receipt of a paid sale, over what of it was paid in cash; None where it has none."""
    cash = sum(tender.amount for tender in sale.tenders if tender.method == "cash")
    wanted = sale.cash_receipt
    if not cash:
        return None
    if wanted is not None and wanted.purpose != "self":
        return CashReceiptAsked(
            purpose=wanted.purpose, shown=wanted.shown, amount=cash, sealed=wanted.sealed
        )
    if not is_demanded(sale, prompt_from):
        return None
    return CashReceiptAsked(purpose="self", shown=SELF_ISSUED, amount=cash)


def _masked(number: str) -> str:
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"


def _is_business(number: str) -> bool:
    """Check the last digit, as the tax office reckons it."""
    digits = [int(digit) for digit in number]
    total = sum(a * b for a, b in zip(digits, _BUSINESS_WEIGHTS, strict=False))
    tens, ones = divmod(digits[8] * 5, 10)
    return (total + tens + ones + digits[9]) % 10 == 0
