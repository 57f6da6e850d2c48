"""The enciphered PIN of a message, and the serial number of the key that it is under.

    PIN block of 8 bytes, TDES      field 52
    PIN block of 16 bytes, AES      field 110, object DF01: field 52 has eight bytes for ever
    key serial number, 10 or 12     field 110, object DF02

Field 110 is these objects, BER-TLV, in hexadecimal. The block is never kept (broker.md 5.3): `without_pin`.
"""

from dataclasses import dataclass, field
from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583.field import Value
from protocols.iso8583.message import MalformedError, Message
from protocols.tlv import TlvError, encode_tlv, parse_tlv

TDES_BYTES: Final = 8
AES_BYTES: Final = 16
KSN_BYTES: Final = (0, 10, 12)
_BLOCK: Final = 0xDF01
_KSN: Final = 0xDF02


@dataclass(frozen=True, slots=True, kw_only=True)
class EncipheredPin:
    """A PIN that only whoever has the key can read."""

    block: bytes = field(repr=False)
    """8 bytes under TDES, 16 under AES."""
    ksn: bytes = b""
    """Of DUKPT: 10 bytes with TDES, 12 with AES; empty under a fixed key."""


def pin_fields(pin: EncipheredPin) -> dict[int, Value]:
    """Return the fields that carry a PIN. Raises: MalformedError for other lengths."""
    if len(pin.block) not in (TDES_BYTES, AES_BYTES) or len(pin.ksn) not in KSN_BYTES:
        raise MalformedError(
            "a PIN block has 8 or 16 bytes, its key 0, 10 or 12", field=de.PIN_BLOCK
        )
    short = len(pin.block) == TDES_BYTES
    fields: dict[int, Value] = {de.PIN_BLOCK: pin.block} if short else {}
    objects = b"" if short else encode_tlv(_BLOCK, pin.block)
    if pin.ksn:
        objects += encode_tlv(_KSN, pin.ksn)
    return {**fields, de.PIN_DATA: objects.hex().upper()} if objects else fields


def read_pin(message: Message) -> EncipheredPin | None:
    """Return a message's PIN; None where it has none. Raises: MalformedError."""
    block, ksn = message.octets(de.PIN_BLOCK), b""
    if de.PIN_DATA in message:
        try:
            objects = {o.tag: o.value for o in parse_tlv(bytes.fromhex(message.text(de.PIN_DATA)))}
        except (TlvError, ValueError):
            raise MalformedError("is no enciphered PIN", field=de.PIN_DATA) from None
        block, ksn = block or objects.get(_BLOCK, b""), objects.get(_KSN, b"")
    if not block:
        return None
    if len(block) not in (TDES_BYTES, AES_BYTES) or len(ksn) not in KSN_BYTES:
        raise MalformedError("is no enciphered PIN", field=de.PIN_DATA)
    return EncipheredPin(block=block, ksn=ksn)


def without_pin(message: Message) -> Message:
    """Return the message as it may be kept: a repeat and a reversal need no PIN."""
    secret = (de.PIN_BLOCK, de.PIN_DATA)
    return Message(message.mti, {n: v for n, v in message.fields.items() if n not in secret})
