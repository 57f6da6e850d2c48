"""The twins beside one till: built from their kinds, hosted on a ground, worked by verbs.

printer, line_display, scanner, stripe_reader, pin_pad    each on its own wire, with its own faults
customer, shop                                            card slots; the world's cards lie beside them

The customer's may be a hybrid reader, on a wire of its own. A PIN pad stands only where somebody wishes for one:
without it, a PIN is keyed on the reader's own keypad. So does a
stand-alone payment terminal; its memory is as long as the world's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import msgspec

from protocols.control import DeviceState, Event, Verb, VerbHelp
from protocols.ports import Clock
from protocols.serial_line import LineSettings
from sim.cards.card import Card
from sim.control import Served
from sim.entropy import SeededEntropy
from sim.faults import Faults
from sim.hosting.card_slot import HostedSlot
from sim.hosting.hosted import Hosted
from sim.payment_terminal import PaymentTerminalTwin
from sim.printer import PrinterTwin
from sim.smart_card import SmartCardTwin
from sim.stage.kinds import KINDS, Needs, SlotOptions
from sim.stage.world.wires import Ground
from sim.wire import Pace, Wire

CUSTOMER: Final = "customer"
SHOP: Final = "shop"
SLOTS: Final = (CUSTOMER, SHOP)
PIN_PAD: Final = "pin_pad"
PAYMENT_TERMINAL: Final = "payment_terminal"
BYTES: Final = ("printer", "line_display", "scanner", "stripe_reader")
DEVICES: Final = (*BYTES, *SLOTS)
"""What stands beside every till."""
_BAUD: Final = {
    "printer": 115_200,
    PAYMENT_TERMINAL: 115_200,
    "line_display": 9_600,
    "scanner": 9_600,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinWish:
    """How one twin is to be."""

    options: msgspec.Struct
    kind: str = ""
    """What it is; empty where its name says it."""
    line: LineSettings = field(default_factory=LineSettings)
    faults: Faults = field(default_factory=Faults)
    pace: Pace = Pace.AT_ONCE
    start: tuple[Verb, ...] = ()
    """What is done to it before anybody meets it."""


def wish(name: str) -> TwinWish:
    """Return a device of this name as it comes out of its box."""
    kind = KINDS["smart_card" if name in SLOTS else name]
    options = kind.options(**({"inserted": SHOP} if name == SHOP else {}))
    return TwinWish(options=options, line=LineSettings(baud=_BAUD.get(name, 9_600)))


class Equipment:
    """Everything that is plugged into one till."""

    def __init__(
        self,
        wishes: Mapping[str, TwinWish],
        *,
        ground: Ground,
        clock: Clock,
        entropy: SeededEntropy,
        cards: Mapping[str, Card],
        away: set[str],
        pad: Mapping[str, Any] = MappingProxyType({}),
        acquirer: Mapping[str, Any] = MappingProxyType({}),
        prefix: str = "",
    ) -> None:
        """Build the twins; nothing is reachable yet. `prefix` tells the tills of a world apart, `pad` is
        what a PIN pad is made from, `acquirer` says how a payment terminal reaches its bank."""
        self._wishes = wishes
        options = wishes[SHOP].options if SHOP in wishes else None
        self.own_card = options.inserted if isinstance(options, SlotOptions) else ""
        """The card that belongs into the shop's slot; empty where there is no such slot."""
        self.devices: dict[str, Served] = {}
        for name, each in wishes.items():
            place = f"{prefix}{name}"
            kind = KINDS[each.kind or ("smart_card" if name in SLOTS else name)]
            brought = {
                Needs.CARDS: {"cards": cards, "away": away},
                Needs.ISSUERS: pad,
                Needs.MEMORY: {"clock": clock, **acquirer},
            }.get(kind.needs, {})
            twin = kind.build(each.options, **brought)
            if kind.name == "smart_card":
                assert isinstance(twin, SmartCardTwin), "a slot's kind is a slot"
                self.devices[name] = HostedSlot(
                    name=name, twin=twin, carrier=ground.reader(place), clock=clock
                )
            else:
                self.devices[name] = Hosted(
                    name=name,
                    twin=twin,
                    carrier=ground.carrier(place, each.line),
                    wire=Wire(
                        entropy.fork(place), line=each.line, pace=each.pace, faults=each.faults
                    ),
                    clock=clock,
                )

    async def start(self) -> None:
        """Plug everything in. Raises: OSError."""
        for name, device in self.devices.items():
            await device.start()
            for verb in self._wishes[name].start:
                await device.do(verb)

    async def stop(self) -> None:
        """Unplug everything."""
        for device in self.devices.values():
            await device.stop()

    async def do(self, device: str, verb: str, **arguments: str) -> None:
        """Do something to a device. Raises: VerbError, OSError."""
        await self.devices[device].do(Verb(verb=verb, arguments=arguments))

    def address(self, device: str) -> str:
        """Return what a till opens; empty where there is none."""
        return self.devices[device].address if device in self.devices else ""

    def state(self, device: str) -> dict[str, Any]:
        """Return what can be seen on a device."""
        seen: DeviceState = self.devices[device].state()
        return seen.state

    def verbs(self, device: str) -> Sequence[VerbHelp]:
        """Return what can be done to a device."""
        return self.devices[device].state().verbs

    def history(self, device: str) -> Sequence[Event]:
        """Return what happened to a device, oldest first."""
        return self.devices[device].history()

    def paper(self) -> str:
        """Return everything that came out of the printer, as text."""
        printer = self.devices.get("printer")
        twin = None if printer is None else printer.twin
        return twin.paper_text() if isinstance(twin, PrinterTwin) else ""

    def papers(self) -> list[str]:
        """Return the texts of what was cut off the printer since this was last asked."""
        printer = self.devices.get("printer")
        twin = None if printer is None else printer.twin
        return twin.roll.take() if isinstance(twin, PrinterTwin) else []

    def card_in(self, slot: str) -> str:
        """Return the card that is in a slot; empty where none is."""
        return str(self.devices[slot].twin.state()["card"]) if slot in self.devices else ""


def payment_terminal(equipment: Equipment) -> PaymentTerminalTwin | None:
    """Return the stand-alone payment terminal itself; None where there is none."""
    device = equipment.devices.get(PAYMENT_TERMINAL)
    twin = None if device is None else device.twin
    return twin if isinstance(twin, PaymentTerminalTwin) else None
