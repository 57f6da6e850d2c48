"""Addresses: one line of configuration says where a device is, and a wrong one says what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.address import Address, AddressError, parse_address


@pytest.mark.parametrize(
    ("text", "scheme", "place", "options"),
    [
        ("serial:///dev/ttyUSB0", "serial", "/dev/ttyUSB0", {}),
        (
            "serial:///dev/ttyUSB0?baud=9600&parity=even",
            "serial",
            "/dev/ttyUSB0",
            {"baud": "9600", "parity": "even"},
        ),
        ("tcp://127.0.0.1:9100", "tcp", "127.0.0.1:9100", {}),
        ("rfc2217://[::1]:2217?baud=19200", "rfc2217", "[::1]:2217", {"baud": "19200"}),
        ("sim://printer", "sim", "printer", {}),
        ("pcsc://Reader%20Name%2000%2000", "pcsc", "Reader Name 00 00", {}),
        ("sim://x?a=", "sim", "x", {"a": ""}),
        ("sim://x?a=1%262", "sim", "x", {"a": "1&2"}),
        ("sim://x?", "sim", "x", {}),
        ("serial://COM3", "serial", "COM3", {}),
    ],
)
def test_addresses_of_the_docstring(
    text: str, scheme: str, place: str, options: dict[str, str]
) -> None:
    """Each kind of address, its parts."""
    assert parse_address(text) == Address(scheme, place, options)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True),
    TEXT,
    st.dictionaries(
        TEXT, st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4
    ),
)
def test_written_address_is_read_back(scheme: str, place: str, options: dict[str, str]) -> None:
    """Whatever a reader is called: blanks, slashes, question marks, Hangul."""
    address = Address(scheme, place, options)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not an address"),
        ("/dev/ttyUSB0", "not an address"),
        ("serial:/dev/ttyUSB0", "not an address"),
        ("://x", "not an address"),
        ("my bus://x", "not an address"),
        ("serial://", "no place"),
        ("serial://?baud=9600", "no place"),
        ("serial://x?baud", "name=value"),
        ("serial://x?baud=1&&b=2", "name=value"),
        ("serial://x?baud=1&baud=2", "stands twice"),
    ],
)
def test_wrong_address_says_what_is_wrong(text: str, said: str) -> None:
    """With an example, where a person reads it."""
    with pytest.raises(AddressError, match=said):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tcp://127.0.0.1:9100", ("127.0.0.1", 9100)),
        ("tcp://printer.shop:1", ("printer.shop", 1)),
        ("tcp://[::1]:65535", ("::1", 65535)),
    ],
)
def test_endpoint_is_host_and_port(text: str, endpoint: tuple[str, int]) -> None:
    """IPv6 stands in brackets."""
    assert parse_address(text).endpoint() == endpoint


@pytest.mark.parametrize(
    "place",
    [
        "127.0.0.1",
        "127.0.0.1:",
        ":9100",
        "x:0",
        "x:65536",
        "x:-1",
        "x:9100a",
        "x:²",
        "x:９１００",
        "x:" + "9" * 5000,
    ],
)
def test_endpoint_without_a_port_that_can_be_is_an_address_error(place: str) -> None:
    """Numbers out of range, digits of other scripts, digits without end."""
    with pytest.raises(AddressError, match="expected host:port"):
        Address("tcp", place).endpoint()


def test_unknown_option_is_named_with_the_known_ones() -> None:
    """A typing mistake in a configuration."""
    address = parse_address("serial:///dev/ttyS0?baut=9600")
    with pytest.raises(AddressError, match=r"'baut'.*baud, parity"):
        address.known("parity", "baud")
    with pytest.raises(AddressError, match="none"):
        address.known()
    address.known("baut")


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    """Never another exception; and what is read can be written and read again."""
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert address.scheme and address.place
