"""The link of an e-receipt: unguessable, printable, and looked up by its digest."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.receipt_link import TOKEN_BYTES, digest, is_token, link, mint


class Given:
    """Randomness that is told."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def token(self, size: int) -> bytes:
        assert size == TOKEN_BYTES == 16, "128 bits"
        return self.data


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_every_token_is_one_and_all_differ(one: bytes, other: bytes) -> None:
    """All 128 bits are in it: no two draws make one token."""
    first, second = mint(Given(one)), mint(Given(other))

    assert is_token(first) and len(first) == 22
    assert (first == second) == (one == other)


@pytest.mark.parametrize(
    "text",
    ["", "A" * 21, "A" * 23, "A" * 21 + "B", "A" * 21 + "=", "A" * 21 + "\n", "가" * 22, "../" * 7 + "A"],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert not is_token(text)


def test_link_and_digest() -> None:
    """A slash more or less in the policy makes no other address."""
    token = mint(Given(bytes(16)))

    assert token == "A" * 22
    assert link("https://r.example.kr", token) == f"https://r.example.kr/r/{token}"
    assert link("https://r.example.kr/", token) == link("https://r.example.kr", token)
    assert digest(token) == hashlib.sha256(b"A" * 22).digest()
