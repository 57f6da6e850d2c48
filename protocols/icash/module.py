"""The security module in a shop's terminal: command APDUs in, response APDUs out.

    SELECT                 00 A4 04 00  AID                                          no commit
    QUERY                  90 5C 00 00  -> module 8|number 4|currency 2|total 8|status 1|free 1
                                           |pending TD 39                            no
    INITIALIZE PSAM        90 70 00 00  TD 39|balance 4|expiry 4|day 4|S1 8 -> S2 8  commit
    CREDIT PSAM            90 72 00 00  TD 39|S3 8; P1 01: given up before           commit
    GIVE UP                90 74 00 00                                               commit
    FIND                   90 76 00 00  TD 39 -> 00 unknown, 01 pending, 02 open, 03 credited,
                                           04 its number was used for another        no
    STATEMENT              90 7A 00 00  nonce 8 -> number 4|total 8|open 1|image 32|ST 8        no
    OPEN PURCHASE          90 7C nn 00  -> TD 39                                     no
    CLEAR                  90 7E 00 00  TD 39|SC 8                                   commit
    GET PREVIOUS SIGNATURE 90 86 00 00  TD 39, pending or open -> S2 8               no

The same class is the module in a reader and the twin of one. Its total only grows; the collector pays
the difference between two statements. Source: protocols.icash; INS values after EN 1546-3.
"""

import hashlib
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from protocols.icash.details import (
    DETAILS_BYTES,
    NO_DETAILS,
    Details,
    Kind,
    clear_text,
    decode_details,
    opening_text,
    order_text,
    receipt_text,
    statement_text,
)
from protocols.icash.image import (
    TOTAL_MAX,
    ModuleImage,
    ModulePersonality,
    Status,
    decode_module,
    encode_module,
)
from protocols.icash.keys import MAC_BYTES, Purpose, Suite, same
from protocols.icash.rules import ModuleRules
from protocols.iso7816 import SW, ApduError, Command, RefusedError, Response, parse_command
from protocols.purse.memory import Memory, MemoryWornOutError
from protocols.tlv import encode_tlv

MODULE_AID: Final = bytes.fromhex("F049434153485341 4D01".replace(" ", ""))
"""F0 "ICASHSAM" 01: proprietary and unregistered, our own."""
NONCE_BYTES: Final = 8
_ASKED_BYTES: Final = DETAILS_BYTES + 12 + MAC_BYTES
_PAID_BYTES: Final = DETAILS_BYTES + MAC_BYTES


class Found(IntEnum):
    """What a module says about one purchase."""

    UNKNOWN = 0
    PENDING = 1
    OPEN = 2
    CREDITED = 3
    REPLACED = 4
    """Its number was used for another purchase: this one was never asked for, and never can be."""


class IcashModule:
    """One security module. Volatile: whether it is selected."""

    def __init__(
        self,
        personality: ModulePersonality,
        memory: Memory,
        suite: Suite,
        rules: ModuleRules | None = None,
    ) -> None:
        self.personality = personality
        self.memory = memory
        self.suite = suite
        self.rules = ModuleRules() if rules is None else rules
        self.selected = False

    def power_on(self) -> None:
        """Forget what is volatile; a pending purchase stays."""
        self.selected = False

    def handle(self, apdu: bytes) -> bytes:
        """Answer one command. Any bytes get a status word; none raises."""
        try:
            return self._dispatch(parse_command(apdu)).encode()
        except ApduError as error:
            return error.sw.to_bytes(2)
        except RefusedError as refusal:
            return refusal.sw.to_bytes(2)
        except MemoryWornOutError:
            return SW.MEMORY_FAILURE.to_bytes(2)

    def _dispatch(self, command: Command) -> Response:
        if command.cla not in (0x00, 0x90):
            raise RefusedError(SW.CLASS_NOT_SUPPORTED)
        row = _COMMANDS.get((command.cla, command.ins))
        if row is None:
            raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)
        act, length = row
        if not self.selected and command.ins != 0xA4:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        if length is not None and len(command.data) != length:
            raise RefusedError(SW.WRONG_LENGTH)
        if command.p2 and command.ins != 0xA4:
            raise RefusedError(SW.P1_P2_WRONG)
        return act(self, command)

    def _select(self, command: Command) -> Response:
        if (command.p1, command.p2) != (4, 0):
            raise RefusedError(SW.P1_P2_WRONG)
        if not command.data or not MODULE_AID.startswith(command.data):
            raise RefusedError(SW.NOT_FOUND)
        self.selected = True
        return Response(encode_tlv(0x6F, encode_tlv(0x84, MODULE_AID)), SW.OK)

    def _query(self, command: Command) -> Response:
        me, image = self.personality, self._image()
        free = me.open_slots - len(image.open) - (image.status == Status.PENDING)
        answer = (
            me.module + image.number.to_bytes(4) + me.currency.to_bytes(2) + image.total.to_bytes(8)
            + bytes((image.status, max(0, free))) + image.pending
        )  # fmt: skip
        return Response(answer, SW.OK)

    def _initialize(self, command: Command) -> Response:
        _plain(command)
        image, data = self._image(), command.data
        encoded, rest = data[:DETAILS_BYTES], data[DETAILS_BYTES:]
        details = decode_details(encoded)
        balance, expiry, day = (int.from_bytes(rest[n : n + 4]) for n in (0, 4, 8))
        self._may_ask(image, details)
        if day > expiry:
            raise RefusedError(SW.REFERENCE_NOT_USABLE)
        text = opening_text(Kind.DEBIT, encoded, balance, expiry)
        if not self.rules.genuine(self.suite.mac(self._card_key(details), text), rest[12:]):
            raise RefusedError(SW.SIGNATURE_WRONG)
        answer = self._order(encoded)
        self._commit(self.rules.asked(image, encoded))
        return Response(answer, SW.OK)

    def _may_ask(self, image: ModuleImage, details: Details) -> None:
        me = self.personality
        if details.module != me.module or details.amount == 0:
            raise RefusedError(SW.DATA_WRONG)
        if details.currency != me.currency:
            raise RefusedError(SW.POCKET)
        if not self.rules.is_next(details.module_number, image.number):
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        if not self.rules.number_left(image.number):
            raise RefusedError(SW.SEQUENCE_EXHAUSTED)
        if not self.rules.room_to_ask(image, me.open_slots):
            raise RefusedError(SW.LOG_FULL)
        if image.total + details.amount > TOTAL_MAX:
            raise RefusedError(SW.CEILING)

    def _credit(self, command: Command) -> Response:
        image = self._image()
        encoded, signature = command.data[:DETAILS_BYTES], command.data[DETAILS_BYTES:]
        details = decode_details(encoded)
        text = receipt_text(Kind.DEBIT, encoded)
        if not self.rules.genuine(self.suite.mac(self._card_key(details), text), signature):
            raise RefusedError(SW.SIGNATURE_WRONG)
        match command.p1:
            case 0 if self.rules.is_pending(image, encoded):
                credited = self.rules.credited(image, details.amount)
            case 1 if self.rules.is_open(image, encoded):
                credited = self.rules.credited_late(image, encoded, details.amount)
            case 0 | 1:
                raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
            case _:
                raise RefusedError(SW.P1_P2_WRONG)
        slots = self.personality.credited_slots
        if slots:
            credited = credited._replace(credited=(*image.credited, encoded)[-slots:])
        self._commit(credited)
        return Response(b"", SW.OK)

    def _give_up(self, command: Command) -> Response:
        _plain(command)
        self._commit(self.rules.given_up(self._image()))
        return Response(b"", SW.OK)

    def _find(self, command: Command) -> Response:
        _plain(command)
        image, wanted = self._image(), command.data
        if self.rules.is_pending(image, wanted):
            found = Found.PENDING
        elif self.rules.is_open(image, wanted):
            found = Found.OPEN
        elif wanted in image.credited:
            found = Found.CREDITED
        else:
            known = (image.pending, *image.open, *image.credited)
            found = Found.REPLACED if _has_number_of(wanted, known) else Found.UNKNOWN
        return Response(bytes((found,)), SW.OK)

    def _previous(self, command: Command) -> Response:
        _plain(command)
        image, wanted = self._image(), command.data
        if not self.rules.is_pending(image, wanted) and not self.rules.is_open(image, wanted):
            raise RefusedError(SW.RECORD_NOT_FOUND)
        return Response(self._order(wanted), SW.OK)

    def _statement(self, command: Command) -> Response:
        _plain(command)
        image = self._image()
        statement = (
            image.number.to_bytes(4)
            + image.total.to_bytes(8)
            + bytes((len(image.open),))
            + hashlib.sha256(b"".join(image.open)).digest()
        )
        text = statement_text(command.data, statement)
        return Response(statement + self.suite.mac(self.personality.collection_key, text), SW.OK)

    def _open_purchase(self, command: Command) -> Response:
        opened = self._image().open
        if command.p1 >= len(opened):
            raise RefusedError(SW.RECORD_NOT_FOUND)
        return Response(opened[command.p1], SW.OK)

    def _clear(self, command: Command) -> Response:
        _plain(command)
        image = self._image()
        encoded, signature = command.data[:DETAILS_BYTES], command.data[DETAILS_BYTES:]
        expected = self.suite.mac(self.personality.collection_key, clear_text(encoded))
        if not same(expected, signature):
            raise RefusedError(SW.SIGNATURE_WRONG)
        if not self.rules.is_open(image, encoded):
            raise RefusedError(SW.RECORD_NOT_FOUND)
        self._commit(self.rules.cleared(image, encoded))
        return Response(b"", SW.OK)

    def _order(self, details: bytes) -> bytes:
        return self.suite.mac(
            self._card_key(decode_details(details)), order_text(Kind.DEBIT, details)
        )

    def _card_key(self, details: Details) -> bytes:
        master = self.personality.purchase_master
        return self.suite.derive(master, Purpose.PURCHASE, details.card, details.key_version)

    def _image(self) -> ModuleImage:
        return decode_module(self.memory.read())

    def _commit(self, image: ModuleImage) -> None:
        self.memory.write(encode_module(image))


_Row = tuple[Callable[[IcashModule, Command], Response], int | None]
_COMMANDS: Final[dict[tuple[int, int], _Row]] = {
    (0x00, 0xA4): (IcashModule._select, None),
    (0x90, 0x5C): (IcashModule._query, 0),
    (0x90, 0x70): (IcashModule._initialize, _ASKED_BYTES),
    (0x90, 0x72): (IcashModule._credit, _PAID_BYTES),
    (0x90, 0x74): (IcashModule._give_up, 0),
    (0x90, 0x76): (IcashModule._find, DETAILS_BYTES),
    (0x90, 0x7A): (IcashModule._statement, NONCE_BYTES),
    (0x90, 0x7C): (IcashModule._open_purchase, 0),
    (0x90, 0x7E): (IcashModule._clear, _PAID_BYTES),
    (0x90, 0x86): (IcashModule._previous, DETAILS_BYTES),
}
"""Command, and how long its data must be; None where the command itself says."""


def _has_number_of(wanted: bytes, known: tuple[bytes, ...]) -> bool:
    """Return whether another known purchase has the module's number of this one."""
    number = decode_details(wanted).module_number
    return any(
        decode_details(other).module_number == number for other in known if other != NO_DETAILS
    )


def _plain(command: Command) -> None:
    if command.p1:
        raise RefusedError(SW.P1_P2_WRONG)
