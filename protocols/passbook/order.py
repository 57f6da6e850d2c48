"""What the passbook's card signs, the certificate that names its account, and the check of both.

    CERT  113   version 1 | issuer key 1 | account 10 | expiry u32 | public key 33 | signature 64
                                                          signed: "IPSPBC" | all before the signature
    ORDER  47   account 10 | payee 10 | amount u64 | currency u16 | reference 8 | day u32 | counter u32
                | holder 1                                signed: "IPSPB1" | the order
    ORDER and its signature and CERT: 224 bytes, one short APDU and one field of a bank's message.

Numbers of accounts are digits, four bits each, F behind. Everything else is big-endian. The reference is
the order's at the shop (protocols.purse.details.order_reference). Source: ours.
"""

import struct
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from protocols.purse.suite import SIGNATURE_BYTES, Suite

ACCOUNT_BYTES: Final = 10
ACCOUNT_DIGITS: Final = range(10, 20)
REFERENCE_BYTES: Final = 8
COUNTER_MAX: Final = 0xFFFF_FFFF
AMOUNT_MAX: Final = 10**12
VERSION: Final = 1
_CERTIFICATE: Final = struct.Struct(">BB10sI33s")
_ORDER: Final = struct.Struct(">10s10sQH8sIIB")
CERTIFICATE_BYTES: Final = _CERTIFICATE.size + SIGNATURE_BYTES
ORDER_BYTES: Final = _ORDER.size
SIGNED_BYTES: Final = ORDER_BYTES + SIGNATURE_BYTES
assert SIGNED_BYTES + CERTIFICATE_BYTES <= 255
REQUEST_BYTES: Final = ORDER_BYTES - ACCOUNT_BYTES - 4
"""What the terminal asks for: an order without account and counter, which the card adds."""


class OrderError(ValueError):
    """These bytes are no order, or no certificate."""


class Holder(IntEnum):
    """Who has made sure that it is the holder who orders."""

    BANK = 0
    """The PIN goes to the bank with the order."""
    CARD = 1
    """The card has compared the PIN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A transfer that is wished for."""

    account: str
    payee: str
    amount: int
    """Minor units."""
    currency: int
    """ISO 4217 number."""
    reference: bytes
    day: int
    """The store's date, YYYYMMDD."""
    counter: int
    """Of the card: one more with each order."""
    holder: Holder

    def encode(self) -> bytes:
        """Return the bytes that are signed."""
        return _ORDER.pack(
            _account(self.account), _account(self.payee), self.amount, self.currency,
            self.reference, self.day, self.counter, self.holder,
        )  # fmt: skip

    def request(self) -> bytes:
        """Return what the terminal asks the card to sign."""
        encoded = self.encode()
        return encoded[ACCOUNT_BYTES:-5] + encoded[-1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """An account and its card's public key, as its bank signed them."""

    issuer_key: int
    account: str
    expiry: int
    """YYYYMMDD; the last day."""
    public_key: bytes
    signature: bytes = b""

    def signed_part(self) -> bytes:
        """Return what stands under the signature."""
        return _CERTIFICATE.pack(
            VERSION, self.issuer_key, _account(self.account), self.expiry, self.public_key
        )

    def encode(self) -> bytes:
        """Return the bytes."""
        return self.signed_part() + self.signature


def decode_order(data: bytes) -> Order:
    """Decode an order. Raises: OrderError."""
    if len(data) != ORDER_BYTES:
        raise OrderError(f"{len(data)} bytes are no order")
    account, payee, amount, currency, reference, day, counter, holder = _ORDER.unpack(data)
    if holder not in tuple(Holder) or not 0 < amount <= AMOUNT_MAX:
        raise OrderError("no amount, or nobody who vouches for the holder")
    return Order(
        account=_digits(account), payee=_digits(payee), amount=amount, currency=currency,
        reference=reference, day=day, counter=counter, holder=Holder(holder),
    )  # fmt: skip


def order_of_request(request: bytes, account: str, counter: int) -> Order:
    """Return the order that a terminal asks a card for. Raises: OrderError."""
    if len(request) != REQUEST_BYTES:
        raise OrderError(f"{len(request)} bytes ask for no order")
    return decode_order(_account(account) + request[:-1] + counter.to_bytes(4) + request[-1:])


def decode_certificate(data: bytes) -> Certificate:
    """Decode a certificate; who signed it is another question. Raises: OrderError."""
    if len(data) != CERTIFICATE_BYTES:
        raise OrderError(f"{len(data)} bytes are no certificate")
    version, issuer_key, account, expiry, public_key = _CERTIFICATE.unpack_from(data)
    if version != VERSION:
        raise OrderError(f"version {version} is not known")
    return Certificate(
        issuer_key=issuer_key,
        account=_digits(account),
        expiry=expiry,
        public_key=public_key,
        signature=data[_CERTIFICATE.size :],
    )


def certificate_text(certificate: Certificate) -> bytes:
    """Return what a bank signs."""
    return b"IPSPBC" + certificate.signed_part()


def order_text(order: bytes) -> bytes:
    """Return what a card signs."""
    return b"IPSPB1" + order


class Flaw(Enum):
    """Why an order is not one that a bank carries out."""

    MALFORMED = "no order, no certificate, or none of this kind"
    ISSUER = "the certificate is not of this bank"
    ACCOUNT = "the certificate is another account's"
    SIGNATURE = "the card has not signed this"
    EXPIRED = "the card has expired"
    COUNTER = "the card has signed a later order already"


def verify(
    signed: bytes,
    certificate: bytes,
    *,
    issuer_keys: dict[int, bytes],
    last_counter: int,
    today: int,
    suite: Suite,
) -> Order | Flaw:
    """Check an order as the account's bank does, and return it, or what is wrong with it.

    `signed`: order and signature. `last_counter`: of the newest order that this account's bank has
    taken; the same order again is for whoever keeps answers, by account and counter. Raises nothing.
    """
    try:
        named = decode_certificate(certificate)
        order = decode_order(signed[:ORDER_BYTES])
    except OrderError:
        return Flaw.MALFORMED
    issuer = issuer_keys.get(named.issuer_key)
    if issuer is None or not suite.verify(issuer, certificate_text(named), named.signature):
        return Flaw.ISSUER
    if order.account != named.account:
        return Flaw.ACCOUNT
    text = order_text(signed[:ORDER_BYTES])
    if not suite.verify(named.public_key, text, signed[ORDER_BYTES:]):
        return Flaw.SIGNATURE
    if today > named.expiry:
        return Flaw.EXPIRED
    if order.counter <= last_counter:
        return Flaw.COUNTER
    return order


def is_account(number: str) -> bool:
    """Say whether digits can be an account's number."""
    return number.isascii() and number.isdigit() and len(number) in ACCOUNT_DIGITS


def _account(number: str) -> bytes:
    assert is_account(number), "an account's number has 10 to 19 digits"
    return bytes.fromhex(number.ljust(2 * ACCOUNT_BYTES, "f"))


def _digits(data: bytes) -> str:
    """Raises: OrderError."""
    digits = data.hex().rstrip("f")
    if not is_account(digits):
        raise OrderError("no account's number")
    return digits
