"""The purse: command APDUs in, response APDUs out, over an atomic memory.

The same class is the virtual card, the shop's own purse and the thing that is searched: there is no
second model. Pure: no clock, no randomness, no input or output but the memory it is handed.

    SELECT      00 A4 04 00  AID                      -> FCI                                  no commit
    VERIFY      00 20 00 81  PIN 8 (empty: query)     -> 63Cx                                 commit
    CHANGE      00 24 00 81  old 8 | new 8                                                    commit
    LOCK        00 04 00 00 , UNLOCK 00 44 00 00 (after VERIFY)                               commit
    GET DATA    00 CA 01 xx  info, pockets, state, counters, limits; 7F 21 certificate        no
    READ RECORD 00 B2 nn 0C  narrative; nn 14 exception log                                   no
    QUERY       90 50 00 pp                            -> name, class, sequence, state...     no
    START PAYER 90 50 01 pp  payee 8|value 4|currency 2|sequence 4|reference 8|day 4
                                                       -> OFFER + CERT (original flow: none)  commit
    ACCEPT      90 50 02 pp  OFFER + CERT | day 4      -> REQ + CERT                          commit
    START PAYEE 90 50 03 pp  (original flow only)      -> REQ + CERT                          commit
    DEBIT       90 54 00 00  REQ + CERT | day 4        -> VAL + CERT                          commit
    CREDIT      90 52 00 00  VAL + CERT; P1 01: of a logged transfer  -> ACK + CERT           commit
    COMPLETE    90 56 00 00  ACK + CERT; P1 01: of a logged transfer                          commit
    RESUME      90 5A 00 00  -> the last message again; P1 01 PD: VAL of a logged payment;
                             P1 02 PD: ACK of a past receipt                                  no
    ABORT       90 5E 00 00  give up, log if value may be in it                               commit
    CLAIM       90 E8 00 00  key 1|nonce 8|signature 64 -> count 1|image 32|signature 64      commit
    CLEAR       90 EA 00 00  key 1|signature 64                                               commit
    UPDATE      90 58 00 00  key 1|sequence 4|parameters|signature 64                         commit

Inside every command that changes anything: parse, check state, verify signatures, compute the answer,
one commit, and only then release the answer. What a power cut can do is then no more than losing the
command or losing the answer, and both are ordinary. A pending transfer is kept over power-up and
given up only by the next START, ACCEPT, CLAIM, CLEAR or ABORT (as the Z specification does).
Source: purse.md sections 3 and 4; ISO/IEC 7816-4; INS values after EN 1546-3.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from protocols.iso7816 import SW, ApduError, Command, Response, parse_command
from protocols.purse.details import (
    CERTIFICATE_BYTES,
    DETAILS_BYTES,
    MESSAGE_BYTES,
    SIGNED_BYTES,
    Certificate,
    MessageType,
    PaymentDetails,
    certificate_text,
    claim_answer_text,
    claim_text,
    clear_text,
    decode_certificate,
    decode_details,
    log_image,
    message_text,
    update_text,
)
from protocols.purse.image import (
    FROZEN,
    NO_DETAILS,
    POCKETS,
    Flow,
    Image,
    Life,
    Parameters,
    Personality,
    Status,
    decode_image,
    encode_image,
)
from protocols.purse.memory import Memory, MemoryWornOutError
from protocols.purse.rules import Rules
from protocols.purse.suite import Suite
from protocols.tlv import encode_tlv

AID: Final = bytes.fromhex("F049505350555253 4501".replace(" ", ""))
"""F0 "IPSPURSE" 01: proprietary and unregistered, our own."""
PIN_KEY: Final = 0x81
_START_BYTES: Final = 30


class _RefusedError(Exception):
    """A command ends with this status word and nothing changed."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


class Purse:
    """One purse. Volatile: whether it is selected, and whether the PIN was right since power-on."""

    def __init__(
        self,
        personality: Personality,
        memory: Memory,
        suite: Suite,
        rules: Rules | None = None,
    ) -> None:
        self.personality = personality
        self.memory = memory
        self.suite = suite
        self.rules = Rules() if rules is None else rules
        self.selected = False
        self.verified = False

    def power_on(self) -> None:
        """Forget what is volatile; a pending transfer stays."""
        self.selected = False
        self.verified = False

    def handle(self, apdu: bytes) -> bytes:
        """Answer one command. Any bytes get a status word; none raises."""
        try:
            command = parse_command(apdu)
            return self._dispatch(command).encode()
        except ApduError as error:
            return error.sw.to_bytes(2)
        except _RefusedError as refusal:
            return refusal.sw.to_bytes(2)
        except MemoryWornOutError:
            return SW.MEMORY_FAILURE.to_bytes(2)

    def _dispatch(self, command: Command) -> Response:
        if command.cla not in (0x00, 0x90):
            raise _RefusedError(SW.CLASS_NOT_SUPPORTED)
        act = _COMMANDS.get((command.cla, command.ins))
        if act is None:
            raise _RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)
        if not self.selected and command.ins != 0xA4:
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        return act(self, command)

    # Reading

    def _select(self, command: Command) -> Response:
        if (command.p1, command.p2) != (4, 0):
            raise _RefusedError(SW.P1_P2_WRONG)
        if not command.data or not AID.startswith(command.data):
            raise _RefusedError(SW.NOT_FOUND)
        self.selected = True
        self.verified = False
        image = self._image()
        fci = encode_tlv(
            0x6F, encode_tlv(0x84, AID), encode_tlv(0xA5, encode_tlv(0xB0, self._state(image, 0)))
        )
        locked = image.life == Life.LOCKED
        return Response(fci, SW.SELECTED_LOCKED if locked else SW.OK)

    def _query(self, command: Command) -> Response:
        _expect(command, 0)
        return Response(self._state(self._image(), self._pocket(command.p2)), SW.OK)

    def _state(self, image: Image, pocket: int) -> bytes:
        """name 8 | class 1 | sequence 4 | currency 2 | balance 4 | ceiling 4 | free slots 1 | status 1
        | life 1 | tries 1 | expiry 4."""
        me = self.personality
        return b"".join(
            (
                me.name,
                bytes((me.purse_class,)),
                image.sequence.to_bytes(4),
                me.currencies[pocket].to_bytes(2),
                image.balances[pocket].to_bytes(4),
                me.ceilings[pocket].to_bytes(4),
                bytes(
                    (max(0, me.log_slots - len(image.log)), image.status, image.life, image.tries)
                ),
                decode_certificate(me.certificate).expiry.to_bytes(4),
            )
        )

    def _get_data(self, command: Command) -> Response:
        image = self._image()
        match (command.p1, command.p2):
            case (0x7F, 0x21):
                return Response(self.personality.certificate, SW.OK)
            case (0x01, 0x01):
                return Response(self._state(image, 0), SW.OK)
            case (0x01, 0x02):
                rows = zip(
                    self.personality.currencies,
                    image.balances,
                    self.personality.ceilings,
                    strict=True,
                )
                packed = (c.to_bytes(2) + b.to_bytes(4) + m.to_bytes(4) for c, b, m in rows)
                return Response(b"".join(packed), SW.OK)
            case (0x01, 0x03):
                return Response(bytes((image.status,)) + image.details, SW.OK)
            case (0x01, 0x04):
                counters = (image.offline_count, image.offline_value, image.date)
                return Response(b"".join(n.to_bytes(4) for n in counters), SW.OK)
            case (0x01, 0x05):
                return Response(image.update_sequence.to_bytes(4) + image.parameters, SW.OK)
            case _:
                raise _RefusedError(SW.KEY_UNKNOWN)

    def _read_record(self, command: Command) -> Response:
        image = self._image()
        match command.p2:
            case 0x0C:
                records = image.narrative
            case 0x14:
                records = image.log
            case _:
                raise _RefusedError(SW.NOT_FOUND)
        if not 1 <= command.p1 <= len(records):
            raise _RefusedError(SW.RECORD_NOT_FOUND)
        return Response(records[command.p1 - 1], SW.OK)

    # The holder

    def _verify(self, command: Command) -> Response:
        if (command.p1, command.p2) != (0, PIN_KEY):
            raise _RefusedError(SW.P1_P2_WRONG)
        image = self._image()
        if not command.data:
            raise _RefusedError(SW.OK if self.verified else SW.TRIES_LEFT | min(image.tries, 15))
        self._check_pin(image, command.data)
        return Response(b"", SW.OK)

    def _check_pin(self, image: Image, pin: bytes) -> None:
        """Compare a PIN. The try is spent before the comparison, so a torn card gains none."""
        if len(pin) != 8:
            raise _RefusedError(SW.WRONG_LENGTH)
        if image.tries == 0:
            raise _RefusedError(SW.PIN_BLOCKED)
        self.verified = False
        left = image.tries - 1
        self._commit(image._replace(tries=left))
        if pin != image.pin:
            raise _RefusedError(SW.TRIES_LEFT | left if left else SW.PIN_BLOCKED)
        self._commit(image._replace(tries=self.personality.tries_max))
        self.verified = True

    def _change_pin(self, command: Command) -> Response:
        if (command.p1, command.p2) != (0, PIN_KEY):
            raise _RefusedError(SW.P1_P2_WRONG)
        if len(command.data) != 16:
            raise _RefusedError(SW.WRONG_LENGTH)
        self._check_pin(self._image(), command.data[:8])
        self._commit(self._image()._replace(pin=command.data[8:]))
        return Response(b"", SW.OK)

    def _lock(self, command: Command) -> Response:
        _expect(command, 0, p1=0, p2=0)
        self.verified = False
        self._commit(self._image()._replace(life=Life.LOCKED))
        return Response(b"", SW.OK)

    def _unlock(self, command: Command) -> Response:
        _expect(command, 0, p1=0, p2=0)
        if not self.verified:
            raise _RefusedError(SW.SECURITY_NOT_SATISFIED)
        self._commit(self._image()._replace(life=Life.ACTIVE))
        return Response(b"", SW.OK)

    # A transfer

    def _init(self, command: Command) -> Response:
        match command.p1:
            case 0x00:
                return self._query(command)
            case 0x01:
                return self._start_payer(command)
            case 0x02 if self.personality.flow is Flow.OFFER:
                return self._accept(command)
            case 0x03 if self.personality.flow is Flow.ORIGINAL:
                return self._start_payee(command)
            case _:
                raise _RefusedError(SW.P1_P2_WRONG)

    def _start_payer(self, command: Command) -> Response:
        image = self._image()
        pocket = self._pocket(command.p2)
        payee, value, currency, sequence, reference, day = _start_data(command)
        details = PaymentDetails(
            self.personality.name, payee, value, currency, image.sequence, sequence, reference
        )
        self._may_start(image, details, pocket, day)
        self._may_spend(image, pocket, value)
        return self._begin(image, details, Status.EPR)

    def _start_payee(self, command: Command) -> Response:
        image = self._image()
        pocket = self._pocket(command.p2)
        payer, value, currency, sequence, reference, day = _start_data(command)
        details = PaymentDetails(
            payer, self.personality.name, value, currency, sequence, image.sequence, reference
        )
        self._may_start(image, details, pocket, day)
        self._may_receive(image, pocket, value)
        return self._begin(image, details, Status.EPV)

    def _accept(self, command: Command) -> Response:
        image = self._image()
        pocket = self._pocket(command.p2)
        details, peer = self._signed(command.data[:-4], MessageType.OFFER)
        day = int.from_bytes(command.data[-4:])
        if details.payee != self.personality.name:
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        if not self.rules.offer_is_fresh(details, image.sequence):
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        self._peer_is_welcome(image, peer, day, payer=peer.purse_class, payee=None)
        self._may_start(image, details, pocket, day)
        self._may_receive(image, pocket, details.value)
        return self._begin(image, details, Status.EPV)

    def _may_start(self, image: Image, details: PaymentDetails, pocket: int, day: int) -> None:
        if not self.rules.strangers(details.payer, details.payee) or details.value == 0:
            raise _RefusedError(SW.DATA_WRONG)
        if self.personality.currencies[pocket] != details.currency:
            raise _RefusedError(SW.POCKET)
        if not self.rules.sequence_left(image.sequence):
            raise _RefusedError(SW.SEQUENCE_EXHAUSTED)
        if not self.rules.room_to_start(image, self.personality.log_slots):
            raise _RefusedError(SW.LOG_FULL)
        if max(day, image.date) > decode_certificate(self.personality.certificate).expiry:
            raise _RefusedError(SW.REFERENCE_NOT_USABLE)

    def _may_spend(self, image: Image, pocket: int, value: int) -> None:
        if image.life == Life.LOCKED:
            raise _RefusedError(SW.SECURITY_NOT_SATISFIED)
        if not self.rules.funds(image.balances[pocket], value):
            raise _RefusedError(SW.FUNDS)
        parameters = _parameters(image)
        if value > parameters.transfer_max:
            raise _RefusedError(SW.LIMIT)
        if self.personality.counting and (
            image.offline_count + 1 > parameters.offline_count_max
            or image.offline_value + value > parameters.offline_value_max
        ):
            raise _RefusedError(SW.LIMIT)
        if value > parameters.pin_above and not self.verified:
            raise _RefusedError(SW.SECURITY_NOT_SATISFIED)

    def _may_receive(self, image: Image, pocket: int, value: int) -> None:
        ceiling = self.personality.ceilings[pocket]
        if not self.rules.below_ceiling(image.balances[pocket], value, ceiling):
            raise _RefusedError(SW.CEILING)

    def _begin(self, image: Image, details: PaymentDetails, status: Status) -> Response:
        """Give up what was in hand, take this transfer, and answer its first message."""
        encoded = details.encode()
        begun = self.rules.begun(self.rules.aborted(image, NO_DETAILS), encoded, status)
        match status:
            case Status.EPV:
                answer = self._message(MessageType.REQ, encoded)
            case _ if self.personality.flow is Flow.OFFER:
                answer = self._message(MessageType.OFFER, encoded)
            case _:
                answer = b""
        self._commit(begun)
        return Response(answer, SW.OK)

    def _debit(self, command: Command) -> Response:
        _expect(command, SIGNED_BYTES + 4, p1=0, p2=0)
        image = self._image()
        details, peer = self._signed(command.data[:-4], MessageType.REQ)
        if not self.rules.may_pay(image.status):
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        if not self.rules.same_transfer(MessageType.REQ, details.encode(), image.details):
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        day = int.from_bytes(command.data[-4:])
        self._peer_is_welcome(image, peer, day, payer=None, payee=peer.purse_class)
        pocket = self._pocket_of(details.currency)
        if not self.rules.funds(image.balances[pocket], details.value):
            raise _RefusedError(SW.FUNDS)
        answer = self._message(MessageType.VAL, image.details)
        paid = self.rules.debited(image, pocket, details.value)
        self._commit(self._told(self._counted(paid, details.value), MessageType.VAL, image.details))
        self.verified = False
        return Response(answer, SW.OK)

    def _credit(self, command: Command) -> Response:
        _expect(command, SIGNED_BYTES, p2=0)
        image = self._image()
        details, _ = self._signed(command.data, MessageType.VAL)
        encoded = details.encode()
        pocket = self._pocket_of(details.currency)
        match command.p1:
            case 0:
                if not (
                    self.rules.may_be_credited(image.status)
                    and self.rules.same_transfer(MessageType.VAL, encoded, image.details)
                ):
                    raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
                credited = self.rules.credited(image, pocket, details.value)
            case 1 if self.personality.late_completion:
                entry = self._logged(image, encoded, details.payee)
                self._may_receive(image, pocket, details.value)
                credited = self.rules.credited_late(image, pocket, details.value, entry)
            case _:
                raise _RefusedError(SW.P1_P2_WRONG)
        answer = self._message(MessageType.ACK, encoded)
        self._commit(self._told(credited, MessageType.ACK, encoded))
        return Response(answer, SW.OK)

    def _complete(self, command: Command) -> Response:
        _expect(command, SIGNED_BYTES, p2=0)
        image = self._image()
        details, _ = self._signed(command.data, MessageType.ACK)
        encoded = details.encode()
        match command.p1:
            case 0:
                if not (
                    self.rules.may_end(image.status)
                    and self.rules.same_transfer(MessageType.ACK, encoded, image.details)
                ):
                    raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
                ended = self.rules.acknowledged(image, NO_DETAILS)
            case 1 if self.personality.late_completion:
                entry = self._logged(image, encoded, details.payer)
                ended = self.rules.acknowledged_late(image, entry)
            case _:
                raise _RefusedError(SW.P1_P2_WRONG)
        self._commit(ended)
        return Response(b"", SW.OK)

    def _resume(self, command: Command) -> Response:
        if command.p2:
            raise _RefusedError(SW.P1_P2_WRONG)
        image = self._image()
        match command.p1:
            case 0:
                _expect(command, 0)
                kind = _LAST_MESSAGE.get(image.status)
                if kind is None or (
                    kind is MessageType.OFFER and self.personality.flow is Flow.ORIGINAL
                ):
                    raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
                return Response(self._message(kind, image.details), SW.OK)
            case 1:
                _expect(command, DETAILS_BYTES)
                self._logged(image, command.data, decode_details(command.data).payer)
                return Response(self._message(MessageType.VAL, command.data), SW.OK)
            case 2:
                _expect(command, DETAILS_BYTES)
                if bytes((MessageType.ACK,)) + command.data not in image.narrative:
                    raise _RefusedError(SW.RECORD_NOT_FOUND)
                return Response(self._message(MessageType.ACK, command.data), SW.OK)
            case _:
                raise _RefusedError(SW.P1_P2_WRONG)

    def _abort(self, command: Command) -> Response:
        _expect(command, 0, p1=0, p2=0)
        self._commit(self.rules.aborted(self._image(), NO_DETAILS))
        return Response(b"", SW.OK)

    # The issuer

    def _claim(self, command: Command) -> Response:
        _expect(command, 1 + 8 + 64, p1=0, p2=0)
        if not self.personality.claims:
            raise _RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)
        name, nonce = self.personality.name, command.data[1:9]
        self._from_issuer(command.data[0], claim_text(name, nonce), command.data[9:])
        given_up = self.rules.aborted(self._image(), NO_DETAILS)
        log = tuple(bytes((entry[0] | FROZEN,)) + entry[1:] for entry in given_up.log)
        image = log_image(tuple(entry[1:] for entry in log))
        text = claim_answer_text(name, nonce, len(log), image)
        answer = bytes((len(log),)) + image + self.suite.sign(self.personality.secret, text)
        self._commit(given_up._replace(log=log))
        return Response(answer, SW.OK)

    def _clear(self, command: Command) -> Response:
        _expect(command, 1 + 32 + 64, p1=0, p2=0)
        told = command.data[1:33]
        text = clear_text(self.personality.name, told)
        self._from_issuer(command.data[0], text, command.data[33:])
        given_up = self.rules.aborted(self._image(), NO_DETAILS)
        log = given_up.log
        if self.personality.claims and not self.rules.claimed_whole(log):
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        own = log_image(tuple(entry[1:] for entry in log))
        if not log or not self.rules.clear_matches(told, own):
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        self._commit(given_up._replace(log=()))
        return Response(b"", SW.OK)

    def _update(self, command: Command) -> Response:
        if len(command.data) < 1 + 4 + 1 + 64 or (command.p1, command.p2) != (0, 0):
            raise _RefusedError(SW.WRONG_LENGTH)
        image = self._image()
        sequence = int.from_bytes(command.data[1:5])
        body, signature = command.data[5:-64], command.data[-64:]
        text = update_text(self.personality.name, sequence, body)
        self._from_issuer(command.data[0], text, signature)
        if sequence <= image.update_sequence:
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        try:
            date, parameters = msgspec.msgpack.decode(body, type=tuple[int, Parameters])
        except msgspec.DecodeError:
            raise _RefusedError(SW.DATA_WRONG) from None
        self._commit(
            image._replace(
                update_sequence=sequence,
                date=max(image.date, date),
                offline_count=0,
                offline_value=0,
                parameters=msgspec.msgpack.encode(parameters),
            )
        )
        return Response(b"", SW.OK)

    # Parts

    def _image(self) -> Image:
        return decode_image(self.memory.read())

    def _commit(self, image: Image) -> None:
        self.memory.write(encode_image(image))

    def _pocket(self, index: int) -> int:
        if index >= POCKETS or not self.personality.currencies[index]:
            raise _RefusedError(SW.POCKET)
        return index

    def _pocket_of(self, currency: int) -> int:
        try:
            return self._pocket(self.personality.currencies.index(currency))
        except ValueError:
            raise _RefusedError(SW.POCKET) from None

    def _message(self, kind: MessageType, details: bytes) -> bytes:
        signature = self.suite.sign(self.personality.secret, message_text(kind, details))
        return bytes((kind,)) + details + signature + self.personality.certificate

    def _signed(self, data: bytes, kind: MessageType) -> tuple[PaymentDetails, Certificate]:
        """Check a message with its certificate: type, length, both signatures, signer's role."""
        if len(data) != SIGNED_BYTES:
            raise _RefusedError(SW.WRONG_LENGTH)
        if data[0] != kind:
            raise _RefusedError(SW.DATA_WRONG)
        encoded = data[1 : 1 + DETAILS_BYTES]
        details = decode_details(encoded)
        certificate = decode_certificate(data[MESSAGE_BYTES:])
        key = self.personality.issuer_keys.get(certificate.issuer_key)
        if key is None or certificate.version != 1:
            raise _RefusedError(SW.KEY_UNKNOWN)
        signer = details.payer if kind in (MessageType.OFFER, MessageType.VAL) else details.payee
        if signer != certificate.name:
            raise _RefusedError(SW.SIGNATURE_WRONG)
        if not self.suite.verify(key, certificate_text(certificate), certificate.signature):
            raise _RefusedError(SW.SIGNATURE_WRONG)
        text = message_text(kind, encoded)
        signature = data[1 + DETAILS_BYTES : MESSAGE_BYTES]
        if not self.suite.verify(certificate.public_key, text, signature):
            raise _RefusedError(SW.SIGNATURE_WRONG)
        return details, certificate

    def _peer_is_welcome(
        self, image: Image, peer: Certificate, day: int, *, payer: int | None, payee: int | None
    ) -> None:
        """Check expiry, hotlist and the class matrix: only before value moves, never after."""
        parameters = _parameters(image)
        if max(day, image.date) > peer.expiry or peer.name in parameters.hotlist:
            raise _RefusedError(SW.REFERENCE_NOT_USABLE)
        mine = self.personality.purse_class
        if not parameters.allows(
            mine if payer is None else payer, mine if payee is None else payee
        ):
            raise _RefusedError(SW.FUNCTION_NOT_SUPPORTED)

    def _logged(self, image: Image, details: bytes, role: bytes) -> bytes:
        """Return the log entry of these details, in which this purse has that role."""
        entry = next((entry for entry in image.log if entry[1:] == details), None)
        if entry is None or role != self.personality.name:
            raise _RefusedError(SW.RECORD_NOT_FOUND)
        if not self.rules.may_complete_late(entry):
            raise _RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        return entry

    def _counted(self, image: Image, value: int) -> Image:
        if not self.personality.counting:
            return image
        return image._replace(
            offline_count=min(image.offline_count + 1, 0xFFFF_FFFF),
            offline_value=min(image.offline_value + value, 0xFFFF_FFFF),
        )

    def _told(self, image: Image, kind: MessageType, details: bytes) -> Image:
        slots = self.personality.narrative_slots
        if not slots:
            return image
        return image._replace(narrative=(*image.narrative, bytes((kind,)) + details)[-slots:])

    def _from_issuer(self, key_id: int, text: bytes, signature: bytes) -> None:
        key = self.personality.issuer_keys.get(key_id)
        if key is None:
            raise _RefusedError(SW.KEY_UNKNOWN)
        if not self.suite.verify(key, text, signature):
            raise _RefusedError(SW.SIGNATURE_WRONG)


_LAST_MESSAGE: Final[dict[int, MessageType]] = {
    Status.EPR: MessageType.OFFER,
    Status.EPV: MessageType.REQ,
    Status.EPA: MessageType.VAL,
    Status.EATO: MessageType.ACK,
}

_COMMANDS: Final[dict[tuple[int, int], Callable[[Purse, Command], Response]]] = {
    (0x00, 0xA4): Purse._select,
    (0x00, 0x20): Purse._verify,
    (0x00, 0x24): Purse._change_pin,
    (0x00, 0x04): Purse._lock,
    (0x00, 0x44): Purse._unlock,
    (0x00, 0xCA): Purse._get_data,
    (0x00, 0xB2): Purse._read_record,
    (0x90, 0x50): Purse._init,
    (0x90, 0x54): Purse._debit,
    (0x90, 0x52): Purse._credit,
    (0x90, 0x56): Purse._complete,
    (0x90, 0x5A): Purse._resume,
    (0x90, 0x5E): Purse._abort,
    (0x90, 0xE8): Purse._claim,
    (0x90, 0xEA): Purse._clear,
    (0x90, 0x58): Purse._update,
}


def _expect(command: Command, length: int, *, p1: int | None = None, p2: int | None = None) -> None:
    if (p1 is not None and command.p1 != p1) or (p2 is not None and command.p2 != p2):
        raise _RefusedError(SW.P1_P2_WRONG)
    if len(command.data) != length:
        raise _RefusedError(SW.WRONG_LENGTH)


def _start_data(command: Command) -> tuple[bytes, int, int, int, bytes, int]:
    """Return (other purse, value, currency, its sequence, reference, day) of a START."""
    if len(command.data) != _START_BYTES:
        raise _RefusedError(SW.WRONG_LENGTH)
    data = command.data
    return (
        data[:8],
        int.from_bytes(data[8:12]),
        int.from_bytes(data[12:14]),
        int.from_bytes(data[14:18]),
        data[18:26],
        int.from_bytes(data[26:30]),
    )


def _parameters(image: Image) -> Parameters:
    return msgspec.msgpack.decode(image.parameters, type=Parameters)


assert SIGNED_BYTES == MESSAGE_BYTES + CERTIFICATE_BYTES
