"""What the card is and may: GET PROCESSING OPTIONS, and every record that it names.

    80 A8 00 00  83 { values that the card wants }    -> 80 { AIP 2, AFL .. }   or 77 { 82, 94 }
                                             6985     this application cannot pay here: the next one
    AFL  SFI << 3 | first | last | how many of them are authenticated offline       four bytes each
    00 B2 n SFI << 3 | 4                              -> 70 { objects }

No object may come twice, and a card that leaves out what no payment can do without, or says impossible
things (the 31st of June, a number without its check digit or not on its stripe), is not paid with.
Bounded: 20 files, 40 records. Source: EMV 4.4 book 3, 10.1, 10.2 and 7.5.
"""

import calendar
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Final

from protocols.card_number import has_good_luhn
from protocols.emv import tags
from protocols.emv.bits import Aip
from protocols.emv.dol import DolError, Wanted, fill_dol, parse_dol
from protocols.emv.steps import Answer, Stage, Step, ask, garbled
from protocols.iso7816 import SW, Command
from protocols.tlv import TlvError, encode_tlv, parse_tlv

FILES_MAX: Final = 20
RECORDS_MAX: Final = 40
NEEDED: Final = (tags.EXPIRY, tags.PAN, tags.CDOL_1, tags.CDOL_2)
_STAGE: Final = Stage.READING
_SIZES: Final = {
    tags.EXPIRY: 3,
    tags.EFFECTIVE: 3,
    tags.PAN_SEQUENCE: 1,
    tags.USAGE_CONTROL: 2,
    tags.CARD_VERSION: 2,
    tags.ISSUER_COUNTRY: 2,
    tags.CARD_CURRENCY: 2,
    tags.ACTION_DEFAULT: 5,
    tags.ACTION_DENIAL: 5,
    tags.ACTION_ONLINE: 5,
    tags.OFFLINE_LIMIT_LOWER: 1,
    tags.OFFLINE_LIMIT_UPPER: 1,
    tags.CA_INDEX: 1,
}


@dataclass(frozen=True, slots=True)
class ReadCard:
    """An application that was read."""

    aip: Aip
    data: Mapping[int, bytes] = field(repr=False)
    static: bytes | None = field(repr=False)
    """What its issuer vouches for; None where a record that belongs to it was no template."""
    told: bytes = field(repr=False)
    """What it was told at GET PROCESSING OPTIONS; a card that signs its cryptogram signs this too."""
    pan: str = field(repr=False)
    expiry: int
    """The last day, YYYYMMDD."""
    effective: int
    """The first day, YYYYMMDD; 0 where it does not say."""

    def dol(self, tag: int) -> tuple[Wanted, ...]:
        """Return a list of data objects of the card's; an empty one where it has none."""
        return parse_dol(self.data.get(tag, b""))

    @property
    def sequence(self) -> int:
        """Return which of several cards with this number it is."""
        text = self.data.get(tags.PAN_SEQUENCE, b"\0").hex()
        return int(text) if text.isdigit() else 0

    @property
    def track_2(self) -> str:
        """Return what its stripe says, as field 35 has it; empty where the card does not say."""
        return self.data.get(tags.TRACK_2, b"").hex().rstrip("f").replace("d", "=")


def read_card(
    control: bytes, values: Mapping[int, bytes]
) -> Generator[Step, Answer, ReadCard | None]:
    """Read the selected application; None: it cannot pay here. Raises: EndedError."""
    try:
        template = {item.tag: item.value for item in parse_tlv(control)}
        told = fill_dol(parse_dol(template.get(tags.PDOL, b"")), values)
    except (TlvError, DolError) as error:
        raise garbled(_STAGE, f"PDOL: {error}") from error
    answer = yield from ask(_STAGE, Command(0x80, 0xA8, 0, 0, encode_tlv(0x83, told), 256).encode())
    if answer.sw == SW.CONDITIONS_NOT_SATISFIED:
        return None
    if not answer.ok:
        raise garbled(_STAGE, f"GET PROCESSING OPTIONS: {answer.sw:04X}")
    aip, files = _options(answer.data)
    data, static = yield from _records(files)
    return _checked(aip, data, static, told)


def _options(answer: bytes) -> tuple[bytes, bytes]:
    """Return AIP and AFL. Raises: EndedError."""
    try:
        items = parse_tlv(answer)
        if len(items) == 1 and items[0].tag == tags.RESPONSE_1:
            aip, files = items[0].value[:2], items[0].value[2:]
        elif len(items) == 1 and items[0].tag == tags.RESPONSE_2:
            inside = {item.tag: item.value for item in parse_tlv(items[0].value)}
            aip, files = inside.get(tags.AIP, b""), inside.get(tags.AFL, b"")
        else:
            raise garbled(_STAGE, "processing options of another form")
    except TlvError as error:
        raise garbled(_STAGE, f"processing options: {error}") from error
    if len(aip) != 2 or not files or len(files) % 4 or len(files) > 4 * FILES_MAX:
        raise garbled(_STAGE, "AIP or AFL of another length")
    return aip, files


def _records(files: bytes) -> Generator[Step, Answer, tuple[dict[int, bytes], bytes | None]]:
    data: dict[int, bytes] = {}
    static: bytes | None = b""
    count = 0
    for place in range(0, len(files), 4):
        sfi, first, last, signed = files[place] >> 3, *files[place + 1 : place + 4]
        if files[place] & 7 or not (1 <= sfi <= 30 and 1 <= first <= last):
            raise garbled(_STAGE, "an AFL that names no records")
        if signed > last - first + 1:
            raise garbled(_STAGE, "an AFL that signs more than it names")
        for number in range(first, last + 1):
            count += 1
            if count > RECORDS_MAX:
                raise garbled(_STAGE, f"more than {RECORDS_MAX} records")
            answer = yield from ask(
                _STAGE, Command(0x00, 0xB2, number, sfi << 3 | 4, le=256).encode()
            )
            if not answer.ok:
                raise garbled(_STAGE, f"record {sfi}.{number}: {answer.sw:04X}")
            inside = _inside(answer.data)
            if inside is not None:
                _collect(inside, data)
            elif sfi <= 10:
                raise garbled(_STAGE, f"record {sfi}.{number} is no template")
            if number - first < signed and static is not None:
                # Of the files that ISO and EMV own, the template's inside; of others, the record.
                piece = inside if sfi <= 10 else answer.data if inside is not None else None
                static = None if piece is None else static + piece
    return data, static


def _inside(record: bytes) -> bytes | None:
    try:
        items = parse_tlv(record)
    except TlvError:
        return None
    whole = len(items) == 1 and items[0].tag == tags.RECORD and items[0].encode() == record
    return items[0].value if whole else None


def _collect(inside: bytes, data: dict[int, bytes]) -> None:
    try:
        items = parse_tlv(inside)
    except TlvError as error:
        raise garbled(_STAGE, f"a record: {error}") from error
    for item in items:
        if item.tag in data:
            raise garbled(_STAGE, f"{item.tag:X} stands twice")
        data[item.tag] = item.value


def _checked(aip: bytes, data: dict[int, bytes], static: bytes | None, told: bytes) -> ReadCard:
    """Raises: EndedError."""
    missing = [f"{tag:X}" for tag in NEEDED if tag not in data]
    if missing:
        raise garbled(_STAGE, f"{', '.join(missing)} missing")
    wrong = [f"{tag:X}" for tag, size in _SIZES.items() if len(data.get(tag, bytes(size))) != size]
    if wrong:
        raise garbled(_STAGE, f"{', '.join(wrong)} of another length")
    data[tags.AIP] = aip
    if tags.STATIC_TAGS in data and static is not None:
        # Only the AIP may be named there; anything else, and nothing can be authenticated.
        static = static + aip if data[tags.STATIC_TAGS] == b"\x82" else None
    pan = data[tags.PAN].hex().rstrip("f")
    if not (pan.isdigit() and 12 <= len(pan) <= 19 and has_good_luhn(pan)):
        raise garbled(_STAGE, "5A is no number")
    on_stripe = data.get(tags.TRACK_2)
    if on_stripe is not None and on_stripe.hex().partition("d")[0] != pan:
        raise garbled(_STAGE, "57 says another number than 5A")
    for tag in (tags.PDOL, tags.CDOL_1, tags.CDOL_2, tags.DDOL):
        try:
            parse_dol(data.get(tag, b""))
        except DolError as error:
            raise garbled(_STAGE, f"{tag:X}: {error}") from error
    return ReadCard(
        aip=Aip(int.from_bytes(aip)),
        data=data,
        static=static,
        told=told,
        pan=pan,
        expiry=_day(data[tags.EXPIRY], tags.EXPIRY),
        effective=_day(data[tags.EFFECTIVE], tags.EFFECTIVE) if tags.EFFECTIVE in data else 0,
    )


def _day(value: bytes, tag: int) -> int:
    """Return YYYYMMDD of a YYMMDD in digits. Raises: EndedError for a day that never was."""
    text = value.hex()
    if text.isdigit():
        year = int(text[:2])
        year += 1900 if year >= 50 else 2000
        month, day = int(text[2:4]), int(text[4:])
        # monthrange knows no month 13.
        if 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]:
            return year * 10_000 + month * 100 + day
    raise garbled(_STAGE, f"{tag:X} is no day")
