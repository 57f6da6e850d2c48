"""Makes EMV cards under an authority and an issuer of our own: the part [emv] of a set.

    [emv.cards.credit-1]          # the label: names the card's files, and the card at a bench
    pan = "9900330000000101"      # begins with 9900, ends with its check digit
    sequence = 1                  # of several cards with this number
    application = "credit"        # credit, debit, or foreign: one that no terminal here takes
    pin = "1234"                  # 4 to 12 digits
    tries = 3                     # left, of 3; 0: its PIN is blocked
    verified_by = ["enciphered_pin", "online_pin", "signature"]   # also plain_pin, none; in this order
    unverified_below = 50_000     # no way at all below this amount
    authentication = "cda"        # cda, dda, sda, none
    response = 2                  # method of the issuer's proof; 1: by EXTERNAL AUTHENTICATE
    offline = [0, 0]              # payments without the issuer: it would like to ask above the first, must
                                  # above the second
    expiry = 20301231             # left out, the set's
    effective = 20260101          # the first day
    domestic = false              # of its own country only
    country = 410                 # ISO 3166 number
    blocked = ""                  # application, card
    directory = true              # it has one: 1PAY.SYS.DDF01
    quirk = "none"                # sim.cards.emv.Quirk
    transmission = "t1"           # or t0

FOLDER/emv-issuer.toml has the keys; a folder that has one already is added to under the same.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from protocols.card_number import luhn
from protocols.emv import tags
from protocols.emv.bits import Aip, Cvm, CvmCondition, Tvr, Usage
from protocols.emv.cryptograms import Version
from protocols.emv.keys import CardKeys
from protocols.emv.personalising import (
    Objects,
    certify_card,
    certify_issuer,
    certify_pin_key,
    sign_static,
)
from protocols.emv.rsa import PrivateKey, make_key
from protocols.emv.terminal import CAUTIOUS, CREDIT_AID, DEBIT_AID
from protocols.ports import Entropy
from protocols.secure_pin import pin_block
from protocols.tlv import encode_tlv
from sim.cards.answers import Transmission
from sim.cards.emv import (
    CHIP_SERVICE,
    HOLDER,
    EmvImage,
    EmvPersonality,
    Quirk,
    block_application,
    block_card,
    first_emv,
    personalise_emv,
)
from sim.cards.emv_file import EmvIssuer, read_issuer, write_emv, write_issuer
from sim.cards.slots import SlotFiles
from sim.cards.stripes import OWN_DATA

AUTHORITY_BITS: Final = 1408
ISSUER_BITS: Final = 1152
CARD_BITS: Final = 1024
PIN_BITS: Final = 768
TRIES_MAX: Final = 3
DIGITS: Final = "9900"
"""What the numbers of all virtual banks' cards begin with (sim/bank/sets)."""
TEST_MASTERS: Final = CardKeys(
    bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"),
    bytes.fromhex("FEDCBA98765432100123456789ABCDEF"),
    bytes.fromhex("89ABCDEF0123456776543210FEDCBA98"),
)
"""Of every virtual issuer: the field's conventional test key and two made of it, so that a virtual bank knows
the cards of any bench."""
FOREIGN_AID: Final = bytes.fromhex("F0000000001010")
_AIDS: Final = {"credit": CREDIT_AID, "debit": DEBIT_AID, "foreign": FOREIGN_AID}
_LABELS: Final = {"credit": "IPS CREDIT", "debit": "IPS DEBIT", "foreign": "ELSEWHERE"}
_WAYS: Final = {
    "enciphered_pin": Cvm.ENCIPHERED_PIN,
    "plain_pin": Cvm.PLAINTEXT_PIN,
    "online_pin": Cvm.ONLINE_PIN,
    "signature": Cvm.SIGNATURE,
    "none": Cvm.NONE,
}
_GO_ON: Final = 0x40
_CDOL_1: Final = bytes.fromhex("9F02069F03069F1A0295055F2A029A039C019F37049F35019F34038A02")
_DDOL: Final = bytes.fromhex("9F3704")
_PDOL: Final = bytes.fromhex("9F1A025F2A029A039C01")
_ANOTHER: Final = f"{DIGITS}000000000018"
"""A number of the issuer's that no card here has."""
_FIRST_DAY: Final = 20200101
_LAST_MONTH: Final = "1249"
"""Of certificates: a card that has expired is found by its own date, not by theirs."""

Day = Annotated[int, msgspec.Meta(ge=2000_01_01, le=2049_12_31)]
Limit = Annotated[int, msgspec.Meta(ge=0, le=255)]
Way = Literal["enciphered_pin", "plain_pin", "online_pin", "signature", "none"]


class EmvCardWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One card of a set."""

    pan: Annotated[str, msgspec.Meta(pattern=f"^{DIGITS}[0-9]{{8,15}}$")]
    sequence: Annotated[int, msgspec.Meta(ge=0, le=99)] = 1
    application: Literal["credit", "debit", "foreign"] = "credit"
    pin: Annotated[str, msgspec.Meta(pattern="^[0-9]{4,12}$")] = "1234"
    tries: Annotated[int, msgspec.Meta(ge=0, le=TRIES_MAX)] = TRIES_MAX
    verified_by: tuple[Way, ...] = ("enciphered_pin", "online_pin", "signature")
    unverified_below: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)] = 0
    authentication: Literal["cda", "dda", "sda", "none"] = "cda"
    response: Annotated[int, msgspec.Meta(ge=1, le=2)] = 2
    offline: tuple[Limit, Limit] = (0, 0)
    expiry: Day | None = None
    effective: Day = _FIRST_DAY
    domestic: bool = False
    country: Annotated[int, msgspec.Meta(ge=1, le=999)] = 410
    blocked: Literal["", "application", "card"] = ""
    directory: bool = True
    quirk: Quirk = Quirk.NONE
    transmission: Transmission = Transmission.T1


class EmvSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The part [emv] of a set."""

    cards: dict[str, EmvCardWish] = {}

    def labels(self) -> list[str]:
        """Return the labels of its cards."""
        return [*self.cards]

    def wrong(self) -> str:
        """Return the label of a card that cannot be, and why; nothing when all can."""
        seen: set[tuple[str, int]] = set()
        for label, wish in self.cards.items():
            if luhn(wish.pan[:-1]) != wish.pan[-1]:
                return f"{label}: pan: its check digit is {luhn(wish.pan[:-1])}"
            if (wish.pan, wish.sequence) in seen:
                return f"{label}: pan: it stands twice with this sequence"
            seen.add((wish.pan, wish.sequence))
        return ""


def new_issuer(entropy: Entropy) -> EmvIssuer:
    """Make an authority, an issuer, and their keys."""
    return EmvIssuer(
        index=1,
        digits=DIGITS,
        authority=make_key(AUTHORITY_BITS, entropy.token),
        issuer=make_key(ISSUER_BITS, entropy.token),
        keys=TEST_MASTERS,
    )


def open_issuer(folder: Path, entropy: Entropy) -> EmvIssuer:
    """Return the folder's issuer, made where there is none. Raises: OSError, ValueError."""
    try:
        return read_issuer(folder)
    except FileNotFoundError:
        made = new_issuer(entropy)
        write_issuer(folder, made)
        return made


def make_emv(
    folder: Path, wishes: EmvSet, expiry: int, currency: int, issuer: EmvIssuer, entropy: Entropy
) -> None:
    """Make every card. Raises: FileExistsError, OSError."""
    for label, wish in wishes.cards.items():
        personality, image = make_card(issuer, wish, expiry, currency, entropy)
        # The memory first: a card's file without memory would be a dead card.
        personalise_emv(SlotFiles(folder / label), image)
        write_emv(folder / f"{label}.toml", personality, wish.transmission)


def make_card(
    issuer: EmvIssuer, wish: EmvCardWish, expiry: int, currency: int, entropy: Entropy
) -> tuple[EmvPersonality, EmvImage]:
    """Make one card of a set, and keep it nowhere."""
    last = wish.expiry or expiry
    if wish.quirk is Quirk.BAD_NUMBER:
        wish = msgspec.structs.replace(wish, pan=wish.pan[:-1] + f"{(int(wish.pan[-1]) + 1) % 10}")
    aip, signer = _authentication(wish, entropy)
    opener = make_key(PIN_BITS, entropy.token) if "enciphered_pin" in wish.verified_by else None
    proof = 10 if wish.response == Version.RESPONSE_CODE else 8
    cdol_2 = bytes.fromhex(f"8A0291{proof:02X}95059F3704")
    lists = {tags.CDOL_1: _CDOL_1, tags.CDOL_2: cdol_2, tags.DDOL: _DDOL}
    vouched = _vouched(wish, last, currency)
    static = _joined(vouched) + int(aip).to_bytes(2)
    certified = _certified(issuer, wish, static, signer, opener)
    files = {1: [_stripe(wish, last)], 2: [vouched, lists], 3: certified}
    records = {
        (sfi, number): encode_tlv(tags.RECORD, _joined(record))
        for sfi, several in files.items()
        for number, record in enumerate(several, 1)
    }
    afl = b"".join(
        bytes((sfi << 3, 1, len(several), 1 if sfi == 2 else 0)) for sfi, several in files.items()
    )
    if wish.quirk is Quirk.ENDLESS:
        afl += b"".join(bytes((sfi << 3, 1, 127, 0)) for sfi in range(4, 20))
    personality = EmvPersonality(
        pan=wish.pan,
        sequence=wish.sequence,
        expiry=last,
        aid=_AIDS[wish.application],
        label=_LABELS[wish.application],
        priority=1,
        aip=aip,
        afl=afl,
        records=records,
        pdol=_PDOL if wish.response == Version.STATUS_UPDATE else b"",
        cdol_1=_CDOL_1,
        cdol_2=cdol_2,
        ddol=_DDOL,
        version=Version(wish.response),
        keys=issuer.keys.of_card(wish.pan, wish.sequence),
        signer=signer,
        opener=opener,
        directory=wish.directory,
        quirk=wish.quirk,
    )
    image = first_emv(
        pin_block(wish.pin), tries=wish.tries, tries_max=TRIES_MAX, limits=wish.offline
    )
    block = {"": lambda same: same, "application": block_application, "card": block_card}
    return personality, block[wish.blocked](image)


def _authentication(wish: EmvCardWish, entropy: Entropy) -> tuple[Aip, PrivateKey | None]:
    """Return what the card can do, and its key where it signs."""
    aip = Aip.CVM | Aip.RISK_MANAGEMENT
    if wish.response == Version.RESPONSE_CODE:
        aip |= Aip.ISSUER_AUTHENTICATION
    match wish.authentication:
        case "cda":
            aip |= Aip.CDA | Aip.DDA
        case "dda":
            aip |= Aip.DDA
        case "sda":
            aip |= Aip.SDA
    signs = wish.authentication in ("cda", "dda")
    return aip, make_key(CARD_BITS, entropy.token) if signs else None


def _stripe(wish: EmvCardWish, last: int) -> Objects:
    track = f"{wish.pan}D{last // 100 % 10_000:04}{CHIP_SERVICE}{OWN_DATA}00"
    return {
        tags.TRACK_2: bytes.fromhex(track + "F" * (len(track) % 2)),
        tags.HOLDER_NAME: HOLDER.encode("ascii"),
    }


def _vouched(wish: EmvCardWish, last: int, currency: int) -> Objects:
    usage = Usage.OTHER_TERMINALS | Usage.DOMESTIC_GOODS | Usage.DOMESTIC_SERVICES
    if not wish.domestic:
        usage |= Usage.INTERNATIONAL_GOODS | Usage.INTERNATIONAL_SERVICES
    expiry = "301345" if wish.quirk is Quirk.IMPOSSIBLE_DATE else f"{last}"[2:]
    objects = {
        tags.PAN: bytes.fromhex(wish.pan + "F" * (len(wish.pan) % 2)),
        tags.PAN_SEQUENCE: bytes.fromhex(f"{wish.sequence:02}"),
        tags.EXPIRY: bytes.fromhex(expiry),
        tags.EFFECTIVE: bytes.fromhex(f"{wish.effective}"[2:]),
        tags.ISSUER_COUNTRY: bytes.fromhex(f"{wish.country:04}"),
        tags.USAGE_CONTROL: int(usage).to_bytes(2),
        tags.CARD_VERSION: b"\0\x01",
        tags.CARD_CURRENCY: bytes.fromhex(f"{currency:04}"),
        tags.CVM_LIST: _ways(wish),
        tags.ACTION_DENIAL: Tvr.SERVICE_NOT_ALLOWED.encode(),
        tags.ACTION_ONLINE: CAUTIOUS.encode(),
        tags.ACTION_DEFAULT: (CAUTIOUS & ~_HARMLESS).encode(),
        tags.STATIC_TAGS: bytes((tags.AIP,)),
    }
    if wish.offline != (0, 0):
        objects[tags.OFFLINE_LIMIT_LOWER] = bytes((wish.offline[0],))
        objects[tags.OFFLINE_LIMIT_UPPER] = bytes((wish.offline[1],))
    return objects


_HARMLESS: Final = (
    Tvr.OVER_FLOOR | Tvr.CHOSEN_AT_RANDOM | Tvr.FORCED_ONLINE | Tvr.OVER_LOWER_LIMIT | Tvr.NEW_CARD
)
"""What is asked about if the issuer can be reached, and no reason to decline if not."""


def _ways(wish: EmvCardWish) -> bytes:
    rules = b""
    if wish.unverified_below:
        rules += bytes((Cvm.NONE | _GO_ON, CvmCondition.UNDER_X))
    for name in wish.verified_by:
        rules += bytes((_WAYS[name] | _GO_ON, CvmCondition.SUPPORTED))
    rules += bytes((Cvm.FAIL, CvmCondition.ALWAYS))
    return wish.unverified_below.to_bytes(4) + bytes(4) + rules


def _certified(
    issuer: EmvIssuer,
    wish: EmvCardWish,
    static: bytes,
    signer: PrivateKey | None,
    opener: PrivateKey | None,
) -> list[Objects]:
    """Return the records of file 3: each certificate in its own, since it hardly leaves room."""
    chain = certify_issuer(issuer.authority, issuer.issuer.public, issuer.digits, _LAST_MONTH)
    certificate = chain.pop(tags.ISSUER_CERTIFICATE)
    records: list[Objects] = [
        {tags.CA_INDEX: bytes((issuer.index,))} | chain,
        {tags.ISSUER_CERTIFICATE: certificate},
    ]
    if signer is not None:
        another = wish.quirk is Quirk.ANOTHERS_CERTIFICATE
        pan = _ANOTHER if another else wish.pan
        records.append(certify_card(issuer.issuer, signer.public, pan, _LAST_MONTH, static))
    if opener is not None:
        records.append(certify_pin_key(issuer.issuer, opener.public, wish.pan, _LAST_MONTH))
    if wish.authentication == "sda":
        records.append(sign_static(issuer.issuer, b"\xda\xc0", static))
    return records


def _joined(objects: Objects) -> bytes:
    return b"".join(encode_tlv(tag, value) for tag, value in objects.items())
