"""The ICash card: command APDUs in, response APDUs out, over an atomic memory.

    SELECT                 00 A4 04 00  AID                                         no commit
    QUERY                  90 5C 00 00  -> card 8|version 1|number 4|loads 4|currency 2|balance 4
                                           |ceiling 4|expiry 4                      no
    INITIALIZE IEP         90 50 01 00  module 8|module's number 4|amount 4|currency 2|reference 8
                                        |day 4   -> number 4|balance 4|expiry 4|S1 8    no, volatile
    INITIALIZE for load    90 50 00 00  the same, of the host -> loads 4|...|L1 8   no, volatile
    DEBIT IEP              90 54 00 00  S2 8 -> S3 8|SI 8                           commit
    CREDIT IEP             90 52 00 00  L2 8 -> L3 8                                commit
    GET PREVIOUS SIGNATURE 90 5A nn 00  nn back, 0 the last -> kind 1|TD 39|S3 or L3 8|SI 8   no

INITIALIZE opens one transaction and any DEBIT or CREDIT, right or wrong, closes it: whoever guesses a
signature has one guess for each opening. Inside a commit nothing is computed; whatever can be refused
is refused before. Source: protocols.icash; INS values after EN 1546-3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocols.icash.details import (
    DETAILS_BYTES,
    Details,
    Kind,
    claim_text,
    decode_details,
    opening_text,
    order_text,
    receipt_text,
)
from protocols.icash.image import CardImage, CardPersonality, decode_card, encode_card
from protocols.icash.keys import MAC_BYTES, Suite
from protocols.icash.rules import CardRules
from protocols.iso7816 import SW, ApduError, Command, RefusedError, Response, parse_command
from protocols.purse.memory import Memory, MemoryWornOutError
from protocols.tlv import encode_tlv

CARD_AID: Final = bytes.fromhex("F0494341534801")
"""F0 "ICASH" 01: proprietary and unregistered, our own."""
OPENING_BYTES: Final = 30


@dataclass(frozen=True, slots=True)
class _Opening:
    """A transaction that INITIALIZE opened; gone with power."""

    kind: Kind
    details: bytes


class IcashCard:
    """One card. Volatile: whether it is selected, and the transaction that was opened."""

    def __init__(
        self,
        personality: CardPersonality,
        memory: Memory,
        suite: Suite,
        rules: CardRules | None = None,
    ) -> None:
        self.personality = personality
        self.memory = memory
        self.suite = suite
        self.rules = CardRules() if rules is None else rules
        self.selected = False
        self._opening: _Opening | None = None

    def power_on(self) -> None:
        """Forget what is volatile."""
        self.selected = False
        self._opening = None

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
        act = _COMMANDS.get((command.cla, command.ins))
        if act is None:
            raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)
        if not self.selected and command.ins != 0xA4:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        return act(self, command)

    def _select(self, command: Command) -> Response:
        if (command.p1, command.p2) != (4, 0):
            raise RefusedError(SW.P1_P2_WRONG)
        if not command.data or not CARD_AID.startswith(command.data):
            raise RefusedError(SW.NOT_FOUND)
        self.selected = True
        self._opening = None
        return Response(encode_tlv(0x6F, encode_tlv(0x84, CARD_AID)), SW.OK)

    def _query(self, command: Command) -> Response:
        _expect(command, 0)
        me, image = self.personality, self._image()
        answer = (
            me.card + bytes((me.key_version,)) + image.number.to_bytes(4) + image.loads.to_bytes(4)
            + me.currency.to_bytes(2) + image.balance.to_bytes(4) + me.ceiling.to_bytes(4)
            + me.expiry.to_bytes(4)
        )  # fmt: skip
        return Response(answer, SW.OK)

    def _initialize(self, command: Command) -> Response:
        if command.p2 or command.p1 not in (0, 1):
            raise RefusedError(SW.P1_P2_WRONG)
        if len(command.data) != OPENING_BYTES:
            raise RefusedError(SW.WRONG_LENGTH)
        self._opening = None
        kind = Kind.DEBIT if command.p1 == 1 else Kind.LOAD
        image, data, me = self._image(), command.data, self.personality
        number = image.number if kind is Kind.DEBIT else image.loads
        details = Details(
            card=me.card,
            key_version=me.key_version,
            module=data[:8],
            module_number=int.from_bytes(data[8:12]),
            amount=int.from_bytes(data[12:16]),
            currency=int.from_bytes(data[16:18]),
            reference=data[18:26],
            card_number=number,
        )
        self._may_open(kind, image, details, day=int.from_bytes(data[26:30]))
        self._opening = _Opening(kind, details.encode())
        key = me.keys.purchase if kind is Kind.DEBIT else me.keys.load
        text = opening_text(kind, details.encode(), image.balance, me.expiry)
        head = number.to_bytes(4) + image.balance.to_bytes(4) + me.expiry.to_bytes(4)
        return Response(head + self.suite.mac(key, text), SW.OK)

    def _may_open(self, kind: Kind, image: CardImage, details: Details, day: int) -> None:
        me = self.personality
        if details.amount == 0:
            raise RefusedError(SW.DATA_WRONG)
        if details.currency != me.currency:
            raise RefusedError(SW.POCKET)
        if not self.rules.number_left(details.card_number):
            raise RefusedError(SW.SEQUENCE_EXHAUSTED)
        if day > me.expiry:
            raise RefusedError(SW.REFERENCE_NOT_USABLE)
        match kind:
            case Kind.DEBIT if details.amount > me.purchase_max:
                raise RefusedError(SW.LIMIT)
            case Kind.DEBIT if not self.rules.funds(image.balance, details.amount):
                raise RefusedError(SW.FUNDS)
            case Kind.LOAD if not self.rules.below_ceiling(
                image.balance, details.amount, me.ceiling
            ):
                raise RefusedError(SW.CEILING)

    def _debit(self, command: Command) -> Response:
        details = self._ordered(command, Kind.DEBIT)
        image, me = self._image(), self.personality
        amount = decode_details(details).amount
        if not self.rules.funds(image.balance, amount):
            raise RefusedError(SW.FUNDS)
        answer = self._receipt(Kind.DEBIT, details)
        self._commit(self.rules.debited(image, details, amount, me.record_slots))
        return Response(answer, SW.OK)

    def _credit(self, command: Command) -> Response:
        details = self._ordered(command, Kind.LOAD)
        image, me = self._image(), self.personality
        amount = decode_details(details).amount
        if not self.rules.below_ceiling(image.balance, amount, me.ceiling):
            raise RefusedError(SW.CEILING)
        answer = self._receipt(Kind.LOAD, details)
        self._commit(self.rules.loaded(image, details, amount, me.record_slots))
        return Response(answer, SW.OK)

    def _ordered(self, command: Command, kind: Kind) -> bytes:
        """Return the details of the opened transaction, if this is the order for it; close it."""
        opening, self._opening = self._opening, None
        if (command.p1, command.p2) != (0, 0):
            raise RefusedError(SW.P1_P2_WRONG)
        if len(command.data) != MAC_BYTES:
            raise RefusedError(SW.WRONG_LENGTH)
        if opening is None or opening.kind is not kind:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        keys = self.personality.keys
        key = keys.purchase if kind is Kind.DEBIT else keys.load
        expected = self.suite.mac(key, order_text(kind, opening.details))
        if not self.rules.genuine(expected, command.data):
            raise RefusedError(SW.SIGNATURE_WRONG)
        return opening.details

    def _previous(self, command: Command) -> Response:
        _expect(command, 0, any_p1=True)
        records = self._image().records
        if command.p1 >= len(records):
            raise RefusedError(SW.RECORD_NOT_FOUND)
        record = records[-1 - command.p1]
        kind, details = Kind(record[0]), record[1 : 1 + DETAILS_BYTES]
        answer = self._receipt(kind, details)
        if kind is Kind.LOAD:
            answer += bytes(MAC_BYTES)
        return Response(record + answer, SW.OK)

    def _receipt(self, kind: Kind, details: bytes) -> bytes:
        keys = self.personality.keys
        if kind is Kind.LOAD:
            return self.suite.mac(keys.load, receipt_text(kind, details))
        return self.suite.mac(keys.purchase, receipt_text(kind, details)) + self.suite.mac(
            keys.claim, claim_text(details)
        )

    def _image(self) -> CardImage:
        return decode_card(self.memory.read())

    def _commit(self, image: CardImage) -> None:
        self.memory.write(encode_card(image))


_COMMANDS: Final[dict[tuple[int, int], Callable[[IcashCard, Command], Response]]] = {
    (0x00, 0xA4): IcashCard._select,
    (0x90, 0x5C): IcashCard._query,
    (0x90, 0x50): IcashCard._initialize,
    (0x90, 0x54): IcashCard._debit,
    (0x90, 0x52): IcashCard._credit,
    (0x90, 0x5A): IcashCard._previous,
}


def _expect(command: Command, length: int, *, any_p1: bool = False) -> None:
    if command.p2 or (command.p1 and not any_p1):
        raise RefusedError(SW.P1_P2_WRONG)
    if len(command.data) != length:
        raise RefusedError(SW.WRONG_LENGTH)
