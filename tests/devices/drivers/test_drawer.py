"""Pulses and the contact of the drawer: as many as needed, no more, and honest ends."""

import pytest

from devices.drivers.drawer import SETTLE_NS, Contact, DrawerState, DrawerWiring, Kick, KickEnd
from protocols.escpos.codes import DrawerPin
from protocols.escpos.commands import KickDrawer, KickNow
from protocols.escpos.decode import Decoder
from protocols.escpos.status import DrawerSense

OPEN, CLOSED, UNKNOWN = DrawerState.OPEN, DrawerState.CLOSED, DrawerState.UNKNOWN
LATE = 100 * SETTLE_NS


def kind(data: bytes) -> type | None:
    """Return which pulse these bytes are."""
    commands = Decoder().receive(data)
    return type(commands[0]) if commands else None


@pytest.mark.parametrize(
    ("contact", "sense", "state"),
    [
        (Contact.OPEN_IS_HIGH, DrawerSense.HIGH, OPEN),
        (Contact.OPEN_IS_HIGH, DrawerSense.LOW, CLOSED),
        (Contact.OPEN_IS_LOW, DrawerSense.HIGH, CLOSED),
        (Contact.OPEN_IS_LOW, DrawerSense.LOW, OPEN),
        (Contact.NONE, DrawerSense.HIGH, UNKNOWN),
        (Contact.NONE, DrawerSense.LOW, UNKNOWN),
        (Contact.OPEN_IS_HIGH, DrawerSense.UNKNOWN, UNKNOWN),
        (Contact.OPEN_IS_LOW, DrawerSense.UNKNOWN, UNKNOWN),
    ],
)
def test_level_means_what_the_wiring_says(
    contact: Contact, sense: DrawerSense, state: DrawerState
) -> None:
    assert DrawerWiring(contact=contact).state(sense) is state


def test_pulses_take_turns_while_the_contact_says_shut() -> None:
    kick = Kick(DrawerWiring(pulses=3, pin=DrawerPin.FIVE), deadline_ns=LATE)
    kinds = []
    for turn in range(4):
        now = 1 + turn * SETTLE_NS
        kick.look(CLOSED, now)
        kinds.append(kind(kick.pulse(CLOSED, now, in_turn=True)))

    assert kinds == [KickDrawer, KickNow, KickDrawer, None]
    assert kick.end is KickEnd.STILL_CLOSED


def test_printer_that_does_not_print_gets_the_pulse_that_needs_no_turn() -> None:
    kick = Kick(DrawerWiring(), deadline_ns=LATE)

    assert kind(kick.pulse(CLOSED, 1, in_turn=False)) is KickNow


def test_next_pulse_comes_exactly_when_the_contact_had_its_time() -> None:
    kick = Kick(DrawerWiring(), deadline_ns=LATE)
    kick.pulse(CLOSED, 1, in_turn=True)

    assert kick.due_ns == 1 + SETTLE_NS
    assert kick.pulse(CLOSED, SETTLE_NS, in_turn=True) == b""
    assert kick.pulse(CLOSED, 1 + SETTLE_NS, in_turn=True) != b""


def test_open_contact_ends_it_at_once_but_not_before_the_first_pulse() -> None:
    """Goal: a contact wired the wrong way round must not keep the pulse from the drawer."""
    kick = Kick(DrawerWiring(), deadline_ns=LATE)
    kick.look(OPEN, 1)
    assert kick.end is None
    assert kick.pulse(OPEN, 1, in_turn=True) != b""

    kick.look(OPEN, 2)
    assert kick.end is KickEnd.OPENED
    assert kick.pulse(CLOSED, LATE, in_turn=True) == b""


def test_without_a_contact_one_pulse_is_all() -> None:
    kick = Kick(DrawerWiring(contact=Contact.NONE), deadline_ns=LATE)
    kick.pulse(UNKNOWN, 1, in_turn=True)
    kick.look(UNKNOWN, SETTLE_NS)
    assert kick.end is None

    assert kick.pulse(UNKNOWN, 1 + SETTLE_NS, in_turn=True) == b""
    kick.look(UNKNOWN, 1 + SETTLE_NS)
    assert kick.end is KickEnd.KICKED


@pytest.mark.parametrize(
    ("pulsed", "state", "end"),
    [
        (False, CLOSED, KickEnd.NOT_KICKED),
        (False, UNKNOWN, KickEnd.NOT_KICKED),
        (True, CLOSED, KickEnd.STILL_CLOSED),
        (True, UNKNOWN, KickEnd.KICKED),
        (True, OPEN, KickEnd.OPENED),
    ],
)
def test_deadline_ends_it_exactly_with_what_is_known(
    pulsed: bool, state: DrawerState, end: KickEnd
) -> None:
    kick = Kick(DrawerWiring(), deadline_ns=SETTLE_NS // 2)
    if pulsed:
        kick.pulse(CLOSED, 1, in_turn=True)
    kick.look(CLOSED, SETTLE_NS // 2 - 1)
    assert kick.end is None

    kick.look(state, SETTLE_NS // 2)
    assert kick.end is end


@pytest.mark.parametrize(("pulsed", "end"), [(False, KickEnd.NOT_KICKED), (True, KickEnd.KICKED)])
def test_lost_link_ends_it(pulsed: bool, end: KickEnd) -> None:
    kick = Kick(DrawerWiring(), deadline_ns=LATE)
    if pulsed:
        kick.pulse(CLOSED, 1, in_turn=True)
    kick.lost()

    assert kick.end is end
