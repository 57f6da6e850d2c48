"""The link of an e-receipt: a capability. Who has it may read this one receipt, and nobody else may.

    https://receipts.example.kr  /r/  Zk3xU8o1mB2yq0vN5tWc7A
    where the shop's pages are        token: 128 random bits, 22 characters of base64url

The terminal mints the token with the sale's record, in the same transaction: so it is printed before
anybody else knows of the sale, stays the same on every copy, and tells nothing about who bought what.
A broker looks it up by its digest: how long that takes says nothing about other tokens.
"""

import base64
import hashlib
import re
from typing import Final

from protocols.ports import Entropy

TOKEN_BYTES: Final = 16
TOKEN_PATTERN: Final = "[A-Za-z0-9_-]{21}[AQgw]"  # noqa: S105  how one looks, not one
"""128 bits are 21 characters and a third of one: the last has four values."""
BASE_PATTERN: Final = "https?://[A-Za-z0-9.:/_-]{1,80}"
"""Where the pages are: no query, no fragment, nothing to be escaped in a QR code."""
PATH: Final = "/r/"
_TOKEN: Final = re.compile(TOKEN_PATTERN)


def mint(entropy: Entropy) -> str:
    """Return a new token."""
    return base64.urlsafe_b64encode(entropy.token(TOKEN_BYTES)).rstrip(b"=").decode()


def is_token(text: str) -> bool:
    """Tell whether a text could be one."""
    return _TOKEN.fullmatch(text) is not None


def link(base: str, token: str) -> str:
    """Return the address of a receipt's page."""
    return f"{base.rstrip('/')}{PATH}{token}"


def digest(token: str) -> bytes:
    """Return what a token is looked up by."""
    return hashlib.sha256(token.encode()).digest()
