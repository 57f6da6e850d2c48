"""The message authentication code in field 64, or in 128 where there are fields above 64.

    RETAIL   ISO/IEC 9797-1 algorithm 3, padding method 2 (80, then zeros), two DES keys, 8 bytes
    CMAC     AES-CMAC, RFC 4493 (ISO/IEC 9797-1 algorithm 5), the first 8 of 16 bytes

Over all bytes of the message before the code itself, so bitmap and type are covered. It is the last field.
"""

import hmac
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from protocols.des import retail_mac
from protocols.iso8583 import elements as de
from protocols.iso8583.message import Message, decode, encode
from protocols.iso8583.specs import Spec

MAC_BYTES: Final = 8
_FIRST_HALF_MAX: Final = 64


class MacAlgorithm(Enum):
    """How a code is made."""

    RETAIL = "retail"
    CMAC = "cmac"


class MacError(ValueError):
    """The code is missing or wrong: whoever sent this has not our key, or somebody changed it."""


def code_of(data: bytes, key: bytes, algorithm: MacAlgorithm) -> bytes:
    """Return the code over some bytes; `key` has 16 bytes, or of AES 16, 24 or 32."""
    if algorithm is MacAlgorithm.CMAC:
        cmac = CMAC(AES(key))
        cmac.update(data)
        return cmac.finalize()[:MAC_BYTES]
    return retail_mac(key, data)


def seal(message: Message, spec: Spec, key: bytes, algorithm: MacAlgorithm) -> bytes:
    """Return a message's bytes with its code. Raises: MalformedError."""
    number = _number(message)
    data = encode(message.plus({number: bytes(MAC_BYTES)}), spec)
    size = spec.octets.size(MAC_BYTES)
    return data[:-size] + spec.octets.encode(code_of(data[:-size], key, algorithm))


def unseal(data: bytes, spec: Spec, key: bytes, algorithm: MacAlgorithm) -> Message:
    """Return the message of these bytes, once its code is right. Raises: MalformedError, MacError."""
    message = decode(data, spec)
    sent = message.octets(_number(message))
    if not sent:
        raise MacError("the message has no authentication code")
    right = code_of(data[: -spec.octets.size(MAC_BYTES)], key, algorithm)
    if not hmac.compare_digest(sent, right):
        raise MacError("the authentication code is wrong: another key, or a changed message")
    return message


def _number(message: Message) -> int:
    return de.MAC_2 if any(n > _FIRST_HALF_MAX for n in message.fields) else de.MAC
