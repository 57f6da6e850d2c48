"""An EMV chip: one application of ours, its keys, and a memory that power may leave.

    SELECT   GET PROCESSING OPTIONS   READ RECORD   GET DATA   GET CHALLENGE   VERIFY
    INTERNAL AUTHENTICATE   GENERATE AC, twice   EXTERNAL AUTHENTICATE   the issuer's scripts

Its counter is durable before it gives a cryptogram, a try of its PIN is gone before the PIN is looked at, and what
a script changes is durable before it is acknowledged. What the card is made to do wrong stands in its
`Quirk`. Source: EMV 4.4 books 1 to 3; protocols.emv.
"""

import hmac
import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple

from protocols.card_number import CardNumber
from protocols.emv import tags
from protocols.emv.bits import ASK_CDA, KIND_MASK, Aip, Kind
from protocols.emv.certificates import CHALLENGE_BYTES, PIN_PREFIX, combined_data
from protocols.emv.cryptograms import (
    CRYPTOGRAM_BYTES,
    MAC_BYTES,
    CardStatus,
    Cvr,
    Version,
    covered,
    cryptogram,
    decipher_script,
    issuer_data,
    response_1,
    response_2,
    script_mac,
)
from protocols.emv.dol import parse_dol, split_dol
from protocols.emv.keys import CardKeys
from protocols.emv.personalising import sign_dynamic
from protocols.emv.rsa import PrivateKey
from protocols.emv.selection import DIRECTORY
from protocols.emv.terminal import PURCHASE
from protocols.iso7816 import SW, ApduError, Command, RefusedError, Response, parse_command
from protocols.magnetic_stripe import Expiry, ServiceCode, StripeError, Track, write_track
from protocols.ports import Entropy
from protocols.purse.memory import Memory, MemoryWornOutError, Slots, encode_slot
from protocols.secure_pin import BLOCK_BYTES
from protocols.tlv import encode_tlv
from sim.cards.answers import Transmission
from sim.cards.plastic import Plastic
from sim.cards.stripes import OWN_DATA, Stripe
from sim.entropy import SeededEntropy

HISTORICAL: Final = b"IPSEMV"
HOLDER: Final = "CARD/VIRTUAL"
CHIP_SERVICE: Final = "201"
"""International, with a chip, for everything."""
COUNTER_MAX: Final = 0xFFFF
PLAIN_PIN: Final = 0x80
ENCIPHERED_PIN: Final = 0x88
_DIRECTORY_SFI: Final = 1
_MORE_FOR_EVER: Final = 0x6110
_OWN_TAG: Final = 0xDF8000
"""Of an object that means nothing, its file and record in it."""
_APPLICATION_BLOCKED: Final = 0x01
_CARD_BLOCKED: Final = 0x02
_ONLINE_OPEN: Final = 0x04
_ISSUER_FAILED: Final = 0x08
_SCRIPT_FAILED: Final = 0x10
_IMAGE: Final = struct.Struct(">HHBBB8sBB")


class Quirk(Enum):
    """What a card does that it should not, for testers."""

    NONE = "none"
    SILENT = "silent"
    """Its chip understands nothing: a terminal falls back."""
    DECLINES = "declines"
    """It approves nothing."""
    REFUSES_AFTER_APPROVAL = "refuses_after_approval"
    """It gives no TC, whatever its issuer says."""
    REFUND_ONLY = "refund_only"
    """It takes money back and pays none."""
    BAD_SIGNATURE = "bad_signature"
    """What it signs is signed wrongly: a copy of a card."""
    BAD_CRYPTOGRAM = "bad_cryptogram"
    """Its cryptogram is wrong: a copy that cannot be found offline."""
    PROMISES_MORE = "promises_more"
    """Asked for a question, it answers that it has paid."""
    TLV_BOMB = "tlv_bomb"
    """A record nested deeper than anything, with lengths that are not there."""
    IMPOSSIBLE_DATE = "impossible_date"
    """It expires on a day that never comes."""
    GARBAGE = "garbage"
    """Records of random bytes."""
    TRUNCATED = "truncated"
    """Records that end in the middle."""
    ENDLESS = "endless"
    """Its directory has another record for ever, and so has every file it names."""
    LOOPS = "loops"
    """Asked how it wants to pay, it says that there is more to fetch, for ever."""
    BAD_NUMBER = "bad_number"
    """Its number's check digit is wrong."""
    ANOTHERS_CERTIFICATE = "anothers_certificate"
    """Its issuer has certified its key, for another number."""


class EmvImage(NamedTuple):
    """What the card remembers."""

    counter: int
    last_online: int
    tries: int
    tries_max: int
    flags: int
    pin: bytes
    """As a block of format 2."""
    lower: int
    upper: int

    def has(self, flag: int) -> bool:
        """Say whether a flag is set."""
        return bool(self.flags & flag)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmvPersonality:
    """What is written once."""

    pan: str = field(repr=False)
    sequence: int
    expiry: int
    aid: bytes
    label: str
    priority: int
    aip: Aip
    afl: bytes
    records: dict[tuple[int, int], bytes] = field(repr=False)
    """By file and number, whole templates."""
    pdol: bytes
    cdol_1: bytes
    cdol_2: bytes
    ddol: bytes
    version: Version
    keys: CardKeys
    signer: PrivateKey | None
    opener: PrivateKey | None
    """Of enciphered PINs."""
    directory: bool = True
    quirk: Quirk = Quirk.NONE


def encode_emv(image: EmvImage) -> bytes:
    """Return an image as it is kept."""
    return _IMAGE.pack(*image)


def decode_emv(body: bytes) -> EmvImage:
    """Return an image that was kept."""
    return EmvImage(*_IMAGE.unpack(body))


def first_emv(pin: bytes, *, tries: int, tries_max: int, limits: tuple[int, int]) -> EmvImage:
    """Return a new card's memory."""
    return EmvImage(0, 0, tries, tries_max, 0, pin, *limits)


class EmvChip:
    """Command APDU in, response APDU out; satisfies sim.cards.plastic.Chip."""

    def __init__(self, personality: EmvPersonality, memory: Memory) -> None:
        self.personality = personality
        self._memory = memory
        self.entropy: Entropy = SeededEntropy(int(personality.pan))
        """What it makes challenges and dynamic numbers of."""
        self.power_on()

    def power_on(self) -> None:
        """Forget what is volatile."""
        self._selected = b""
        self._begin(b"")

    def _begin(self, told: bytes) -> None:
        self._told = told
        self._begun = False
        self._challenge = b""
        self._pin_tried = self._pin_right = False
        self._asked: dict[int, bytes] = {}
        self._passed = b""
        self._first: Kind | None = None
        self._question = b""
        self._proved = False
        self._ended = False

    def image(self) -> EmvImage:
        """Return what it remembers. Raises: MemoryWornOutError."""
        return decode_emv(self._memory.read())

    def handle(self, apdu: bytes) -> bytes:
        """Answer a command. Raises: TornError where power leaves its memory."""
        if self.personality.quirk is Quirk.SILENT:
            return Response(b"", SW.CLASS_NOT_SUPPORTED).encode()
        try:
            command = parse_command(apdu)
            return Response(self._obey(command), SW.OK).encode()
        except ApduError as error:
            return Response(b"", error.sw).encode()
        except RefusedError as refused:
            return Response(b"", refused.sw).encode()
        except _BlockedError as blocked:
            return Response(blocked.fci, SW.SELECTED_LOCKED).encode()
        except MemoryWornOutError:
            return Response(b"", SW.MEMORY_FAILURE).encode()

    def _obey(self, command: Command) -> bytes:
        if self.personality.quirk is Quirk.LOOPS and command.ins in (0xA8, 0xC0):
            raise RefusedError(_MORE_FOR_EVER)
        if self.image().has(_CARD_BLOCKED):
            raise RefusedError(SW.FUNCTION_NOT_SUPPORTED)
        match command.cla, command.ins:
            case 0x00, 0xA4:
                return self._select(command)
            case 0x00, 0xB2:
                return self._read(command)
        if self._selected != self.personality.aid:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        match command.cla, command.ins:
            case 0x80, 0xA8:
                return self._options(command)
            case 0x80, 0xCA:
                return self._get_data(command)
            case 0x00, 0x84:
                self._challenge = self.entropy.token(CHALLENGE_BYTES)
                return self._challenge
            case 0x00, 0x20:
                return self._verify(command)
            case 0x00, 0x88:
                return self._sign(command)
            case 0x80, 0xAE:
                return self._generate(command)
            case 0x00, 0x82:
                return self._authenticate_issuer(command)
            case (0x84, _) | (0x04, 0xDA):
                return self._script(command)
        raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)

    # Selection and reading

    def _select(self, command: Command) -> bytes:
        me = self.personality
        if command.p1 != 0x04 or command.p2 not in (0x00, 0x02):
            raise RefusedError(SW.P1_P2_WRONG)
        self._begin(b"")
        if command.data == DIRECTORY and me.directory:
            self._selected = DIRECTORY
            inside = encode_tlv(tags.SFI, bytes((_DIRECTORY_SFI,)))
            return _fci(DIRECTORY, inside)
        if not me.aid.startswith(command.data) or not command.data or command.p2 == 0x02:
            raise RefusedError(SW.NOT_FOUND)
        self._selected = me.aid
        inside = encode_tlv(tags.LABEL, me.label.encode("ascii"))
        inside += encode_tlv(tags.PRIORITY, bytes((me.priority,)))
        inside += encode_tlv(tags.PDOL, me.pdol) if me.pdol else b""
        inside += encode_tlv(tags.LANGUAGES, b"koen")
        if self.image().has(_APPLICATION_BLOCKED):
            raise _BlockedError(_fci(me.aid, inside))
        return _fci(me.aid, inside)

    def _read(self, command: Command) -> bytes:
        me, sfi = self.personality, command.p2 >> 3
        if command.p2 & 7 != 4:
            raise RefusedError(SW.P1_P2_WRONG)
        if self._selected == DIRECTORY:
            endless = me.quirk is Quirk.ENDLESS
            if sfi != _DIRECTORY_SFI or (command.p1 != 1 and not endless):
                raise RefusedError(SW.RECORD_NOT_FOUND)
            entry = encode_tlv(tags.AID, me.aid)
            entry += encode_tlv(tags.LABEL, me.label.encode("ascii"))
            entry += encode_tlv(tags.PRIORITY, bytes((me.priority,)))
            return encode_tlv(tags.RECORD, encode_tlv(tags.ENTRY, entry))
        record = me.records.get((sfi, command.p1))
        if me.quirk is Quirk.ENDLESS and record is None:
            return encode_tlv(tags.RECORD, encode_tlv(_OWN_TAG | sfi << 8 | command.p1, b"\0"))
        if self._selected != me.aid or record is None:
            raise RefusedError(SW.RECORD_NOT_FOUND)
        if me.quirk is Quirk.GARBAGE:
            return self.entropy.token(len(record))
        if me.quirk is Quirk.TLV_BOMB:
            return b"\x70\x82\xff\xff" + b"\x70\x82\xff\xf0" * 50
        return record[: len(record) // 2] if me.quirk is Quirk.TRUNCATED else record

    def _options(self, command: Command) -> bytes:
        me, image = self.personality, self.image()
        told = command.data[2:]
        expected = sum(each.size for each in parse_dol(me.pdol))
        if command.data[:2] != bytes((0x83, expected)) or len(told) != expected:
            raise RefusedError(SW.DATA_WRONG)
        if image.has(_APPLICATION_BLOCKED) or image.counter == COUNTER_MAX:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        self._begin(told)
        self._keep(image._replace(counter=image.counter + 1))
        self._begun = True
        aip = int(me.aip).to_bytes(2)
        if me.version is Version.RESPONSE_CODE:
            return encode_tlv(tags.RESPONSE_1, aip + me.afl)
        return encode_tlv(tags.RESPONSE_2, encode_tlv(tags.AIP, aip) + encode_tlv(tags.AFL, me.afl))

    def _get_data(self, command: Command) -> bytes:
        image = self.image()
        tag = command.p1 << 8 | command.p2
        known = {
            tags.ATC: image.counter.to_bytes(2),
            tags.LAST_ONLINE_ATC: image.last_online.to_bytes(2),
            tags.PIN_TRIES: bytes((image.tries,)),
        }
        if tag not in known:
            raise RefusedError(SW.KEY_UNKNOWN)
        return encode_tlv(tag, known[tag])

    # The holder

    def _verify(self, command: Command) -> bytes:
        image = self.image()
        if command.p1 or command.p2 not in (PLAIN_PIN, ENCIPHERED_PIN):
            raise RefusedError(SW.P1_P2_WRONG)
        if image.tries == 0:
            raise RefusedError(SW.PIN_BLOCKED)
        block = self._block(command)
        # The try is gone before anybody looks at the PIN.
        image = image._replace(tries=image.tries - 1)
        self._keep(image)
        self._pin_tried = True
        if not hmac.compare_digest(block, image.pin):
            raise RefusedError(SW.TRIES_LEFT | image.tries)
        self._keep(image._replace(tries=image.tries_max))
        self._pin_right = True
        return b""

    def _block(self, command: Command) -> bytes:
        if command.p2 == PLAIN_PIN:
            if len(command.data) != BLOCK_BYTES:
                raise RefusedError(SW.WRONG_LENGTH)
            return command.data
        challenge, self._challenge = self._challenge, b""
        opener = self.personality.opener
        if opener is None:
            raise RefusedError(SW.P1_P2_WRONG)
        if not challenge:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        if len(command.data) != opener.public.size:
            raise RefusedError(SW.WRONG_LENGTH)
        opened = opener.raised(command.data)
        if opened[0] != PIN_PREFIX or opened[9:17] != challenge:
            raise RefusedError(SW.REFERENCE_NOT_USABLE)
        return opened[1:9]

    # Cryptograms

    def _sign(self, command: Command) -> bytes:
        me = self.personality
        if me.signer is None:
            raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)
        if not self._begun or len(command.data) != sum(e.size for e in parse_dol(me.ddol)):
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        number = self.entropy.token(8)
        signature = self._signed(bytes((len(number),)) + number, command.data)
        return encode_tlv(tags.RESPONSE_1, signature)

    def _signed(self, data: bytes, told: bytes) -> bytes:
        me = self.personality
        assert me.signer is not None
        if me.quirk is Quirk.BAD_SIGNATURE:
            told += b"\0"
        return sign_dynamic(me.signer, data, told)

    def _generate(self, command: Command) -> bytes:
        me, second = self.personality, self._first is not None
        if not self._begun or self._ended or (second and self._first is not Kind.ARQC):
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        if command.p1 & ~(KIND_MASK | ASK_CDA) or command.p1 & KIND_MASK not in tuple(Kind):
            raise RefusedError(SW.P1_P2_WRONG)
        told = split_dol(parse_dol(me.cdol_2 if second else me.cdol_1), command.data)
        if told is None:
            raise RefusedError(SW.WRONG_LENGTH)
        self._asked |= told
        self._passed = (self._passed or self._told) + command.data
        wanted = Kind(command.p1 & KIND_MASK)
        kind = self._second(wanted) if second else self._decide(wanted)
        results = self._results(kind, second=second)
        answer = self._cryptogram(kind, results, combined=bool(command.p1 & ASK_CDA))
        if second:
            self._ended = True
        else:
            self._first = kind
        return answer

    def _decide(self, wanted: Kind) -> Kind:
        """Card risk management: never more than was asked for."""
        me, image = self.personality, self.image()
        refuses = me.quirk is Quirk.DECLINES or (
            me.quirk is Quirk.REFUND_ONLY
            and self._asked.get(tags.TRANSACTION_TYPE) == bytes((PURCHASE,))
        )
        if refuses or wanted is Kind.AAC:
            return Kind.AAC
        if me.quirk is Quirk.PROMISES_MORE:
            return Kind.TC
        since = image.counter - image.last_online
        risky = since > image.upper or image.has(_ONLINE_OPEN | _ISSUER_FAILED)
        return Kind.ARQC if wanted is Kind.ARQC or risky else Kind.TC

    def _second(self, wanted: Kind) -> Kind:
        """Approve what the issuer approves, if it is the issuer; a card that was asked about alone decides."""
        me = self.personality
        proof = self._asked.get(tags.ISSUER_AUTHENTICATION, b"").strip(b"\0")
        failed = False
        if Aip.ISSUER_AUTHENTICATION not in me.aip and proof:
            failed = not self._proves(self._asked[tags.ISSUER_AUTHENTICATION])
            self._proved = not failed
        image = self.image()
        flags = image.flags & ~_ONLINE_OPEN
        if failed:
            flags |= _ISSUER_FAILED
        if self._proved:
            flags &= ~(_ISSUER_FAILED | _SCRIPT_FAILED)
            image = image._replace(last_online=image.counter)
        self._keep(image._replace(flags=flags))
        unreached = self._asked.get(tags.RESPONSE_CODE, b"")[:1] in (b"Y", b"Z")
        if wanted is not Kind.TC or me.quirk is Quirk.REFUSES_AFTER_APPROVAL:
            return Kind.AAC
        if unreached:
            return Kind.TC if image.counter - image.last_online <= image.upper else Kind.AAC
        return Kind.TC if self._proved else Kind.AAC

    def _proves(self, proof: bytes) -> bool:
        """Say whether this was said by the issuer, to the question that was asked."""
        me, counter = self.personality, self.image().counter.to_bytes(2)
        key, question = me.keys.cryptogram, self._question
        if me.version is Version.RESPONSE_CODE:
            right = len(proof) == 10 and hmac.compare_digest(
                response_1(key, counter, question, proof[8:]), proof[:8]
            )
            return right and proof[8:] == b"00"
        right = len(proof) == 8 and hmac.compare_digest(
            response_2(key, counter, question, proof[4:]), proof[:4]
        )
        return right and bool(int.from_bytes(proof[4:]) & CardStatus.APPROVED)

    def _authenticate_issuer(self, command: Command) -> bytes:
        if self._first is not Kind.ARQC or self._ended or self._proved:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        if not self._proves(command.data):
            image = self.image()
            self._keep(image._replace(flags=image.flags | _ISSUER_FAILED))
            raise RefusedError(0x6300)
        self._proved = True
        return b""

    def _results(self, kind: Kind, *, second: bool) -> Cvr:
        image = self.image()
        first = self._first if second else kind
        results = {
            Kind.AAC: Cvr.FIRST_AAC,
            Kind.TC: Cvr.FIRST_TC,
            Kind.ARQC: Cvr.FIRST_ARQC,
            None: Cvr.FIRST_AAC,
        }[first]
        if second:
            results |= Cvr.SECOND_TC if kind is Kind.TC else Cvr.SECOND_AAC
            if not self._proved:
                results |= Cvr.ISSUER_NOT_AUTHENTICATED
        else:
            results |= Cvr.SECOND_NOT_ASKED
        for flag, word in (
            (self._pin_right, Cvr.PIN_VERIFIED),
            (self._pin_tried and not self._pin_right, Cvr.PIN_FAILED),
            (image.tries == 0, Cvr.PIN_TRIES_EXCEEDED),
            (image.counter - image.last_online > image.upper, Cvr.OVER_LIMIT),
            (image.last_online == 0, Cvr.NEW_CARD),
            (image.has(_ONLINE_OPEN), Cvr.LAST_ONLINE_OPEN),
            (image.has(_SCRIPT_FAILED), Cvr.SCRIPT_FAILED),
        ):
            results |= word if flag else Cvr(0)
        return results

    def _cryptogram(self, kind: Kind, results: Cvr, *, combined: bool) -> bytes:
        me, image = self.personality, self.image()
        counter, data = image.counter.to_bytes(2), issuer_data(me.version, results)
        text = covered(
            self._asked
            | {tags.AIP: int(me.aip).to_bytes(2), tags.ATC: counter, tags.ISSUER_DATA: data}
        )
        assert text is not None, "the card's own lists ask for everything that it signs"
        said = cryptogram(me.keys.cryptogram, counter, text)
        if me.quirk is Quirk.BAD_CRYPTOGRAM:
            said = said[::-1]
        if kind is Kind.ARQC:
            self._question = said
            # Durable before the question leaves: whether it was ever answered is known for good.
            self._keep(image._replace(flags=image.flags | _ONLINE_OPEN))
        objects = [(tags.CRYPTOGRAM_INFORMATION, bytes((kind,))), (tags.ATC, counter)]
        if combined and me.signer is not None and kind is not Kind.AAC:
            objects.append((tags.ISSUER_DATA, data))
            covered_by = self._passed + b"".join(encode_tlv(*each) for each in objects)
            dynamic = combined_data(self.entropy.token(8), kind, said, covered_by)
            signature = self._signed(dynamic, self._asked[tags.UNPREDICTABLE])
            objects.append((tags.DYNAMIC_SIGNATURE, signature))
        elif me.version is Version.RESPONSE_CODE:
            return encode_tlv(tags.RESPONSE_1, bytes((kind,)) + counter + said + data)
        else:
            objects += [(tags.CRYPTOGRAM, said), (tags.ISSUER_DATA, data)]
        return encode_tlv(tags.RESPONSE_2, *(encode_tlv(*each) for each in objects))

    # The issuer's scripts

    def _script(self, command: Command) -> bytes:
        """Do what only the issuer can ask for, in the payment that it answered."""
        me, image = self.personality, self.image()
        if not self._question or len(command.data) < MAC_BYTES:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        data, mac = command.data[:-MAC_BYTES], command.data[-MAC_BYTES:]
        header = bytes((command.cla, command.ins, command.p1, command.p2, len(command.data)))
        expected = script_mac(
            me.keys.integrity, image.counter.to_bytes(2), self._question, header, data
        )
        if not hmac.compare_digest(expected, mac):
            self._keep(image._replace(flags=image.flags | _SCRIPT_FAILED))
            raise RefusedError(SW.SIGNATURE_WRONG)
        self._keep(self._changed(command, data, image))
        return b""

    def _changed(self, command: Command, data: bytes, image: EmvImage) -> EmvImage:
        tag = command.p1 << 8 | command.p2
        match command.ins, tag:
            case 0x1E, 0:
                return image._replace(flags=image.flags | _APPLICATION_BLOCKED)
            case 0x16, 0:
                return image._replace(flags=image.flags | _CARD_BLOCKED)
            case 0x24, 0:
                return image._replace(tries=image.tries_max)
            case 0x24, 2:
                block = decipher_script(self.personality.keys.secrecy, self._question, data)
                if block is None or len(block) != BLOCK_BYTES:
                    raise RefusedError(SW.DATA_WRONG)
                return image._replace(pin=block, tries=image.tries_max)
            case 0xDA, tags.OFFLINE_LIMIT_LOWER if len(data) == 1:
                return image._replace(lower=data[0])
            case 0xDA, tags.OFFLINE_LIMIT_UPPER if len(data) == 1:
                return image._replace(upper=data[0])
        raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)

    def _keep(self, image: EmvImage) -> None:
        self._memory.write(encode_emv(image))


class _BlockedError(Exception):
    """Selected, and of no use."""

    def __init__(self, fci: bytes) -> None:
        super().__init__("blocked")
        self.fci = fci


class EmvCard(Plastic[EmvChip]):
    """A payment card; satisfies sim.cards.card.Card."""

    def __init__(
        self,
        *,
        label: str,
        personality: EmvPersonality,
        slots: Slots,
        transmission: Transmission = Transmission.T1,
    ) -> None:
        super().__init__(
            label=label,
            historical=HISTORICAL,
            slots=slots,
            transmission=transmission,
            embed=lambda memory: EmvChip(personality, memory),
        )

    def image(self) -> EmvImage:
        """Return what it remembers. Raises: MemoryWornOutError."""
        return self.chip.image()

    @property
    def stripe(self) -> Stripe:
        """Return its tracks, with the service code of a card that has a chip."""
        me = self.chip.personality
        try:
            return {
                track: write_track(
                    track,
                    CardNumber(me.pan),
                    name=HOLDER if track is Track.ONE else "",
                    expiry=Expiry(me.expiry // 10_000, me.expiry // 100 % 100),
                    service=ServiceCode(CHIP_SERVICE),
                    discretionary=OWN_DATA,
                )
                for track in (Track.ONE, Track.TWO)
            }
        except (StripeError, ValueError):
            # A number that is none cannot be written: its stripe was left blank.
            return {}

    def visible(self) -> dict[str, Any]:
        """Return what a tester may see: never the whole number."""
        try:
            image = self.image()
        except MemoryWornOutError as error:
            return {"label": self.label, "memory": str(error)}
        me = self.chip.personality
        blocked = {0: "ready", _APPLICATION_BLOCKED: "application blocked"}
        state = blocked.get(image.flags & (_APPLICATION_BLOCKED | _CARD_BLOCKED), "card blocked")
        return {
            "label": self.label,
            "name": f"{me.pan[:6]}..{me.pan[-4:]}",
            "balances": {},
            "status": state,
            "application": me.label,
            "expiry": me.expiry,
            "counter": image.counter,
            "last_online": image.last_online,
            "tries": image.tries,
            "quirk": me.quirk.value,
        }


def block_application(image: EmvImage) -> EmvImage:
    """Return the memory of a card whose application its issuer has blocked."""
    return image._replace(flags=image.flags | _APPLICATION_BLOCKED)


def block_card(image: EmvImage) -> EmvImage:
    """Return the memory of a card that its issuer has blocked for good."""
    return image._replace(flags=image.flags | _CARD_BLOCKED)


def personalise_emv(slots: Slots, image: EmvImage) -> None:
    """Write a new card's first image. Called once a card; the other slot stays empty."""
    slots.store(0, encode_slot(1, encode_emv(image)))


def _fci(name: bytes, inside: bytes) -> bytes:
    return encode_tlv(
        tags.FCI, encode_tlv(tags.DF_NAME, name) + encode_tlv(tags.PROPRIETARY, inside)
    )


assert CRYPTOGRAM_BYTES == MAC_BYTES
