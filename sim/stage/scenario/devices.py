"""Steps that are a device's own verbs: { printer = "paper_out" }, { customer = "insert", card = "customer-1" },
and a bank's: { hanbit = "lose_answers", count = 1 }.

The same verbs as the control interface and the bench offer, the wire's included; so what a tester did
by hand can be written down word for word.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from protocols.control import VerbHelp
from sim.clock import VirtualClock
from sim.hosting.hosted import WIRE_VERBS
from sim.stage.kinds import KINDS
from sim.stage.scenario.stage import Stage
from sim.stage.scenario.steps import Step
from sim.stage.scenario.words import nearest
from sim.stage.world.banks import BANKS
from sim.stage.world.equipment import CUSTOMER, DEVICES, PAYMENT_TERMINAL, PIN_PAD, SLOTS

NAMES: Final = (*DEVICES, PIN_PAD, PAYMENT_TERMINAL, *BANKS)
"""What has verbs of its own."""
_CABLE: Final = ("pull_cable", "plug_cable")
HARMLESS: Final = frozenset(
    {
        *("insert", "tap", "lift", "enter", "press", "unmute", "repair", "clear"),
        *("scan", "scan_as", "complete", "swipe"),
        *("load_paper", "close_cover", "clear_cutter", "cool_down", "close_drawer", "free_drawer"),
        *("restore_answers", "switch_on", "ready", "speed", "plug_cable", "clear"),
        *("free", "chip_unmute"),
        *("answers_only", "clear_after"),
        *("issuer_back", "forget_pins"),
        *("enter_pin", "be_free", "power_on"),
    }
)
"""Verbs that break nothing; every other one is a fault."""


class DeviceStep(Step, frozen=True, kw_only=True):
    """A verb of a device, with that verb's arguments."""

    device: str
    verb: str
    arguments: dict[str, str]

    @property
    def is_fault(self) -> bool:
        """Say whether this verb lets something go wrong."""
        return self.verb not in HARMLESS

    async def play(self, stage: Stage) -> None:
        """Do it."""
        await stage.do(self.device, self.verb, **self.arguments)


@cache
def verbs_of(device: str) -> dict[str, VerbHelp]:
    """Return what can be done to a device of this name, by the verbs' names."""
    if device not in SLOTS:
        brought = {"clock": VirtualClock()} if device in (*BANKS, PAYMENT_TERMINAL) else {}
        own = _own_verbs("bank" if device in BANKS else device, **brought)
        return {verb.name: verb for verb in (*WIRE_VERBS, *own)}
    # The customer's slot may be a hybrid reader's: one that is none says so when it is asked.
    cable = [verb for verb in WIRE_VERBS if verb.name in _CABLE]
    more = [*_own_verbs("hybrid_reader"), *cable] if device == CUSTOMER else []
    return {verb.name: verb for verb in (*more, *_own_verbs("smart_card"))}


def _own_verbs(kind: str, **brought: Any) -> Sequence[VerbHelp]:
    return KINDS[kind].build(KINDS[kind].options(), **brought).verbs()


def device_step(device: str, table: dict[str, Any]) -> DeviceStep:
    """Return the step of a table. Raises: ValueError with the nearest known word."""
    verb = table[device]
    offered = verbs_of(device)
    if not isinstance(verb, str) or verb not in offered:
        raise ValueError(f"{device} has no verb {verb!r}; {nearest(str(verb), offered)}")
    given = {key: value for key, value in table.items() if key != device}
    known = offered[verb].arguments
    both = {**known, **offered[verb].optional}
    for key in given:
        if key not in both:
            raise ValueError(f"{device} = {verb!r}: no argument {key!r}; {nearest(key, both)}")
    if missing := [key for key in known if key not in given]:
        raise ValueError(f"{device} = {verb!r}: {missing[0]} is missing: {known[missing[0]]}")
    return DeviceStep(
        device=device, verb=verb, arguments={key: str(value) for key, value in given.items()}
    )
