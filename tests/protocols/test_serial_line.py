"""Serial line settings: read from an address, time of a character, who understands whom."""

import pytest

from protocols.address import AddressError, parse_address
from protocols.serial_line import Flow, LineSettings, Parity, StopBits, line_settings


def test_settings_are_read_from_the_options():
    """Goal: every option has its place."""
    address = parse_address(
        "serial:///dev/ttyS0?baud=19200&bytesize=7&parity=even&stop=2&flow=rtscts"
    )

    assert line_settings(address) == LineSettings(
        baud=19_200,
        data_bits=7,
        parity=Parity.EVEN,
        stop_bits=StopBits.TWO,
        flow=Flow.RTS_CTS,
    )
    assert str(line_settings(address)) == "19200 7E2"
    assert line_settings(parse_address("serial:///dev/ttyS0")) == LineSettings()


@pytest.mark.parametrize(
    "option", ["baud=fast", "baud=0", "baud=٣٠٠", "bytesize=9", "parity=evn", "stop=3", "flow=yes"]
)
def test_wrong_option_names_itself_and_what_is_allowed(option):
    """Goal: the sentence holds the option as written and its range or choices."""
    with pytest.raises(AddressError) as caught:
        line_settings(parse_address(f"serial:///dev/ttyS0?{option}"))

    assert option in str(caught.value)
    assert "expected" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "nanoseconds"),
    [
        (LineSettings(baud=9_600), 1_041_667),
        (LineSettings(baud=115_200), 86_806),
        (LineSettings(baud=50, data_bits=5, stop_bits=StopBits.ONE_AND_A_HALF), 150_000_000),
        (LineSettings(baud=1_000, parity=Parity.ODD, stop_bits=StopBits.TWO), 12_000_000),
    ],
)
def test_time_of_a_character_counts_every_bit(settings, nanoseconds):
    """Goal: start, data, parity and stop bits, rounded up."""
    assert settings.character_ns() == nanoseconds


def test_ends_understand_each_other_by_rate_size_and_parity():
    """Goal: stop bits and flow control do not garble."""
    line = LineSettings()

    assert line.understands(LineSettings(stop_bits=StopBits.TWO, flow=Flow.XON_XOFF))
    assert not line.understands(LineSettings(baud=19_200))
    assert not line.understands(LineSettings(parity=Parity.EVEN))
    assert not line.understands(LineSettings(data_bits=7))
