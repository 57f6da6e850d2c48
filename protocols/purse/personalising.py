"""A purse whose key its holder has made: what is asked of the issuer, and what comes back.

    request   version 1 | public key 33 | signature 64       by the new key, over "IPSVTP" | the first 34
    answer    MessagePack [ terms, signature 64 ]            by the issuer, over "IPSVTI" | terms
    terms     MessagePack array (Terms): certificate, the issuer's key, pockets, first values, limits

So a shop's purse in a file comes to be: the key never leaves the till, and what the purse is and holds
at first is the issuer's word alone. A card that the issuer makes itself knows its key beforehand
(protocols.purse.issuing.make_card) and is otherwise the same. Source: purse.md 2.3 M3, M10; 3.2.
"""

from typing import Annotated, Final

import msgspec

from protocols.malformed import MALFORMED
from protocols.purse.details import CERTIFICATE_BYTES, certificate_text, decode_certificate
from protocols.purse.image import POCKETS, Parameters, Personality, encode_image, first_image
from protocols.purse.issuing import Card, Issuer, Profile
from protocols.purse.suite import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, Suite, public_key

VERSION: Final = 1
REQUEST_BYTES: Final = 1 + PUBLIC_KEY_BYTES + SIGNATURE_BYTES
ANSWER_BYTES_MAX: Final = 4_096

Money = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
Slots = Annotated[int, msgspec.Meta(ge=1, le=255)]
Five = tuple[Money, Money, Money, Money, Money]


class PersonalisingError(ValueError):
    """This is no request, or no answer for this key. The message says what does not fit."""


class Terms(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a new purse is; the order of the fields is the wire."""

    version: int
    certificate: Annotated[
        bytes, msgspec.Meta(min_length=CERTIFICATE_BYTES, max_length=CERTIFICATE_BYTES)
    ]
    issuer_key: int
    issuer_public: Annotated[
        bytes, msgspec.Meta(min_length=PUBLIC_KEY_BYTES, max_length=PUBLIC_KEY_BYTES)
    ]
    currencies: Five
    ceilings: Five
    balances: Five
    parameters: Parameters
    day: Money
    """YYYYMMDD, what the purse takes for today at first."""
    log_slots: Slots
    narrative_slots: Slots

    @property
    def name(self) -> bytes:
        """Return the purse's name."""
        return decode_certificate(self.certificate).name


def make_request(secret: int, suite: Suite) -> bytes:
    """Return the request for a key; the same key makes the same request."""
    text = bytes((VERSION,)) + public_key(secret)
    return text + suite.sign(secret, b"IPSVTP" + text)


def open_request(data: bytes, suite: Suite) -> bytes:
    """Return the public key that a purse is asked for. Raises: PersonalisingError."""
    if len(data) != REQUEST_BYTES or data[0] != VERSION:
        raise PersonalisingError(f"a request has {REQUEST_BYTES} bytes and begins with 01")
    text, signature = data[: 1 + PUBLIC_KEY_BYTES], data[1 + PUBLIC_KEY_BYTES :]
    if not suite.verify(text[1:], b"IPSVTP" + text, signature):
        raise PersonalisingError("the request is not whole: it is not signed by its own key")
    return text[1:]


def terms_for(issuer: Issuer, profile: Profile, card_key: bytes, day: int) -> Terms:
    """Return a certified purse that nobody but the key's holder can use."""
    certificate = issuer.certify(
        name=profile.name,
        purse_class=profile.purse_class,
        expiry=profile.expiry,
        card_key=card_key,
    )
    return Terms(
        version=VERSION,
        certificate=certificate.encode(),
        issuer_key=issuer.key_id,
        issuer_public=issuer.public,
        currencies=_five(profile.currencies),
        ceilings=_five(profile.ceilings),
        balances=_five(profile.balances),
        parameters=profile.parameters,
        day=day,
        log_slots=profile.log_slots,
        narrative_slots=profile.narrative_slots,
    )


def sign_terms(issuer: Issuer, terms: Terms) -> bytes:
    """Return the issuer's answer to a request."""
    body = msgspec.msgpack.encode(terms)
    return msgspec.msgpack.encode((body, issuer.suite.sign(issuer.secret, b"IPSVTI" + body)))


def open_answer(data: bytes, own_key: bytes, suite: Suite) -> Terms:
    """Return what the issuer made of this key. Raises: PersonalisingError.

    That the issuer is the right one is for whoever carries the answer to know: a purse of another
    issuer is refused by every card of ours.
    """
    try:
        body, signature = msgspec.msgpack.decode(data, type=tuple[bytes, bytes])
        terms = msgspec.msgpack.decode(body, type=Terms)
    except MALFORMED as error:
        raise PersonalisingError(f"this is no answer of an issuer: {error}") from error
    if terms.version != VERSION:
        raise PersonalisingError(f"the answer is of version {terms.version}, not {VERSION}")
    if not suite.verify(terms.issuer_public, b"IPSVTI" + body, signature):
        raise PersonalisingError("the answer is not whole: the issuer's signature is not over it")
    certificate = decode_certificate(terms.certificate)
    if certificate.public_key != own_key:
        raise PersonalisingError(
            "the answer is for another key: ask the issuer again with this one"
        )
    text = certificate_text(certificate)
    known = certificate.issuer_key == terms.issuer_key
    if not known or not suite.verify(terms.issuer_public, text, certificate.signature):
        raise PersonalisingError("the certificate in it is not signed by the issuer")
    return terms


def card_of(terms: Terms, secret: int) -> Card:
    """Return the purse: its personality, and the image that it begins with."""
    certificate = decode_certificate(terms.certificate)
    personality = Personality(
        name=certificate.name,
        purse_class=certificate.purse_class,
        secret=secret,
        certificate=terms.certificate,
        issuer_keys={terms.issuer_key: terms.issuer_public},
        currencies=terms.currencies,
        ceilings=terms.ceilings,
        log_slots=terms.log_slots,
        narrative_slots=terms.narrative_slots,
    )
    image = first_image(balances=terms.balances, parameters=terms.parameters, date=terms.day)
    return Card(personality=personality, image=encode_image(image))


def _five(values: tuple[int, ...]) -> Five:
    assert len(values) == POCKETS, "a purse has five pockets"
    return values[0], values[1], values[2], values[3], values[4]
