"""ATRs that readers make for cards on their antenna, against published ones."""

import pytest

from sim.cards.answers import Transmission, atr_of, contactless_atr, historical_bytes

# PC/SC part 3 supplemental document (storage cards), and ATRs of the pcsc-tools list: contactless cards.
PUBLISHED = [
    "3b8f8001804f0ca000000306030001000000006a",
    "3b8f8001804f0ca0000003060300020000000069",
    "3b8f8001804f0ca0000003060300030000000068",
    "3b8180018080",
    "3b80800101",
]


@pytest.mark.parametrize("atr", PUBLISHED)
def test_published_atrs_are_made_of_their_historical_bytes(atr: str) -> None:
    encoded = bytes.fromhex(atr)

    assert contactless_atr(historical_bytes(encoded)) == encoded


@pytest.mark.parametrize("size", range(16))
@pytest.mark.parametrize("transmission", Transmission)
def test_historical_bytes_are_found_in_every_atr_of_ours(
    size: int, transmission: Transmission
) -> None:
    assert historical_bytes(atr_of(transmission, bytes(range(size)))) == bytes(range(size))


def test_interface_bytes_are_passed_over() -> None:
    # Contact cards of the pcsc-tools list: TB1 and TC1; TA1, TB1, TC1, TD1, TA2, TB2.
    assert historical_bytes(bytes.fromhex("3b6800000073c84000009000")).hex() == "0073c84000009000"
    assert historical_bytes(bytes.fromhex("3bf81300008131fe454a434f5076323431b7")) == b"JCOPv241"
