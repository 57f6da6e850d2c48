"""What a card says so that only its issuer can check it, and back: cryptograms and scripts.

    ARQC, TC, AAC   MAC over amount, other amount, country, TVR, currency, date, kind, random number,
                    AIP, counter, issuer application data                              8 bytes
    ARPC method 1   triple DES of ARQC XOR response code 000000000000                  8 bytes
         method 2   MAC over ARQC, card status update, up to 8 more                    4 bytes
    script          header | MAC over header, counter, ARQC, data                      data 8 more

    issuer application data   06 | key 1 | version 1 | card verification results 4
                              version 01: ARPC by method 1; 02: by method 2; keys and data alike

Source: EMV 4.4 book 2, 8 and 9; the issuer application data is ours.
"""

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from typing import Final

from protocols.des import decrypt_cbc, encrypt, encrypt_cbc, pad, retail_mac, xor
from protocols.emv import tags
from protocols.emv.keys import cryptogram_key, session_key

CRYPTOGRAM_BYTES: Final = 8
ISSUER_DATA_BYTES: Final = 7
STATUS_UPDATE_BYTES: Final = 4
MAC_BYTES: Final = 8
KEY_INDEX: Final = 1
COVERED: Final = (
    (tags.AMOUNT, 6), (tags.AMOUNT_OTHER, 6), (tags.TERMINAL_COUNTRY, 2), (tags.TVR, 5),
    (tags.CURRENCY, 2), (tags.DATE, 3), (tags.TRANSACTION_TYPE, 1), (tags.UNPREDICTABLE, 4),
    (tags.AIP, 2), (tags.ATC, 2), (tags.ISSUER_DATA, ISSUER_DATA_BYTES),
)  # fmt: skip
"""What a cryptogram covers, in its order."""


class Version(IntEnum):
    """Which method the card checks its issuer's answer by."""

    RESPONSE_CODE = 0x01
    STATUS_UPDATE = 0x02


class Cvr(IntFlag):
    """What the card did and found: card verification results, three bytes after their length."""

    SECOND_AAC = 0x00_0000
    SECOND_TC = 0x40_0000
    SECOND_NOT_ASKED = 0x80_0000
    FIRST_AAC = 0x00_0000
    FIRST_TC = 0x10_0000
    FIRST_ARQC = 0x20_0000
    ISSUER_NOT_AUTHENTICATED = 0x08_0000
    PIN_VERIFIED = 0x04_0000
    PIN_FAILED = 0x02_0000
    UNABLE_ONLINE = 0x01_0000
    LAST_ONLINE_OPEN = 0x00_8000
    PIN_TRIES_EXCEEDED = 0x00_4000
    OVER_LIMIT = 0x00_2000
    NEW_CARD = 0x00_1000
    SCRIPT_FAILED = 0x00_0008
    DATA_SIGNED = 0x00_0001


class CardStatus(IntFlag):
    """What an issuer tells its card by method 2: card status update (ours after EMV CCD)."""

    APPROVED = 0x0080_0000
    BLOCK_CARD = 0x0040_0000
    BLOCK_APPLICATION = 0x0020_0000
    SET_PIN_TRIES = 0x0010_0000


def covered(data: Mapping[int, bytes]) -> bytes | None:
    """Return what a cryptogram covers; None where something of it is missing or has another length."""
    values = [data.get(tag, b"") for tag, _ in COVERED]
    if any(len(value) != size for value, (_, size) in zip(values, COVERED, strict=True)):
        return None
    return b"".join(values)


def cryptogram(key: bytes, counter: bytes, text: bytes) -> bytes:
    """Return ARQC, TC or AAC under a card's key, by its transaction counter."""
    return retail_mac(cryptogram_key(key, counter), text)


def response_1(key: bytes, counter: bytes, asked: bytes, code: bytes) -> bytes:
    """Return the ARPC of method 1: under the card's key, over its ARQC and a response code of two bytes."""
    assert len(code) == 2 and len(asked) == CRYPTOGRAM_BYTES
    return encrypt(cryptogram_key(key, counter), xor(asked, code + bytes(6)))


def response_2(key: bytes, counter: bytes, asked: bytes, status: bytes, more: bytes = b"") -> bytes:
    """Return the ARPC of method 2: over the ARQC, a card status update and what the issuer adds."""
    assert len(status) == STATUS_UPDATE_BYTES and len(more) <= 8
    return retail_mac(cryptogram_key(key, counter), asked + status + more)[:4]


def issuer_data(version: int, results: Cvr) -> bytes:
    """Return the issuer application data (9F10)."""
    return bytes((0x06, KEY_INDEX, version, 0x03)) + results.to_bytes(3)


def version_of(data: bytes) -> Version | None:
    """Return the version in issuer application data; None where they are not ours."""
    if len(data) != ISSUER_DATA_BYTES or data[0] != 0x06 or data[1] != KEY_INDEX or data[3] != 3:
        return None
    return Version(data[2]) if data[2] in tuple(Version) else None


def results_of(data: bytes) -> Cvr:
    """Return the card verification results in issuer application data of ours."""
    return Cvr(int.from_bytes(data[4:7]))


def script_mac(key: bytes, counter: bytes, asked: bytes, header: bytes, data: bytes) -> bytes:
    """Return the MAC that makes a script command the issuer's; `header` is CLA INS P1 P2 Lc."""
    assert len(header) == 5
    return retail_mac(session_key(key, asked), header + counter + asked + data)


def script_command(
    key: bytes, counter: bytes, asked: bytes, header: bytes, data: bytes = b""
) -> bytes:
    """Return a script's command, whole; `header` is CLA INS P1 P2."""
    head = header + bytes((len(data) + MAC_BYTES,))
    return head + data + script_mac(key, counter, asked, head, data)


def encipher_script(key: bytes, asked: bytes, text: bytes) -> bytes:
    """Return a script's data that only the card can read."""
    return encrypt_cbc(session_key(key, asked), pad(text))


def decipher_script(key: bytes, asked: bytes, data: bytes) -> bytes | None:
    """Return what a script's data says; None where it is not padded as it should be."""
    if not data or len(data) % 8:
        return None
    text = decrypt_cbc(session_key(key, asked), data).rstrip(b"\0")
    return text[:-1] if text.endswith(b"\x80") else None
