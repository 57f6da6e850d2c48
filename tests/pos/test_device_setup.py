"""What [devices] says beside the addresses, as the drivers take it; every word of it is one of theirs."""

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from devices.drivers.drawer import PULSES_MAX, Contact, DrawerWiring
from devices.drivers.print_job import Proof, Verdict
from devices.drivers.scanner import REPEAT_WINDOW_NS
from devices.printer import PrinterOptions
from devices.scanner import Ending, Handshake
from pos.config import DRAWER_PULSES_MAX, DevicesTable, parse_config
from pos.device_setup import ending, handshake, printer_options, repeat_window_ns
from protocols.escpos.codes import DrawerPin


def table(text: str) -> DevicesTable:
    return parse_config(f"[devices]\n{text}", Path("/shop/pos.toml")).devices


def words(key: str) -> tuple[object, ...]:
    """Return what the configuration accepts for a key."""
    return get_args(get_type_hints(DevicesTable)[key])


def test_without_a_word_the_drivers_have_their_own_defaults() -> None:
    plain = table("")

    assert printer_options(plain) == PrinterOptions()
    assert (ending(plain), handshake(plain)) == (Ending.CR, Handshake.NONE)
    assert repeat_window_ns(plain) == REPEAT_WINDOW_NS
    assert DRAWER_PULSES_MAX == PULSES_MAX


@pytest.mark.parametrize(
    ("word", "proof", "verdict"),
    [
        ("gsh", Proof.PROCESS_ID, Verdict.UNSURE),
        ("status", Proof.STATUS, Verdict.PRINTED),
        ("assume", Proof.NONE, Verdict.PRINTED),
    ],
)
def test_proof_is_what_the_shop_says_of_its_printer(
    word: str, proof: Proof, verdict: Verdict
) -> None:
    """What cannot prove must be named before its silence counts as printed."""
    options = printer_options(table(f"printer_proof = '{word}'"))

    assert (options.proof, options.without_proof) == (proof, verdict)


def test_a_drawer_on_the_other_pin_with_the_contact_turned_round() -> None:
    wired = table("drawer_pin = 5\ndrawer_contact = 'open_is_low'\ndrawer_pulses = 1")

    assert printer_options(wired).wiring == DrawerWiring(
        contact=Contact.OPEN_IS_LOW, pin=DrawerPin.FIVE, pulses=1
    )


def test_every_word_of_the_configuration_is_one_of_the_drivers() -> None:
    """A new ending or wiring of the drivers can be configured, and nothing else can."""
    assert {ending(table(f"scanner_ending = '{word}'")) for word in words("scanner_ending")} == set(
        Ending
    )
    assert {Handshake(word) for word in words("scanner_handshake")} == set(Handshake)
    assert {Contact(word) for word in words("drawer_contact")} == set(Contact)


def test_a_repeat_window_of_nothing_is_never_a_repeat() -> None:
    assert repeat_window_ns(table("scanner_repeat_ms = 0")) == 0
    assert repeat_window_ns(table("scanner_repeat_ms = 1200")) == 1_200_000_000
