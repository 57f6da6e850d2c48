"""The passbook's applet: an account, a PIN, a counter, and a key that signs orders.

    SELECT   00 A4 04 00  AID                    -> FCI; 6A81 the card is blocked
    WHO      00 CA 7F 21                         -> certificate 113
    STATE    90 50 00 00                         -> counter u32 | tries 1 | tries at most 1
    VERIFY   00 20 00 81  block 8 (format 2)     -> 9000, 63Cx, 6983
    ORDER    90 54 00 00  order 33, as asked     -> order 47 | signature 64
    AGAIN    90 5A 00 00                         -> the same again: the newest order; 6A88 there is none

The counter goes up, and the order is kept, before the signature leaves: so an order whose answer was lost can
be fetched again, and no two orders have one counter. An order that says that the card has
seen the PIN is signed only after it has, once for each PIN; power takes the PIN with it.

    state      power   SELECT    VERIFY right   VERIFY wrong    ORDER bank    ORDER card
    OFF        -       SELECTED  6985           6985            6985          6985
    SELECTED   OFF     SELECTED  KNOWN          SELECTED        signed        6982
    KNOWN      OFF     SELECTED  KNOWN          SELECTED        signed        signed, SELECTED

Memory   counter u32 | tries 1 | tries at most 1 | blocked 1 | PIN block 8 | order 47 | signature 64
Source: ours, after ISO/IEC 7816-4 and the purse (protocols.purse.card).
"""

import hmac
import struct
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols.iso7816 import SW, ApduError, Command, RefusedError, Response, parse_command
from protocols.passbook.order import (
    COUNTER_MAX,
    ORDER_BYTES,
    Holder,
    OrderError,
    order_of_request,
    order_text,
)
from protocols.purse.memory import Memory, MemoryWornOutError
from protocols.purse.suite import SIGNATURE_BYTES, Suite
from protocols.secure_pin import BLOCK_BYTES
from protocols.tlv import encode_tlv

AID: Final = bytes.fromhex("F0495053") + b"BOOK\x01"
"""F0 "IPSBOOK" 01: proprietary and unregistered, our own."""
PIN_KEY: Final = 0x81
STATE_BYTES: Final = 6
_IMAGE: Final = struct.Struct(f">IBBB{BLOCK_BYTES}s{ORDER_BYTES}s{SIGNATURE_BYTES}s")


class Image(NamedTuple):
    """What the card remembers."""

    counter: int
    tries: int
    tries_max: int
    blocked: int
    pin: bytes
    order: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """What is written once."""

    account: str
    secret: int = field(repr=False)
    certificate: bytes


def first_image(pin: bytes, *, tries: int, tries_max: int, blocked: bool) -> Image:
    """Return a new card's memory; `pin`: a block of format 2."""
    return Image(0, tries, tries_max, blocked, pin, bytes(ORDER_BYTES), bytes(SIGNATURE_BYTES))


def encode_image(image: Image) -> bytes:
    """Return an image as it is kept."""
    return _IMAGE.pack(*image)


def decode_image(body: bytes) -> Image:
    """Return an image that was kept."""
    return Image(*_IMAGE.unpack(body))


class Passbook:
    """Command APDU in, response APDU out."""

    def __init__(self, personality: Personality, memory: Memory, suite: Suite) -> None:
        self.personality = personality
        self._memory = memory
        self._suite = suite
        self.power_on()

    def power_on(self) -> None:
        """Forget what is volatile."""
        self._selected = False
        self._known = False

    def image(self) -> Image:
        """Return what it remembers. Raises: MemoryWornOutError."""
        return decode_image(self._memory.read())

    def handle(self, apdu: bytes) -> bytes:
        """Answer a command. Never raises but what memory raises where power leaves it."""
        try:
            command = parse_command(apdu)
            return Response(self._obey(command), SW.OK).encode()
        except ApduError as error:
            return Response(b"", error.sw).encode()
        except RefusedError as refused:
            return Response(b"", refused.sw).encode()
        except MemoryWornOutError:
            return Response(b"", SW.MEMORY_FAILURE).encode()

    def _obey(self, command: Command) -> bytes:
        key = (command.cla, command.ins)
        if key == (0x00, 0xA4):
            return self._select(command)
        if not self._selected:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        match command.cla, command.ins, command.p1, command.p2:
            case 0x00, 0xCA, 0x7F, 0x21:
                return self.personality.certificate
            case 0x90, 0x50, 0, 0:
                image = self.image()
                return image.counter.to_bytes(4) + bytes((image.tries, image.tries_max))
            case 0x00, 0x20, 0, p2 if p2 == PIN_KEY:
                return self._verify(command.data)
            case 0x90, 0x54, 0, 0:
                return self._sign(command.data)
            case 0x90, 0x5A, 0, 0:
                return self._again()
        known = (0xCA, 0x20) if command.cla == 0 else (0x50, 0x54, 0x5A)
        if command.ins in known and command.cla in (0x00, 0x90):
            raise RefusedError(SW.P1_P2_WRONG)
        raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)

    def _select(self, command: Command) -> bytes:
        if (command.p1, command.p2) != (4, 0):
            raise RefusedError(SW.P1_P2_WRONG)
        if self.image().blocked:
            raise RefusedError(SW.FUNCTION_NOT_SUPPORTED)
        if not command.data or not AID.startswith(command.data):
            raise RefusedError(SW.NOT_FOUND)
        self._selected, self._known = True, False
        return encode_tlv(0x6F, encode_tlv(0x84, AID))

    def _verify(self, block: bytes) -> bytes:
        if len(block) != BLOCK_BYTES:
            raise RefusedError(SW.WRONG_LENGTH)
        image = self.image()
        if image.tries == 0:
            raise RefusedError(SW.PIN_BLOCKED)
        self._known = False
        # The try is gone before anybody looks at the PIN.
        image = image._replace(tries=image.tries - 1)
        self._keep(image)
        if not hmac.compare_digest(block, image.pin):
            raise RefusedError(SW.TRIES_LEFT | image.tries)
        self._keep(image._replace(tries=image.tries_max))
        self._known = True
        return b""

    def _sign(self, request: bytes) -> bytes:
        me, image = self.personality, self.image()
        if image.counter == COUNTER_MAX:
            raise RefusedError(SW.SEQUENCE_EXHAUSTED)
        try:
            order = order_of_request(request, me.account, image.counter + 1)
        except OrderError as error:
            raise RefusedError(SW.DATA_WRONG) from error
        if order.holder is Holder.CARD and not self._known:
            raise RefusedError(SW.SECURITY_NOT_SATISFIED)
        self._known = False
        encoded = order.encode()
        signature = self._suite.sign(me.secret, order_text(encoded))
        self._keep(image._replace(counter=order.counter, order=encoded, signature=signature))
        return encoded + signature

    def _again(self) -> bytes:
        image = self.image()
        if image.counter == 0:
            raise RefusedError(SW.KEY_UNKNOWN)
        return image.order + image.signature

    def _keep(self, image: Image) -> None:
        self._memory.write(encode_image(image))
