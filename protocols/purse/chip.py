"""What every command of a purse stands on: its memory, its keys, its pockets, and how it refuses.

A command is a function of a chip and a command APDU (reading, holder, starting, moving,
issuer_commands); it answers, or raises RefusedError with a status word before it has committed
anything.
"""

import msgspec

from protocols.iso7816 import SW, Command, RefusedError
from protocols.ports import Entropy
from protocols.purse.details import (
    CERTIFICATE_BYTES,
    DETAILS_BYTES,
    MESSAGE_BYTES,
    SIGNED_BYTES,
    Certificate,
    MessageType,
    PaymentDetails,
    certificate_text,
    decode_certificate,
    decode_details,
    message_text,
)
from protocols.purse.image import (
    POCKETS,
    Image,
    Parameters,
    Personality,
    decode_image,
    encode_image,
)
from protocols.purse.memory import Memory
from protocols.purse.rules import Rules
from protocols.purse.suite import Suite


class Chip:
    """One purse's parts.

    Volatile: whether it is selected, whether the PIN was right since power-on, the challenge it gave.
    Without a source of randomness it gives none, and takes its PIN in clear only.
    """

    def __init__(
        self,
        personality: Personality,
        memory: Memory,
        suite: Suite,
        rules: Rules | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        self.personality = personality
        self.memory = memory
        self.suite = suite
        self.rules = Rules() if rules is None else rules
        self.entropy = entropy
        self.selected = False
        self.verified = False
        self.challenge = b""

    def power_on(self) -> None:
        """Forget what is volatile; a pending transfer stays."""
        self.selected = False
        self.verified = False
        self.challenge = b""

    def image(self) -> Image:
        """Return what the purse remembers."""
        return decode_image(self.memory.read())

    def commit(self, image: Image) -> None:
        """Replace the image, atomically: the one way in which a purse changes."""
        self.memory.write(encode_image(image))

    def pocket(self, index: int) -> int:
        """Return the index of a pocket that exists. Raises: RefusedError."""
        if index >= POCKETS or not self.personality.currencies[index]:
            raise RefusedError(SW.POCKET)
        return index

    def pocket_of(self, currency: int) -> int:
        """Return the index of a currency's pocket. Raises: RefusedError."""
        try:
            return self.pocket(self.personality.currencies.index(currency))
        except ValueError:
            raise RefusedError(SW.POCKET) from None

    def message(self, kind: MessageType, details: bytes) -> bytes:
        """Return a message about these details, signed, with the certificate."""
        signature = self.suite.sign(self.personality.secret, message_text(kind, details))
        return bytes((kind,)) + details + signature + self.personality.certificate

    def signed(self, data: bytes, kind: MessageType) -> tuple[PaymentDetails, Certificate]:
        """Check a message with its certificate: type, length, both signatures, signer's role."""
        if len(data) != SIGNED_BYTES:
            raise RefusedError(SW.WRONG_LENGTH)
        if data[0] != kind:
            raise RefusedError(SW.DATA_WRONG)
        encoded = data[1 : 1 + DETAILS_BYTES]
        details = decode_details(encoded)
        certificate = decode_certificate(data[MESSAGE_BYTES:])
        key = self.personality.issuer_keys.get(certificate.issuer_key)
        if key is None or certificate.version != 1:
            raise RefusedError(SW.KEY_UNKNOWN)
        signer = details.payer if kind in (MessageType.OFFER, MessageType.VAL) else details.payee
        if signer != certificate.name:
            raise RefusedError(SW.SIGNATURE_WRONG)
        if not self.suite.verify(key, certificate_text(certificate), certificate.signature):
            raise RefusedError(SW.SIGNATURE_WRONG)
        text = message_text(kind, encoded)
        signature = data[1 + DETAILS_BYTES : MESSAGE_BYTES]
        if not self.suite.verify(certificate.public_key, text, signature):
            raise RefusedError(SW.SIGNATURE_WRONG)
        return details, certificate

    def from_issuer(self, key_id: int, text: bytes, signature: bytes) -> None:
        """Check that the issuer signed. Raises: RefusedError."""
        key = self.personality.issuer_keys.get(key_id)
        if key is None:
            raise RefusedError(SW.KEY_UNKNOWN)
        if not self.suite.verify(key, text, signature):
            raise RefusedError(SW.SIGNATURE_WRONG)


def expect(command: Command, length: int, *, p1: int | None = None, p2: int | None = None) -> None:
    """Check parameters and length of a command. Raises: RefusedError."""
    if (p1 is not None and command.p1 != p1) or (p2 is not None and command.p2 != p2):
        raise RefusedError(SW.P1_P2_WRONG)
    if len(command.data) != length:
        raise RefusedError(SW.WRONG_LENGTH)


def parameters_of(image: Image) -> Parameters:
    """Return what the issuer set last."""
    return msgspec.msgpack.decode(image.parameters, type=Parameters)


assert SIGNED_BYTES == MESSAGE_BYTES + CERTIFICATE_BYTES
