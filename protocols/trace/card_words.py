"""Commands and answers of cards in words, after the application that was selected.

Source: ISO/IEC 7816-4:2020 table 4 and clause 5.6, EMV book 3; protocols.purse.card, protocols.icash,
protocols.emv.
"""

from typing import Final

from protocols.emv.selection import DIRECTORY
from protocols.emv.terminal import CREDIT_AID, DEBIT_AID
from protocols.icash.card import CARD_AID
from protocols.icash.module import MODULE_AID
from protocols.iso7816 import SW, ApduError, Command, parse_command
from protocols.money import CURRENCIES, Money
from protocols.passbook.card import AID as PASSBOOK_AID
from protocols.purse.details import (
    DETAILS_BYTES,
    MESSAGE_BYTES,
    MessageType,
    PaymentDetails,
    decode_details,
)
from protocols.purse.reading import AID as PURSE_AID
from protocols.trace.naming import hexed

_Table = dict[tuple[int, int], str]

ISO: Final[_Table] = {
    (0x00, 0x04): "DEACTIVATE",
    (0x00, 0x20): "VERIFY",
    (0x00, 0x24): "CHANGE PIN",
    (0x00, 0x2C): "RESET RETRY COUNTER",
    (0x00, 0x44): "ACTIVATE",
    (0x00, 0x70): "MANAGE CHANNEL",
    (0x00, 0x82): "EXTERNAL AUTHENTICATE",
    (0x00, 0x84): "GET CHALLENGE",
    (0x00, 0x88): "INTERNAL AUTHENTICATE",
    (0x00, 0xA4): "SELECT",
    (0x00, 0xB0): "READ BINARY",
    (0x00, 0xB2): "READ RECORD",
    (0x00, 0xC0): "GET RESPONSE",
    (0x00, 0xCA): "GET DATA",
    (0x00, 0xD6): "UPDATE BINARY",
    (0x00, 0xDC): "UPDATE RECORD",
    (0x80, 0xA8): "GET PROCESSING OPTIONS",
    (0x80, 0xAE): "GENERATE AC",
    (0x80, 0xCA): "GET DATA",
}
_PURSE: Final[_Table] = {
    (0x00, 0x04): "LOCK",
    (0x00, 0x44): "UNLOCK",
    (0x90, 0x52): "CREDIT",
    (0x90, 0x54): "DEBIT",
    (0x90, 0x56): "COMPLETE",
    (0x90, 0x58): "UPDATE PARAMETER",
    (0x90, 0x5A): "RESUME",
    (0x90, 0x5E): "ABORT",
    (0x90, 0xE8): "CLAIM",
    (0x90, 0xEA): "CLEAR",
}
_PURSE_BEGIN: Final = ("QUERY", "START PAYER", "ACCEPT", "START PAYEE")
"""90 50, after P1."""
_ICASH_CARD: Final[_Table] = {
    (0x90, 0x50): "INITIALIZE IEP",
    (0x90, 0x52): "CREDIT IEP",
    (0x90, 0x54): "DEBIT IEP",
    (0x90, 0x5A): "GET PREVIOUS IEP SIGNATURE",
    (0x90, 0x5C): "QUERY IEP",
}
_ICASH_MODULE: Final[_Table] = {
    (0x90, 0x5C): "QUERY PSAM",
    (0x90, 0x70): "INITIALIZE PSAM",
    (0x90, 0x72): "CREDIT PSAM",
    (0x90, 0x74): "GIVE UP",
    (0x90, 0x76): "FIND PURCHASE",
    (0x90, 0x7A): "STATEMENT",
    (0x90, 0x7C): "READ OPEN PURCHASE",
    (0x90, 0x7E): "CLEAR OPEN PURCHASE",
    (0x90, 0x86): "GET PREVIOUS PSAM SIGNATURE",
}
_EMV: Final[_Table] = {
    (0x04, 0xDA): "PUT DATA",
    (0x84, 0x16): "CARD BLOCK",
    (0x84, 0x1E): "APPLICATION BLOCK",
    (0x84, 0x24): "PIN CHANGE OR UNBLOCK",
}
_PASSBOOK: Final[_Table] = {
    (0x90, 0x50): "STATE",
    (0x90, 0x54): "ORDER",
    (0x90, 0x5A): "AGAIN",
}
_APPLICATIONS: Final[dict[bytes, tuple[str, _Table]]] = {
    DIRECTORY: ("payment directory", _EMV),
    CREDIT_AID: ("payment application, credit", _EMV),
    DEBIT_AID: ("payment application, debit", _EMV),
    PASSBOOK_AID: ("passbook", _PASSBOOK),
    PURSE_AID: ("purse", _PURSE),
    CARD_AID: ("icash card", _ICASH_CARD),
    MODULE_AID: ("icash module", _ICASH_MODULE),
}
_STATUS: Final[dict[int, str]] = {
    SW.OK: "done",
    SW.SELECTED_LOCKED: "selected; the application is locked",
    SW.MEMORY_FAILURE: "memory failure",
    SW.WRONG_LENGTH: "wrong length",
    SW.CLASS_NOT_SUPPORTED: "class not supported",
    SW.CHAINING_NOT_SUPPORTED: "chaining not supported",
    SW.SECURE_MESSAGING_NOT_SUPPORTED: "secure messaging not supported",
    SW.SECURITY_NOT_SATISFIED: "PIN needed, or locked",
    SW.PIN_BLOCKED: "PIN blocked",
    SW.REFERENCE_NOT_USABLE: "the other party's certificate has expired or is on the hotlist",
    SW.CONDITIONS_NOT_SATISFIED: "not in this state",
    SW.SIGNATURE_WRONG: "signature wrong",
    SW.DATA_WRONG: "data wrong",
    SW.FUNCTION_NOT_SUPPORTED: "not allowed between these classes",
    SW.NOT_FOUND: "not found",
    SW.RECORD_NOT_FOUND: "no such record",
    SW.LOG_FULL: "exception log full",
    SW.P1_P2_WRONG: "P1 P2 wrong",
    SW.KEY_UNKNOWN: "key or data object unknown",
    SW.OFFSET_WRONG: "offset wrong",
    SW.INSTRUCTION_NOT_SUPPORTED: "instruction not supported",
    SW.NO_DIAGNOSIS: "no diagnosis",
    SW.CEILING: "over the ceiling of the purse",
    SW.FUNDS: "not enough money",
    SW.LIMIT: "over a limit",
    SW.POCKET: "no pocket for this currency",
    SW.SEQUENCE_EXHAUSTED: "sequence numbers used up",
    0x6400: "keypad: no key in time",
    0x6401: "keypad: cancelled",
    0x6403: "keypad: too short or too long",
    0x6B80: "keypad: structure wrong",
}
_LETTERS: Final = {each.number: each for each in CURRENCIES.values()}


class CardTeller:
    """One card's stay in a slot."""

    def __init__(self) -> None:
        self._table: _Table = {}

    def command(self, apdu: bytes) -> str:
        """Return a command in words."""
        try:
            command = parse_command(apdu)
        except ApduError as error:
            return f"no command: {hexed(apdu)} ({error})"
        if (command.cla, command.ins, command.p1) == (0x00, 0xA4, 0x04):
            return self._select(command.data)
        return f"{self._name(command)}{_parameters(command)}{self._carried(command.data)}"

    def response(self, answer: bytes) -> str:
        """Return an answer in words."""
        if len(answer) < 2:
            return "no answer: torn out or mute"
        data, sw = answer[:-2], int.from_bytes(answer[-2:])
        return f"{sw:04X} {status(sw)}{self._carried(data)}"

    def _select(self, aid: bytes) -> str:
        for known, (name, table) in _APPLICATIONS.items():
            if aid and known.startswith(aid):
                self._table = table
                return f"SELECT {name}"
        self._table = {}
        return f"SELECT {hexed(aid)}"

    def _carried(self, data: bytes) -> str:
        """Return what data carries; a passbook's certificate may look like a purse's message and is none."""
        if self._table is _PASSBOOK:
            return f", {len(data)} bytes" if data else ""
        return _carried(data)

    def _name(self, command: Command) -> str:
        key = (command.cla, command.ins)
        if key == (0x90, 0x50) and self._table is _PURSE and command.p1 < len(_PURSE_BEGIN):
            return _PURSE_BEGIN[command.p1]
        # The class's channel and secure messaging bits do not change what an instruction is.
        plain = (command.cla & 0x80, command.ins) if command.cla < 0x90 else key
        found = self._table.get(key) or ISO.get(key) or ISO.get(plain)
        return found or f"{command.cla:02X} {command.ins:02X}"


def status(sw: int) -> str:
    """Return what a status word says."""
    if sw & 0xFFF0 == SW.TRIES_LEFT:
        return f"{sw & 0xF} tries left"
    if sw >> 8 == 0x61:
        return f"{sw & 0xFF or 256} bytes more"
    if sw >> 8 == 0x6C:
        return f"ask for {sw & 0xFF or 256} bytes"
    return _STATUS.get(sw, "a status word of its own")


def _parameters(command: Command) -> str:
    return f" {command.p1:02X} {command.p2:02X}" if command.p1 or command.p2 else ""


def _carried(data: bytes) -> str:
    """Return what data carries, with a separator before it; a purse's message is read."""
    if len(data) >= MESSAGE_BYTES and data[0] in tuple(MessageType):
        details = decode_details(data[1 : 1 + DETAILS_BYTES])
        return f", {MessageType(data[0]).name} {_transfer(details)}"
    return f", {len(data)} bytes" if data else ""


def _transfer(details: PaymentDetails) -> str:
    currency = _LETTERS.get(details.currency)
    amount = str(details.value) if currency is None else str(Money(details.value, currency))
    payer, payee = (_purse(name) for name in (details.payer, details.payee))
    return f"{amount} from {payer} to {payee}"


def _purse(name: bytes) -> str:
    text = name.rstrip(b"\0").decode("latin-1")
    return text if text.isprintable() and text.isascii() else name.hex()
