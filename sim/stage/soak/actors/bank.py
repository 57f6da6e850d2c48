"""The bank goes wrong: it answers late, twice, crosswise, or never; it refuses; its line breaks; it is switched off and on."""

import asyncio
from typing import Final

from protocols.control import Verb
from sim.stage.soak.registry import Kind
from sim.stage.soak.soak import Soak
from sim.stage.world.banks import HANBIT

BETWEEN_SECONDS: Final = 1_800.0
LASTS_SECONDS: Final = 400.0
TROUBLES: Final[dict[str, tuple[tuple[str, dict[str, str]], ...]]] = {
    "answers late": (("delay", {"ms": "9000"}),),
    "answers too late": (("delay", {"ms": "25000"}),),
    "loses answers": (("lose_answers", {"count": "2"}),),
    "loses requests": (("lose_requests", {"count": "2"}),),
    "answers twice": (("double_answers", {"count": "3"}),),
    "answers crosswise": (("cross_answers", {}),),
    "answers when it was reversed": (("answer_after_reversal", {"count": "1"}),),
    "answers with a wrong code": (("wrong_codes", {"count": "2"}),),
    "refuses": (("decline", {"code": "05"}), ("decline", {"code": "51"})),
    "sends garbage": (("garble", {}),),
    "cannot reach an issuer": (("issuer_away", {"bank": "doori"}),),
    "line is cut": (("pull_cable", {}),),
    "is switched off and on": (("restart", {}),),
}
"""What an operator of the bank would see, and what does it."""
MENDING: Final = ("plug_cable", "restore_answers")


class BankTrouble:
    """What happens to the shop's bank."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._dice = soak.dice("bank")

    async def live(self) -> None:
        """Go wrong now and then, and be well again."""
        soak, banks = self._soak, self._soak.world.banks
        assert banks is not None, "a soak's shop has a bank"
        host = banks.hosts[HANBIT]
        while True:
            await asyncio.sleep(self._dice.seconds(BETWEEN_SECONDS))
            dice = soak.happens("bank")
            if dice is None:
                continue
            what = dice.among(tuple(TROUBLES))
            soak.met(f"bank: {what}")
            for verb, arguments in TROUBLES[what]:
                await host.do(Verb(verb=verb, arguments=arguments))
            soak.step("bank", what)
            await asyncio.sleep(dice.seconds(LASTS_SECONDS))
            for verb in MENDING:
                await host.do(Verb(verb=verb))
            soak.recovered("bank well again")
            soak.step("bank", "is well again")


KIND: Final = Kind(
    name="bank",
    make=BankTrouble,
    each_till=False,
    faults=tuple(f"bank: {what}" for what in TROUBLES),
)
