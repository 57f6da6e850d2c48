"""Commands and answers as data: what stands in each, written by one end and read by the other.

Source: PA00P015 chapters 2 and 3, one section a command.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag
from typing import Final

from protocols.tlv import Tlv, TlvError, parse_tlv
from protocols.zvt import bitmaps
from protocols.zvt.apdu import Apdu, ZvtError
from protocols.zvt.bitmaps import field, packed, read_fields
from protocols.zvt.controls import REFUSED_CLASS, TAKEN, Control
from protocols.zvt.text import CHARSET_CODES, Charset, decode_text, encode_text

PASSWORD: Final = 0
"""As terminals come; six digits."""
PASSWORD_BYTES: Final = 3
TEXT_BYTES_MAX: Final = 99
_CHARSET: Final = 0x14
_WIDTH: Final = 0x12
_PERMITTED: Final = 0x26
_COMMAND: Final = 0x0A
_RECEIPT_KIND: Final = 0x1F07
_LINES: Final = 0x25
_LINE: Final = 0x07
_LAST_LINE: Final = 0x80
"""Attribute of a line that carries no text: the paper ends here."""


class Config(Flag):
    """The configuration byte of REGISTRATION."""

    REGISTER_PRINTS_PAYMENTS = 0x02
    REGISTER_PRINTS_ADMINISTRATION = 0x04
    SEND_STATES = 0x08
    REGISTER_STARTS_PAYMENTS = 0x10
    REGISTER_ADMINISTERS = 0x20
    REGISTER_PRINTS = 0x80


TAKEN_APDU: Final = Apdu(TAKEN)


def refused(code: int) -> Apdu:
    """Return the answer to what will not be done."""
    return Apdu(REFUSED_CLASS << 8 | code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Who keeps the register, and what the terminal may leave to it."""

    config: Config
    currency: int
    """ISO 4217, as a number."""
    charset: Charset | None = None
    """In which it wants its paper; None leaves that to the terminal."""
    columns: int = 0
    """Of its paper; 0 leaves that to the terminal."""

    def apdu(self, password: int = PASSWORD) -> Apdu:
        """Return the command."""
        objects = [Tlv(_COMMAND, control.to_bytes(2)).encode() for control in _ACCEPTED]
        container = Tlv(_PERMITTED, b"".join(objects)).encode()
        if self.columns:
            container += Tlv(_WIDTH, packed(self.columns, 1)).encode()
        if self.charset in CHARSET_CODES:
            container += Tlv(_CHARSET, bytes((CHARSET_CODES[self.charset],))).encode()
        data = packed(password, PASSWORD_BYTES) + bytes((self.config.value,))
        data += packed(self.currency, 2) + field(bitmaps.SERVICE, b"\0")
        return Apdu(Control.REGISTRATION, data + field(bitmaps.CONTAINER, container))


_ACCEPTED: Final = (Control.PRINT_LINE, Control.PRINT_TEXT)
"""What a register lets its terminal send it (tag 26)."""


def read_registration(data: bytes) -> Registration:
    """Raises: ZvtError."""
    if len(data) < PASSWORD_BYTES + 1:
        raise ZvtError("a registration has a password and a configuration byte")
    config = Config(data[PASSWORD_BYTES] & sum(each.value for each in Config))
    rest = data[PASSWORD_BYTES + 1 :]
    # The currency may be left out; where it stands it has no number of its own.
    money = rest[:2].hex() if len(rest) >= 2 and rest[0] != bitmaps.SERVICE else ""
    fields = read_fields(rest[2:] if money.isdecimal() else rest)
    said = {each.tag: each.value for each in fields.objects()}
    codes = {code: charset for charset, code in CHARSET_CODES.items()}
    width = said.get(_WIDTH, b"").hex()
    return Registration(
        config=config,
        currency=int(money) if money.isdecimal() else 0,
        charset=codes.get(said[_CHARSET][0]) if said.get(_CHARSET) else None,
        columns=int(width) if width.isdecimal() else 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a command that moves money is to move; 0 and empty: not said."""

    amount: int = 0
    """Minor units."""
    currency: int = 0
    receipt: int = 0
    """Of the payment that it is about: a reversal, a tip, the booking of a reservation."""
    text: str = ""
    """Stands on the terminal's receipt, and so says afterwards whose payment it was."""

    def apdu(self, control: Control, password: int | None = None) -> Apdu:
        """Return the command; `password` where it wants one."""
        data = b"" if password is None else packed(password, PASSWORD_BYTES)
        if self.amount:
            data += field(bitmaps.AMOUNT, packed(self.amount, 6))
        if self.currency:
            data += field(bitmaps.CURRENCY, packed(self.currency, 2))
        if self.receipt:
            data += field(bitmaps.RECEIPT, packed(self.receipt, 2))
        if self.text:
            said = encode_text(self.text, Charset.CP437)[:TEXT_BYTES_MAX]
            data += field(bitmaps.TEXT, said)
        return Apdu(control, data)


WITH_PASSWORD: Final = frozenset(
    {
        Control.REVERSAL,
        Control.REFUND,
        Control.END_OF_DAY,
        Control.SEND_TOTALS,
        Control.PRINT_TURNOVER,
        Control.REPEAT_RECEIPT,
        Control.INITIALISATION,
        Control.STATUS_ENQUIRY,
        Control.SET_TERMINAL_ID,
        Control.CHANGE_PASSWORD,
    }
)
"""Commands whose data begin with the password."""


def read_order(apdu: Apdu) -> Order:
    """Return what a command says. Raises: ZvtError."""
    begin = PASSWORD_BYTES if apdu.control in WITH_PASSWORD else 0
    if len(apdu.data) < begin:
        raise ZvtError("its password is missing")
    fields = read_fields(apdu.data[begin:])
    for number in (bitmaps.AMOUNT, bitmaps.CURRENCY, bitmaps.RECEIPT):
        if number in fields.values and fields.digits(number) is None:
            raise ZvtError(f"field {number:02X} is no number")
    return Order(
        amount=fields.digits(bitmaps.AMOUNT) or 0,
        currency=fields.digits(bitmaps.CURRENCY) or 0,
        receipt=fields.digits(bitmaps.RECEIPT) or 0,
        text=decode_text(fields.values.get(bitmaps.TEXT, b""), Charset.CP437),
    )


def with_password(control: Control, password: int = PASSWORD) -> Apdu:
    """Return a command that says nothing but the password."""
    return Apdu(control, packed(password, PASSWORD_BYTES))


# What the terminal says


def state(code: int) -> Apdu:
    """Return 04 FF."""
    return Apdu(Control.INTERMEDIATE_STATUS, bytes((code,)))


def completion(terminal_id: int = 0, currency: int = 0) -> Apdu:
    """Return 06 0F; of a registration it says who the terminal is."""
    if not terminal_id:
        return Apdu(Control.COMPLETION)
    data = field(bitmaps.KIND, b"\0") + field(bitmaps.TERMINAL_ID, packed(terminal_id, 4))
    return Apdu(Control.COMPLETION, data + field(bitmaps.CURRENCY, packed(currency, 2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a completion says of the terminal."""

    terminal_id: int = 0
    currency: int = 0


def read_completion(data: bytes) -> Completed:
    """Never raises: a completion is one, whatever stands in it."""
    try:
        fields = read_fields(data)
    except ZvtError:
        return Completed()
    return Completed(
        terminal_id=fields.digits(bitmaps.TERMINAL_ID) or 0,
        currency=fields.digits(bitmaps.CURRENCY) or 0,
    )


def aborted(code: int) -> Apdu:
    """Return 06 1E."""
    return Apdu(Control.ABORTED, bytes((code,)))


def lines(paper: Iterable[str], charset: Charset) -> list[Apdu]:
    """Return a paper as single lines, and the one that ends it."""
    apdus = [Apdu(Control.PRINT_LINE, b"\0" + encode_text(line, charset)) for line in paper]
    return [*apdus, Apdu(Control.PRINT_LINE, bytes((_LAST_LINE,)))]


def text_block(paper: Iterable[str], charset: Charset, *, kind: int = 2) -> Apdu:
    """Return a paper as one block; kind 1 is the shop's, 2 the customer's, 3 neither's."""
    rows = b"".join(Tlv(_LINE, encode_text(line, charset) or b" ").encode() for line in paper)
    container = Tlv(_RECEIPT_KIND, bytes((kind,))).encode() + Tlv(_LINES, rows).encode()
    return Apdu(Control.PRINT_TEXT, field(bitmaps.CONTAINER, container))


def read_paper(apdu: Apdu, charset: Charset) -> list[str]:
    """Return the lines that a 06 D1 or 06 D3 brings; the end of a paper brings none."""
    if apdu.control == Control.PRINT_LINE:
        said = apdu.data[1:]
        return [decode_text(said, charset)] if apdu.data[:1] != b"\x80" or said else []
    try:
        found = []
        for outer in read_fields(apdu.data).objects():
            if outer.tag == _LINES:
                found += [decode_text(each.value, charset) for each in parse_tlv(outer.value)
                          if each.tag == _LINE]  # fmt: skip
    except (ZvtError, TlvError):
        return []
    return found
