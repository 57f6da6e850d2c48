"""What an issuer does: makes cards, and signs the three commands that only it may give.

    certificate   name, class, expiry and public key of a card, under one of the issuer's keys
    card          its personality (written once) and its first image
    CLAIM         90 E8  key 1|nonce 8|signature 64 -> count 1|image 32|signature 64
    CLEAR         90 EA  key 1|image 32|signature 64
    UPDATE        90 58  key 1|sequence 4|parameters|signature 64

A claim freezes a card's exception log: from then on no entry can complete late, so that what the
issuer pays back cannot move as well (purse.md 1.6). The card signs which log it froze; the entries
themselves are read as records and must be that log, all of it. A clear is for exactly that log.
Pure: keys, nonces and days are arguments. Source: purse.md 2.3 (M5, M10), 3.2, 4.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from protocols.iso7816 import SHORT_DATA_MAX, Command
from protocols.purse.details import (
    DETAILS_BYTES,
    NAME_BYTES,
    Certificate,
    PurseClass,
    certificate_text,
    claim_answer_text,
    claim_text,
    clear_text,
    log_image,
    update_text,
)
from protocols.purse.image import POCKETS, Parameters, Personality, encode_image, first_image
from protocols.purse.suite import SIGNATURE_BYTES, Suite, public_key

CERTIFICATE_VERSION: Final = 1
NONCE_BYTES: Final = 8
IMAGE_BYTES: Final = 32
CLAIM_ANSWER_BYTES: Final = 1 + IMAGE_BYTES + SIGNATURE_BYTES
HOTLIST_MAX: Final = 15
"""Names that surely fit one UPDATE, a short APDU of 255 bytes, whatever the limits beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One of the issuer's keys, with what signs by it."""

    key_id: int = 1
    secret: int = field(repr=False)
    suite: Suite = field(repr=False)

    @property
    def public(self) -> bytes:
        """Return the public key that cards and brokers know."""
        return public_key(self.secret)

    def certify(
        self, *, name: bytes, purse_class: int, expiry: int, card_key: bytes
    ) -> Certificate:
        """Sign a card's certificate; `expiry` is YYYYMMDD, `card_key` a compressed point."""
        assert len(name) == NAME_BYTES, "a purse's name is eight bytes"
        assert purse_class in tuple(PurseClass), "a purse is of a known class"
        bare = Certificate(
            CERTIFICATE_VERSION, self.key_id, name, purse_class, expiry, card_key, b""
        )
        return bare._replace(signature=self.suite.sign(self.secret, certificate_text(bare)))

    def claim(self, name: bytes, nonce: bytes) -> bytes:
        """Return the CLAIM for one card. The nonce is fresh each time: it dates the answer."""
        assert len(nonce) == NONCE_BYTES
        signature = self.suite.sign(self.secret, claim_text(name, nonce))
        return _command(0xE8, bytes((self.key_id,)) + nonce + signature, le=256)

    def clear(self, name: bytes, image: bytes) -> bytes:
        """Return the CLEAR that empties exactly this log of one card, and no other."""
        assert len(image) == IMAGE_BYTES
        signature = self.suite.sign(self.secret, clear_text(name, image))
        return _command(0xEA, bytes((self.key_id,)) + image + signature)

    def update(self, name: bytes, sequence: int, day: int, parameters: Parameters) -> bytes:
        """Return the UPDATE that sets a card's limits and hotlist and begins its counters anew.

        A card takes each sequence number once and only upward. Raises: ValueError for parameters
        that do not fit one short APDU.
        """
        assert 0 < sequence < 2**32
        body = msgspec.msgpack.encode((day, parameters))
        signature = self.suite.sign(self.secret, update_text(name, sequence, body))
        data = bytes((self.key_id,)) + sequence.to_bytes(4) + body + signature
        if len(data) > SHORT_DATA_MAX:
            raise ValueError(
                f"an UPDATE of {len(data)} bytes is over the {SHORT_DATA_MAX} that a card takes: "
                f"name at most {HOTLIST_MAX} purses, not {len(parameters.hotlist)}"
            )
        return _command(0x58, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a card is to be; the issuer's wishes, no keys."""

    name: bytes
    purse_class: int = PurseClass.CONSUMER
    expiry: int
    """YYYYMMDD."""
    currencies: tuple[int, ...]
    """ISO 4217 number of each of the five pockets; 0 is no pocket."""
    ceilings: tuple[int, ...]
    balances: tuple[int, ...] = (0,) * POCKETS
    """What the pockets hold as the card leaves: value created, so it counts into the float."""
    pin: bytes = bytes(8)
    """ISO 9564 format 2 block."""
    parameters: Parameters = field(default_factory=Parameters)
    log_slots: int = 10
    narrative_slots: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card as it leaves the issuer."""

    personality: Personality
    image: bytes

    @property
    def certificate(self) -> bytes:
        """Return its certificate."""
        return self.personality.certificate


def make_card(issuer: Issuer, profile: Profile, *, secret: int, day: int = 0) -> Card:
    """Make a card under an issuer. `secret` is the card's own key; `day` the date it starts from."""
    assert len(profile.currencies) == len(profile.ceilings) == POCKETS
    certificate = issuer.certify(
        name=profile.name,
        purse_class=profile.purse_class,
        expiry=profile.expiry,
        card_key=public_key(secret),
    )
    personality = Personality(
        name=profile.name,
        purse_class=profile.purse_class,
        secret=secret,
        certificate=certificate.encode(),
        issuer_keys={issuer.key_id: issuer.public},
        currencies=profile.currencies,
        ceilings=profile.ceilings,
        log_slots=profile.log_slots,
        narrative_slots=profile.narrative_slots,
    )
    image = first_image(
        balances=profile.balances, pin=profile.pin, parameters=profile.parameters, date=day
    )
    return Card(personality=personality, image=encode_image(image))


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenLog:
    """A card's whole exception log, frozen, as the card itself signed it."""

    name: bytes
    nonce: bytes
    entries: tuple[bytes, ...]
    """Payment details, 38 bytes each."""
    image: bytes
    """The log's clear code."""


class ClaimError(ValueError):
    """This is no claim of that card: nothing is paid on it. The message says what does not fit."""


def open_claim(
    suite: Suite,
    *,
    certificate: Certificate,
    nonce: bytes,
    answer: bytes,
    entries: Sequence[bytes],
) -> FrozenLog:
    """Check a card's answer to CLAIM against the entries read from it.

    `certificate` was verified before (protocols.purse.proof); `nonce` is the one of the command;
    `entries` are payment details, without their flags. Raises: ClaimError.
    """
    if len(answer) != CLAIM_ANSWER_BYTES:
        raise ClaimError(f"an answer to CLAIM has {CLAIM_ANSWER_BYTES} bytes, not {len(answer)}")
    count, image, signature = answer[0], answer[1 : 1 + IMAGE_BYTES], answer[1 + IMAGE_BYTES :]
    text = claim_answer_text(certificate.name, nonce, count, image)
    if not suite.verify(certificate.public_key, text, signature):
        raise ClaimError("the card's signature is not over this nonce and this log")
    if any(len(entry) != DETAILS_BYTES for entry in entries) or len(entries) != count:
        raise ClaimError(f"the card signed {count} entries, {len(entries)} are here")
    if len(set(entries)) != len(entries):
        raise ClaimError("an entry is here twice")
    if log_image(tuple(entries)) != image:
        raise ClaimError("these entries are not the log that the card signed")
    return FrozenLog(name=certificate.name, nonce=nonce, entries=tuple(entries), image=image)


def _command(ins: int, data: bytes, le: int | None = None) -> bytes:
    return Command(0x90, ins, 0, 0, data, le).encode()
