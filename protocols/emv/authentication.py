"""Is it this issuer's card, and not a copy of what it says? Offline, by certificates.

    CDA   both can: the card signs its cryptogram; checked when it comes (transaction)
    DDA   both can: 00 88 00 00 { DDOL's values }  -> 80 { signature } or 77 { 9F4B }
    SDA   both can: the issuer's signature over the card's static data
    none  TVR says so

Which of them is tried is told in the TVR before anything fails, and a failure ends nothing: what it
means, the action codes say. Source: EMV 4.4 book 2, 5 and 6; book 3, 10.3.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Final

from protocols.emv import tags
from protocols.emv.bits import Aip, Capability, Tsi, Tvr
from protocols.emv.certificates import (
    CertificateError,
    card_key,
    check_dynamic,
    check_static,
    issuer_key,
)
from protocols.emv.dol import fill_dol, parse_dol
from protocols.emv.reading import ReadCard
from protocols.emv.rsa import PublicKey
from protocols.emv.steps import Answer, Stage, Step, ask, garbled
from protocols.emv.terminal import Terminal
from protocols.iso7816 import Command
from protocols.tlv import TlvError, find_tlv, parse_tlv

_STAGE: Final = Stage.AUTHENTICATING
_DDOL: Final = bytes.fromhex("9F3704")
"""What is said to a card that does not say what it wants to sign."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """What came of it."""

    found: Tvr
    done: Tsi
    reason: str = ""
    issuer: PublicKey | None = None
    """Its issuer's key, if a chain was there to be followed."""
    combined: PublicKey | None = None
    """The card's own key, where it is to sign its cryptogram."""
    signed: Mapping[int, bytes] | None = None
    """What the card signed by the way: its dynamic number, its issuer's code."""


def authenticate(
    card: ReadCard, terminal: Terminal, rid: bytes, month: int, values: Mapping[int, bytes]
) -> Generator[Step, Answer, Authenticated]:
    """Authenticate a card's data. `month`: today, YYYYMM. Raises: EndedError."""
    can = terminal.capabilities
    if Aip.CDA in card.aip and Capability.CDA in can:
        failure = Tvr.CDA_FAILED
    elif Aip.DDA in card.aip and Capability.DDA in can:
        failure = Tvr.DDA_FAILED
    elif Aip.SDA in card.aip and Capability.SDA in can:
        failure = Tvr.SDA_FAILED
    else:
        return Authenticated(Tvr.NO_AUTHENTICATION, Tsi.NONE)
    chosen = Tvr.SDA_SELECTED if failure is Tvr.SDA_FAILED else Tvr.NONE
    missing = Tvr.DATA_MISSING if _missing(card, failure) else Tvr.NONE
    try:
        issuer, key = _keys(card, terminal, rid, month, failure)
        signed: dict[int, bytes] = {}
        if failure is Tvr.SDA_FAILED:
            signature = card.data.get(tags.STATIC_SIGNATURE, b"")
            code = check_static(issuer, signature, card.static or b"")
            signed[tags.DATA_AUTHENTICATION_CODE] = code
        elif failure is Tvr.DDA_FAILED:
            assert key is not None
            signed[tags.DYNAMIC_NUMBER] = yield from _signed(card, key, values)
    except CertificateError as error:
        return Authenticated(failure | chosen | missing, Tsi.DATA_AUTHENTICATION, str(error))
    combined = key if failure is Tvr.CDA_FAILED else None
    return Authenticated(chosen | missing, Tsi.DATA_AUTHENTICATION, "", issuer, combined, signed)


def _keys(
    card: ReadCard, terminal: Terminal, rid: bytes, month: int, failure: Tvr
) -> tuple[PublicKey, PublicKey | None]:
    """Return the issuer's key, and the card's where it signs. Raises: CertificateError."""
    authority = terminal.authorities.get((rid, card.data.get(tags.CA_INDEX, b"\0")[0]))
    if authority is None:
        raise CertificateError("no such authority's key is here")
    if card.static is None:
        raise CertificateError("what is signed cannot be told")
    issuer = issuer_key(authority, card.data, month)
    if failure is Tvr.SDA_FAILED:
        return issuer, None
    return issuer, card_key(issuer, card.data, card.static, month)


def _missing(card: ReadCard, failure: Tvr) -> bool:
    needed = [tags.CA_INDEX, tags.ISSUER_CERTIFICATE, tags.ISSUER_EXPONENT]
    if failure is Tvr.SDA_FAILED:
        needed.append(tags.STATIC_SIGNATURE)
    else:
        needed += [tags.CARD_CERTIFICATE, tags.CARD_EXPONENT]
    return any(tag not in card.data for tag in needed)


def _signed(
    card: ReadCard, key: PublicKey, values: Mapping[int, bytes]
) -> Generator[Step, Answer, bytes]:
    """Have the card sign a random number. Raises: CertificateError, EndedError."""
    wanted = card.dol(tags.DDOL) or parse_dol(_DDOL)
    if all(each.tag != tags.UNPREDICTABLE for each in wanted):
        raise CertificateError("its DDOL takes no random number of ours")
    told = fill_dol(wanted, values)
    answer = yield from ask(_STAGE, Command(0x00, 0x88, 0, 0, told, 256).encode())
    if not answer.ok:
        raise garbled(_STAGE, f"INTERNAL AUTHENTICATE: {answer.sw:04X}")
    try:
        items = parse_tlv(answer.data)
        signature = find_tlv(answer.data, tags.DYNAMIC_SIGNATURE)
    except TlvError as error:
        raise garbled(_STAGE, f"INTERNAL AUTHENTICATE: {error}") from error
    if signature is None and len(items) == 1 and items[0].tag == tags.RESPONSE_1:
        signature = items[0].value
    if signature is None:
        raise garbled(_STAGE, "INTERNAL AUTHENTICATE without a signature")
    return check_dynamic(key, signature, told)
