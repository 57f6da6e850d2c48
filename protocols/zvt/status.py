"""04 0F: what a payment came to, and after END OF DAY what the day came to.

A terminal says a card's number with E for each digit that it hides, or whole. Whichever it is, what is
kept here shows no more of it than protocols.card_number does.

    totals   receipt 2 to 2 | per group: count 1, turnover 6; groups as Group, in that order
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from protocols.card_number import CardNumber, Masked
from protocols.tlv import Tlv, TlvError, parse_tlv
from protocols.zvt import bitmaps
from protocols.zvt.apdu import Apdu
from protocols.zvt.bitmaps import Fields, packed, read_fields
from protocols.zvt.bitmaps import field as written
from protocols.zvt.controls import Control
from protocols.zvt.text import Charset, decode_text, encode_text

HIDDEN: Final = "E"
"""A digit that a terminal does not show."""
_APPLICATION: Final = 0x60
_AID: Final = 0x43
_LABEL: Final = 0x44
_COUNT_MAX: Final = 0xFF
_GROUP_BYTES: Final = 7
_TOTALS_BYTES: Final = 4 + 7 * _GROUP_BYTES
_CARD_TYPES: Final = {5: "GIROCARD", 2: "GIROCARD", 6: "EUROCARD", 8: "AMEX", 10: "VISA",
                      12: "DINERS", 14: "JCB"}  # fmt: skip


class Group(Enum):
    """Whose cards, as totals are told apart; in the order in which they stand there."""

    GIROCARD = 0
    JCB = 1
    EUROCARD = 2
    AMEX = 3
    VISA = 4
    DINERS = 5
    OTHER = 6


def group_of(card_type: int) -> Group:
    """Return the group of a card's type (field 8A)."""
    return Group[_CARD_TYPES.get(card_type, "OTHER")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a terminal has taken since its last END OF DAY."""

    first_receipt: int = 0
    last_receipt: int = 0
    groups: Mapping[Group, tuple[int, int]] = field(default_factory=dict)
    """How many and how much; a count of 255 is that or more."""

    @property
    def amount(self) -> int:
        """How much in all, in minor units."""
        return sum(amount for _, amount in self.groups.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInformation:
    """A result. None, 0 and empty: the terminal has not said so."""

    result: int = 0
    """As in results; 0 is success."""
    amount: int | None = None
    """Minor units."""
    currency: int = 0
    """ISO 4217, as a number."""
    trace: int = 0
    receipt: int = 0
    turnover: int = 0
    time: int = 0
    """hhmmss."""
    date: int = 0
    """MMDD: a terminal does not say the year."""
    terminal_id: int = 0
    contract: str = ""
    approval: str = ""
    card: Masked | None = None
    """The number as it was said; whoever reveals it answers for where it goes."""
    card_shown: str = ""
    """What of it may be seen."""
    card_type: int = 0
    card_name: str = ""
    aid: str = ""
    """Application identifier of the chip, hexadecimal."""
    text: str = ""
    tracks: tuple[Masked, ...] = ()
    """Of READ CARD."""
    totals: Totals | None = None


def read_status(data: bytes, charset: Charset = Charset.CP437) -> StatusInformation:
    """Return what the data of a 04 0F says. Raises: ZvtError where a field is cut off."""
    fields = read_fields(data)
    value = fields.values
    aid, label = _application(fields.objects())
    card = _card(value[bitmaps.PAN]) if bitmaps.PAN in value else None
    tracks = (bitmaps.TRACK_1, bitmaps.TRACK_2, bitmaps.TRACK_3)
    return StatusInformation(
        result=value.get(bitmaps.RESULT, b"\0")[0],
        amount=fields.digits(bitmaps.AMOUNT),
        currency=fields.digits(bitmaps.CURRENCY) or 0,
        trace=fields.digits(bitmaps.TRACE) or 0,
        receipt=fields.digits(bitmaps.RECEIPT) or 0,
        turnover=fields.digits(bitmaps.TURNOVER) or 0,
        time=fields.digits(bitmaps.TIME) or 0,
        date=fields.digits(bitmaps.DATE) or 0,
        terminal_id=fields.digits(bitmaps.TERMINAL_ID) or 0,
        contract=_plain(value.get(bitmaps.CONTRACT, b"")),
        approval=_plain(value.get(bitmaps.APPROVAL, b"")),
        card=card,
        card_shown="" if card is None else show_card(card.reveal()),
        card_type=value.get(bitmaps.CARD_TYPE, b"\0")[0],
        card_name=decode_text(value.get(bitmaps.CARD_NAME, b""), charset).strip() or label,
        aid=aid,
        text=decode_text(value.get(bitmaps.TEXT, b""), charset).strip(),
        tracks=tuple(Masked(value[each].hex()) for each in tracks if each in value),
        totals=_totals(fields),
    )


def write_status(status: StatusInformation, charset: Charset = Charset.CP437) -> Apdu:
    """Return a result as it is sent; what is not set is left out."""
    numbers = (
        (bitmaps.AMOUNT, status.amount, 6),
        (bitmaps.TRACE, status.trace or None, 3),
        (bitmaps.TIME, status.time if status.date else None, 3),
        (bitmaps.DATE, status.date or None, 2),
        (bitmaps.TERMINAL_ID, status.terminal_id or None, 4),
        (bitmaps.CURRENCY, status.currency or None, 2),
        (bitmaps.RECEIPT, status.receipt or None, 2),
        (bitmaps.TURNOVER, status.turnover or None, 3),
    )
    data = [written(bitmaps.RESULT, bytes((status.result,)))]
    data += [
        written(number, packed(each, size)) for number, each, size in numbers if each is not None
    ]
    if status.card is not None:
        data.append(written(bitmaps.PAN, pack_card(status.card.reveal())))
    if status.contract:
        data.append(written(bitmaps.CONTRACT, status.contract.encode("ascii").ljust(15)))
    if status.approval:
        data.append(written(bitmaps.APPROVAL, status.approval.encode("ascii").ljust(8, b"\0")))
    if status.text:
        data.append(written(bitmaps.TEXT, encode_text(status.text, charset)))
    if status.card_type:
        data.append(written(bitmaps.CARD_TYPE, bytes((status.card_type,))))
    if status.card_name:
        data.append(written(bitmaps.CARD_NAME, encode_text(status.card_name, charset)))
    if status.totals is not None:
        data.append(written(bitmaps.TOTALS, _packed_totals(status.totals)))
    if status.aid:
        inner = Tlv(_AID, bytes.fromhex(status.aid)).encode()
        data.append(written(bitmaps.CONTAINER, Tlv(_APPLICATION, inner).encode()))
    return Apdu(Control.STATUS_INFORMATION, b"".join(data))


def hide_card(number: CardNumber) -> Masked:
    """Return a card's number as a terminal says it that shows no more than the last four digits."""
    return Masked(HIDDEN * (len(number.reveal()) - 4) + number.last4)


def show_card(digits: str) -> str:
    """Return what may be seen of a number in which a terminal has hidden digits, or none."""
    size = len(digits)
    clear = 6 if size >= 14 else 0
    return "".join(
        digit if digit.isdecimal() and (place < clear or place >= size - 4) else "*"
        for place, digit in enumerate(digits)
    )


def pack_card(digits: str) -> bytes:
    """Return a card's number in half-bytes, F behind an odd one."""
    return bytes.fromhex(digits + "F" * (len(digits) % 2))


def _card(value: bytes) -> Masked:
    digits = value.hex().upper().removesuffix("F")
    try:
        return CardNumber(digits)
    except ValueError:
        return Masked(digits)


def _application(objects: list[Tlv]) -> tuple[str, str]:
    """Return identifier and name of the chip's application."""
    for outer in objects:
        if outer.tag != _APPLICATION:
            continue
        try:
            inner = {each.tag: each.value for each in parse_tlv(outer.value)}
        except TlvError:
            return "", ""
        return inner.get(_AID, b"").hex().upper(), _plain(inner.get(_LABEL, b""))
    return "", ""


def _totals(fields: Fields) -> Totals | None:
    value = fields.values.get(bitmaps.TOTALS)
    if value is None or len(value) != _TOTALS_BYTES:
        return None
    text = value.hex()
    groups = {}
    for group in Group:
        at = 2 * (4 + group.value * _GROUP_BYTES)
        amount = text[at + 2 : at + 14]
        if not (text[:8] + amount).isdecimal():
            return None
        groups[group] = (int(text[at : at + 2], 16), int(amount))
    used = {group: each for group, each in groups.items() if any(each)}
    return Totals(first_receipt=int(text[:4]), last_receipt=int(text[4:8]), groups=used)


def _packed_totals(totals: Totals) -> bytes:
    data = packed(totals.first_receipt, 2) + packed(totals.last_receipt, 2)
    for group in Group:
        count, amount = totals.groups.get(group, (0, 0))
        data += bytes((min(count, _COUNT_MAX),)) + packed(amount, 6)
    return data


def _plain(value: bytes) -> str:
    return value.decode("ascii", "replace").replace("\0", " ").strip()


def without_card(status: StatusInformation) -> StatusInformation:
    """Return the same, with no more of the card than may be seen."""
    return replace(status, card=None, tracks=())
