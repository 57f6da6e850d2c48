"""A till's payment terminal goes wrong, or the bank that it dials: cable, power, results, checks, answers."""

import asyncio
from typing import Final

from sim.stage.soak.registry import Kind
from sim.stage.soak.soak import Soak
from sim.stage.world.equipment import PAYMENT_TERMINAL

BETWEEN_SECONDS: Final = 1_800.0
LASTS_SECONDS: Final = 300.0
TERMINAL: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "cable pulled": ("pull_cable", {}),
    "power cut": ("power_off", {}),
    "at something else": ("be_busy", {}),
    "loses results": ("lose_results", {"count": "1"}),
    "breaks checks": ("break_checks", {"count": "2"}),
    "loses ACKs": ("lose_acks", {"count": "2"}),
    "says everything late": ("delay_answers", {"ms": "1500"}),
}
BANK: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "bank answers late": ("delay", {"ms": "9000"}),
    "bank answers too late": ("delay", {"ms": "25000"}),
    "bank loses answers": ("lose_answers", {"count": "2"}),
    "bank loses requests": ("lose_requests", {"count": "2"}),
    "bank answers with a wrong code": ("wrong_codes", {"count": "2"}),
    "bank's line is cut": ("pull_cable", {}),
    "bank is switched off and on": ("restart", {}),
}
MENDING: Final = ("plug_cable", "power_on", "be_free", "restore_answers")
BANK_MENDING: Final = ("plug_cable", "restore_answers")


class TerminalTrouble:
    """What happens to one till's terminal."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._terminal = terminal
        self._equipment = soak.world.equipment(terminal)
        self._dice = soak.dice(f"payment terminal {terminal}")

    async def live(self) -> None:
        """Go wrong now and then, in the midst of a payment as often as not, and be well again."""
        soak, bank = self._soak, self._soak.world.acquirer
        assert bank is not None, "a soak's terminals dial a bank"
        who = f"terminal {self._terminal}"
        while True:
            await asyncio.sleep(self._dice.seconds(BETWEEN_SECONDS))
            dice = soak.happens("payment terminal", self._terminal)
            if dice is None:
                continue
            what = dice.among((*TERMINAL, *BANK))
            if dice.chance(700):
                await soak.when(self._terminal, "paying", patience=LASTS_SECONDS)
                await asyncio.sleep(dice.seconds(4.0))
            soak.met(f"payment terminal: {what}", self._terminal)
            verb, arguments = TERMINAL.get(what) or BANK[what]
            if what in TERMINAL:
                await self._equipment.do(PAYMENT_TERMINAL, verb, **arguments)
            else:
                await bank.do(self._terminal, verb, **arguments)
            soak.step(who, what)
            await asyncio.sleep(dice.seconds(LASTS_SECONDS))
            for verb in MENDING:
                await self._equipment.do(PAYMENT_TERMINAL, verb)
            for verb in BANK_MENDING:
                await bank.do(self._terminal, verb)
            soak.recovered("payment terminal well again")
            soak.step(who, "is well again")


KIND: Final = Kind(
    name="payment_terminal",
    make=TerminalTrouble,
    each_till=True,
    faults=tuple(f"payment terminal: {what}" for what in (*TERMINAL, *BANK)),
)
