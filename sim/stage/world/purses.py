"""The cards of a world: made under its broker's issuer, entered at its office, seen by its auditors.

A card that is not ours is made under another issuer's key and is no money of this world. What is on
its way is what two purses would both have in their logs if they gave up now (purse.md 1.6).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ips.broker import Broker
from ips.office import perform
from ips.purse.desk import PurseAdd, PurseHotlist
from protocols.iso7816 import Command
from protocols.money import CURRENCIES
from protocols.ports import Entropy
from protocols.purse.card import Purse
from protocols.purse.details import PurseClass, decode_details
from protocols.purse.image import decode_image, encode_image
from protocols.purse.issuing import Card, Issuer
from protocols.purse.memory import Cell
from protocols.purse.rules import Rules
from protocols.purse.suite import RememberingP256, Suite, secret_from
from sim.cards.issue import SECRET_BYTES, CardSet, make_one
from sim.cards.purse import PurseCard, personalise
from sim.cards.slots import SlotMemory
from sim.stage.auditors import PurseTold
from sim.stage.world.broker import ACTOR

_ABORT: Final = Command(0x90, 0x5E, 0, 0).encode()
"""Give up what is under way: it goes into the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What was on a card when it was looked at."""

    writes: int
    told: PurseTold
    log: frozenset[tuple[bytes, bytes]]
    """What it would have in its log if it gave up now, with its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purses:
    """Every card, by its label; they outlive tills and brokers."""

    cards: Mapping[str, PurseCard]
    foreign: frozenset[str]
    """Labels of cards that are not ours."""
    issued: int
    """What our purses together were given, in minor units."""
    suite: Suite
    rules: Rules | None = None
    """The purses' own, unless a test breaks one."""
    _seen: dict[str, "_Look"] = field(default_factory=dict)

    def ours(self) -> list[PurseCard]:
        """Return the cards that are this world's money."""
        return [card for label, card in self.cards.items() if label not in self.foreign]

    def customers(self) -> list[str]:
        """Return the labels of all cards but the shops' own."""
        return [
            label
            for label, card in self.cards.items()
            if card.purse.personality.purse_class != PurseClass.MERCHANT
        ]

    def told(self) -> list[PurseTold]:
        """Return what is on each of our purses."""
        return [self._look(label).told for label in self.cards if label not in self.foreign]

    def on_its_way(self) -> int:
        """Return what has left a purse and is not in another."""
        logs: set[tuple[bytes, bytes]] = set()
        for label in self.cards:
            if label not in self.foreign:
                logs |= self._look(label).log
        lost = set()
        for _, entry in logs:
            details = decode_details(entry)
            if (details.payer, entry) in logs and (details.payee, entry) in logs:
                lost.add(entry)
        return sum(decode_details(entry).value for entry in lost)

    def _look(self, label: str) -> "_Look":
        """Look at a card; at one that was not written to since, not again."""
        card = self.cards[label]
        seen = self._seen.get(label)
        if seen is not None and seen.writes == card.writes:
            return seen
        me, image = card.purse.personality, card.image()
        copy = Purse(me, Cell(encode_image(image)), self.suite, self.rules)
        copy.selected = True
        copy.handle(_ABORT)
        log = decode_image(copy.memory.read()).log
        shop = me.purse_class == PurseClass.MERCHANT
        self._seen[label] = look = _Look(
            writes=card.writes,
            told=PurseTold(name=me.name, balance=image.balances[0], shop=shop),
            log=frozenset((me.name, entry[1:]) for entry in log),
        )
        return look


async def issue(
    wishes: CardSet,
    foreign: frozenset[str],
    *,
    broker: Broker,
    issuer: Issuer,
    entropy: Entropy,
    rules: Rules | None = None,
) -> Purses:
    """Make the cards of a set and tell the office of each of ours."""
    suite = RememberingP256()
    fast = Issuer(key_id=issuer.key_id, secret=issuer.secret, suite=suite)
    other = Issuer(secret=secret_from(entropy.token(SECRET_BYTES)), suite=suite)
    cards, issued = {}, 0
    for label, wish in wishes.cards.items():
        ours = label not in foreign
        made = make_one(fast if ours else other, wishes, label, entropy=entropy)
        slots = SlotMemory()
        personalise(slots, decode_image(made.image))
        cards[label] = PurseCard(
            label=label,
            personality=made.personality,
            slots=slots,
            suite=suite,
            transmission=wish.transmission,
            rules=rules,
        )
        if ours:
            issued += wish.balance
            await _enter(broker, wishes.currency, made, wish.balance, stop=wish.hotlisted)
    return Purses(cards=cards, foreign=foreign, issued=issued, suite=suite, rules=rules)


async def _enter(broker: Broker, currency: int, made: Card, balance: int, *, stop: bool) -> None:
    [code] = [each.code for each in CURRENCIES.values() if each.number == currency]
    first = {code: balance} if balance else {}
    await perform(broker, PurseAdd(certificate=made.certificate, first=first, actor=ACTOR))
    if stop:
        name = made.personality.name.hex()
        await perform(broker, PurseHotlist(name=name, stop=True, reason="lost", actor=ACTOR))
