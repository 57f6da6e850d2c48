"""How a world comes to rest: what was broken is put right, and everybody comes back.

    mend      network, broker, banks, cables, printer, drawer, display, cards' manners; tills that are off
    settle    each card comes to the customer's slot, and the till asks about what is in doubt
    quiet     papers come out (an unsure one again, as the clerk was told), the journal goes up

Nothing here knows what went wrong; it does what a shop's people do at the end of a bad day. Whoever
does not come to rest in REST_SECONDS of the world's time is told where it waits.
"""

from collections.abc import Callable
from typing import Final

from pos.store.papers import PaperState
from sim.stage.world.banks import Banks
from sim.stage.world.equipment import (
    CUSTOMER,
    PAYMENT_TERMINAL,
    PIN_PAD,
    SHOP,
    SLOTS,
    Equipment,
    payment_terminal,
)
from sim.stage.world.network import Passing
from sim.stage.world.shop import World
from sim.stage.world.till import Disk, TillHere

REST_SECONDS: Final = 1_800.0
"""A back-off of the outbox may be minutes, a refused terminal is looked at every five."""
LOOK_NS: Final = 500_000_000
AGAIN_NS: Final = 120_000_000_000
ROUNDS_MAX: Final = 3
"""How often every card comes back before it is said that nobody can tell."""
_MENDING: Final = {
    "printer": (
        "switch_on",
        "close_cover",
        "clear_cutter",
        "cool_down",
        "load_paper",
        "free_drawer",
        "close_drawer",
        "restore_answers",
    ),
    "line_display": ("switch_on",),
    "scanner": (),
    "stripe_reader": (),
    PIN_PAD: ("unmute", "repair"),
    PAYMENT_TERMINAL: ("power_on", "be_free", "restore_answers"),
    CUSTOMER: ("unmute", "chip_unmute", "free"),
    SHOP: ("unmute",),
}
"""What hands do to each device."""
_WIRES: Final = ("clear", "plug_cable")


class UnrestError(Exception):
    """The world does not come to rest; the message says what it waits for."""


async def rest(world: World) -> None:
    """Bring it to rest. Raises: UnrestError."""
    await mend(world)
    for till in world.tills.values():
        await settle(world, till)
    for till in world.tills.values():
        await quiet(world, till)
    if world.banks is not None:
        await _agreed(world)
    if world.acquirer is not None:
        for till in world.tills.values():
            await _until(world, lambda till=till: _undone(till), till, "its terminal's bank")  # type: ignore[misc]


async def mend(world: World) -> None:
    """Put right whatever is broken; who was to be killed is spared."""
    if world.banks is not None:
        await _mend_banks(world.banks)
    if world.acquirer is not None:
        for terminal in world.acquirer.hosts:
            for verb in (*_WIRES, "restore_answers"):
                await world.acquirer.do(terminal, verb)
    world.broker.spare()
    world.broker.start()
    for till in world.tills.values():
        till.life.spare()
        till.network.always(Passing.GOOD)
        await till.network.calm()
        till.set_disk(Disk.FREE)
        await _mend(till.equipment)
        await till.start()
        await _until(
            world,
            lambda till=till: till.view.payment is None,  # type: ignore[misc]
            till,
            "the payment under way to end",
        )


async def settle(world: World, till: TillHere) -> None:
    """Have every card come back until nothing is in doubt."""
    own = till.equipment.own_card
    for _ in range(ROUNDS_MAX):
        for label in world.purses.customers():
            # A tear that was arranged and never came may come now.
            if own and not till.equipment.card_in(SHOP):
                await till.equipment.do(SHOP, "insert", card=own)
            if not till.doubts():
                return
            await _show(world, till.equipment, label)
            await till.key("RS")
        # Whoever is asked beyond the line may not be reached yet.
        await world.passes(AGAIN_NS)


async def quiet(world: World, till: TillHere) -> None:
    """Wait until papers are out and the broker has everything."""
    await _until(world, lambda: not till.view.paper_waiting, till, "the papers to come out")
    for sale in _unsure(till):
        await till.key(f"{sale}RP")
    await _until(world, lambda: not till.view.paper_waiting, till, "the copies to come out")
    if till.wish.joined:
        await _until(world, lambda: not _unsent(till), till, "the broker to take the journal")


async def _agreed(world: World) -> None:
    """Wait until no bank is still to be told something. Raises: UnrestError."""
    deadline_ns = world.clock.monotonic_ns() + int(REST_SECONDS * 1_000_000_000)
    open_ones = (
        "SELECT count(*) FROM bank_exchange WHERE state NOT IN ('approved', 'declined', 'reversed')"
    )
    while left := world.broker.reader.ask(open_ones)[0][0]:
        if world.clock.monotonic_ns() > deadline_ns:
            raise UnrestError(f"the broker waited {REST_SECONDS:.0f} s for banks: {left} exchanges")
        await world.passes(LOOK_NS)


async def _mend_banks(banks: Banks) -> None:
    for bank in banks.hosts:
        for verb in (*_WIRES, "restore_answers"):
            await banks.do(verb, bank)


async def _mend(equipment: Equipment) -> None:
    for device in equipment.devices:
        offered = {verb.name for verb in equipment.verbs(device)}
        for verb in (*_WIRES, *_MENDING[device]):
            # A pad has a key of this name.
            if verb in offered and (device, verb) != (PIN_PAD, "clear"):
                await equipment.do(device, verb)
        if device in SLOTS:
            await equipment.do(device, "delay", ms="0")
            if equipment.state(device)["keypad"] != "idle":
                await equipment.do(device, "cancel")


async def _show(world: World, equipment: Equipment, label: str) -> None:
    """Put a card into the customer's slot; from another till's it is taken out."""
    if equipment.card_in(CUSTOMER) == label:
        return
    for till in world.tills.values():
        if till.equipment.card_in(CUSTOMER) == label:
            await till.equipment.do(CUSTOMER, "remove")
    await equipment.do(CUSTOMER, "swap" if equipment.card_in(CUSTOMER) else "insert", card=label)


def _unsure(till: TillHere) -> list[int]:
    """Return the sales whose receipts nobody can vouch for, so that the clerk prints a copy."""
    with till.store() as store:
        rows = store.database.rows(
            "SELECT sale FROM paper WHERE form = 'sale' AND business_date = ?"
            " GROUP BY sale HAVING sum(state = ?) > 0 AND sum(state = ?) = 0 ORDER BY sale",
            (
                till.wired.till.register.business_date,
                PaperState.KEPT.value,
                PaperState.PRINTED.value,
            ),
        )
    return [row[0] for row in rows if isinstance(row[0], int)]


def _undone(till: TillHere) -> bool:
    """Say whether a till's payment terminal has nothing to tell its bank any more."""
    twin = payment_terminal(till.equipment)
    return twin is None or not (twin.journal.requests() or twin.journal.comparing)


def _unsent(till: TillHere) -> int:
    """Return how many records the broker has not; the screen may be a moment behind."""
    with till.store() as store:
        return store.queue().waiting


async def _until(world: World, holds: Callable[[], bool], till: TillHere, what: str) -> None:
    """Wait for something of one till. Raises: UnrestError."""
    deadline_ns = till.clock.monotonic_ns() + int(REST_SECONDS * 1_000_000_000)
    while not holds():
        if till.clock.monotonic_ns() > deadline_ns:
            raise UnrestError(
                f"till {till.wish.terminal} waited {REST_SECONDS:.0f} s for {what}; it says: "
                f"{till.view.notice.banner if till.view.notice else 'nothing'}"
            )
        await world.passes(LOOK_NS)
