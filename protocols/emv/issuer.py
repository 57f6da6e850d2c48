"""The issuer's side, pure: is this cryptogram my card's, and what shall the card be told?

    asked = decode_field_55(field)                    what the terminal sent, by tag
    said = examine(keys, asked, pan=..., sequence=...)
    said.genuine, said.kind, said.results             the bank decides on its own accounts
    answer = respond(keys, asked, said, approve=...)  field 55 of the answer: 91, and scripts in 72

Nothing here keeps anything: whether a counter (9F36) was seen before, the bank knows. Keys are in no repr.
Source: EMV 4.4 book 2, 8 and 9; protocols.emv.cryptograms.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from protocols.emv import tags
from protocols.emv.bits import KIND_MASK, Kind, Tvr
from protocols.emv.cryptograms import (
    CardStatus,
    Cvr,
    Version,
    covered,
    cryptogram,
    encipher_script,
    response_1,
    response_2,
    results_of,
    script_command,
    version_of,
)
from protocols.emv.keys import CardKeys
from protocols.secure_pin import pin_block
from protocols.tlv import TlvError, encode_tlv, parse_tlv

FIELD_BYTES_MAX: Final = 255
SCRIPT_ID: Final = b"\0\0\0\x01"
_APPROVED: Final = b"00"
_DECLINED: Final = b"05"


class Field55Error(ValueError):
    """Not data objects within the bounds, one of them twice, or too many bytes."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What an issuer finds in what a terminal sent."""

    genuine: bool
    """The cryptogram is this card's, over these data."""
    kind: Kind
    counter: int
    """Of the card: seen before, or far behind, it is a copy that speaks."""
    version: Version
    results: Cvr
    """What the card did and found; true only if genuine."""
    found: Tvr
    """What the terminal found."""


def decode_field_55(field: bytes) -> dict[int, bytes]:
    """Return the data objects of field 55, by tag. Raises: Field55Error."""
    if len(field) > FIELD_BYTES_MAX:
        raise Field55Error(f"{len(field)} bytes: more than {FIELD_BYTES_MAX}")
    try:
        items = parse_tlv(field)
    except TlvError as error:
        raise Field55Error(str(error)) from error
    data = {item.tag: item.value for item in items}
    if len(data) != len(items):
        raise Field55Error("a tag stands twice")
    return data


def encode_field_55(data: Mapping[int, bytes]) -> bytes:
    """Return the data objects that a bank is told, as they stand in field 55."""
    return b"".join(encode_tlv(tag, data[tag]) for tag in tags.ONLINE if tag in data)


def examine(
    keys: CardKeys, asked: Mapping[int, bytes], *, pan: str, sequence: int
) -> Examined | None:
    """Check a cryptogram under an issuer's keys; None where the data are not whole, or not ours."""
    text = covered(asked)
    version = version_of(asked.get(tags.ISSUER_DATA, b""))
    said, information = asked.get(tags.CRYPTOGRAM, b""), asked.get(tags.CRYPTOGRAM_INFORMATION, b"")
    if text is None or version is None or len(said) != 8 or len(information) != 1:
        return None
    if information[0] & KIND_MASK not in tuple(Kind):
        return None
    mine = keys.of_card(pan, sequence)
    expected = cryptogram(mine.cryptogram, asked[tags.ATC], text)
    return Examined(
        genuine=hmac.compare_digest(expected, said),
        kind=Kind(information[0] & KIND_MASK),
        counter=int.from_bytes(asked[tags.ATC]),
        version=version,
        results=results_of(asked[tags.ISSUER_DATA]),
        found=Tvr(int.from_bytes(asked[tags.TVR])),
    )


@dataclass(frozen=True, slots=True)
class Order:
    """Something for the card to do after the payment."""


@dataclass(frozen=True, slots=True)
class BlockApplication(Order):
    """No payment with this application any more."""


@dataclass(frozen=True, slots=True)
class BlockCard(Order):
    """Nothing with this card any more, for ever."""


@dataclass(frozen=True, slots=True)
class UnblockPin(Order):
    """All tries again."""


@dataclass(frozen=True, slots=True)
class ChangePin(Order):
    """Another PIN, and all tries."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PutData(Order):
    """Another value of 9F14, 9F23 or another limit that the card lets its issuer set."""

    tag: int
    value: bytes


def respond(
    keys: CardKeys,
    asked: Mapping[int, bytes],
    said: Examined,
    *,
    pan: str,
    sequence: int,
    approve: bool,
    orders: Iterable[Order] = (),
) -> bytes:
    """Return field 55 of the answer: the issuer's proof (91), and what the card shall do (72)."""
    mine = keys.of_card(pan, sequence)
    counter, question = asked[tags.ATC], asked[tags.CRYPTOGRAM]
    if said.version is Version.RESPONSE_CODE:
        code = _APPROVED if approve else _DECLINED
        proof = response_1(mine.cryptogram, counter, question, code) + code
    else:
        status = (CardStatus.APPROVED if approve else CardStatus(0)).to_bytes(4)
        proof = response_2(mine.cryptogram, counter, question, status) + status
    commands = [_command(mine, counter, question, order) for order in orders]
    answer = encode_tlv(tags.ISSUER_AUTHENTICATION, proof)
    if commands:
        answer += encode_tlv(
            tags.SCRIPT_2,
            encode_tlv(tags.SCRIPT_ID, SCRIPT_ID),
            *(encode_tlv(tags.SCRIPT_COMMAND, command) for command in commands),
        )
    return answer


def _command(keys: CardKeys, counter: bytes, question: bytes, order: Order) -> bytes:
    data = b""
    match order:
        case BlockApplication():
            header = "841E0000"
        case BlockCard():
            header = "84160000"
        case UnblockPin():
            header = "84240000"
        case ChangePin():
            header = "84240002"
            data = encipher_script(keys.secrecy, question, pin_block(order.digits))
        case PutData(tag, value):
            header = f"04DA{tag:04X}"
            data = value
        case _:
            raise AssertionError(f"no command for {order}")
    return script_command(keys.integrity, counter, question, bytes.fromhex(header), data)
