"""One payment on any paper: what it counted for, what the bank's slip says, how everybody finds it again.

    Card                               10,948
      HANBIT CREDIT       9410 11** **** 0015      the application, the number masked
      Chip                       PIN verified      how it was read, how the holder was verified
      Approval                       30012345
      Card issuer                 Hanbit Bank      and the shop's bank, its numbers of shop and terminal
      AID                      F0000000010101
      TC                     8A3F19C0D2E4B657      the chip's cryptogram, by its kind
      Key             S001-01-20260417-0128-b
    and the receipt that a stand-alone terminal sent, line by line

Source: protocols.facts.Slip; EMV Book 4 11.4 and 12; clerk-and-courier.md 1.2 (Receipt).
"""

import re
from typing import Final

from msgspec import structs

from protocols.facts import Slip, Tender
from receipts.document import Block, Columns, Feed, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import row
from receipts.forms.wording import WORDS, method_name

_IN_FOURS: Final = re.compile(r"[\d*]{13,19}")
"""A card's number, masked: people read it in groups of four. An account's has hyphens of its own."""


def payment_rows(
    tender: Tender, context: ReceiptContext, *, back: bool = False, amount: bool = True
) -> list[Block]:
    """Return one payment whole, or what went `back`; without its `amount` where that stands elsewhere."""
    words = WORDS[context.language]
    name = method_name(tender.method, context.language, context.methods)
    named = words.given_back_of.format(name) if back else name
    blocks: list[Block] = []
    if amount:
        blocks.append(row(named, context.money(tender.amount), bold=True))
    if tender.tendered:
        blocks.append(_row(words.tendered, context.money(tender.tendered)))
        blocks.append(_row(words.change, context.money(tender.change)))
    slip = tender.slip or Slip()
    blocks += slip_rows(slip, context)
    if tender.reference and tender.reference != slip.approval:
        named = words.bank_reference if slip.approval else words.reference
        blocks.append(_row(named, tender.reference))
    if tender.balance is not None:
        blocks.append(_row(words.card_balance, context.money(tender.balance)))
    blocks.append(_row(words.key, tender.attempt))
    return [*blocks, *terminal_rows(slip)]


def brief_rows(tender: Tender, context: ReceiptContext) -> list[Block]:
    """Return an earlier payment by what it is known by; its own paper has the rest."""
    slip = tender.slip or Slip()
    brief = Slip(number=slip.number, label=slip.label, approval=slip.approval)
    return payment_rows(structs.replace(tender, slip=brief), context)


def slip_rows(slip: Slip, context: ReceiptContext) -> list[Block]:
    """Return what a slip says, as far as it says anything."""
    words = WORDS[context.language]
    number = words.account_number if slip.entry == "passbook" else words.card_number
    months = words.instalments_of.format(slip.instalments)
    whose = (slip.label or (number if slip.number else ""), grouped(slip.number))
    how = (words.slip_entry[slip.entry], words.slip_verified[slip.verified])
    told = [
        (words.instalments, months if slip.instalments > 1 else ""),
        (words.reference, slip.approval),
        (words.account_bank if slip.entry == "passbook" else words.issuer, slip.issuer),
        (words.acquirer, slip.acquirer),
        (words.merchant_number, slip.merchant),
        (words.terminal_number, slip.terminal),
        ("AID", slip.aid.hex().upper()),
        (slip.cryptogram_kind or words.cryptogram, slip.cryptogram.hex().upper()),
    ]
    rows = [pair for pair in (whose, how) if any(pair)] + [pair for pair in told if pair[1]]
    return [_row(name, value) for name, value in rows]


def terminal_rows(slip: Slip) -> list[Block]:
    """Return the receipt that a stand-alone terminal sent: its bank wants it as it came."""
    return [Feed(), *(Text(text=line) for line in slip.lines)] if slip.lines else []


def grouped(number: str) -> str:
    """Return a masked number as it is read."""
    if not _IN_FOURS.fullmatch(number):
        return number
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def _row(name: str, value: str) -> Columns:
    return row(f"  {name}", value)
