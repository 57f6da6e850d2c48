"""The exhaustive search of ICash: cards, modules, one ether, and an adversary who may do anything but forge.

What is searched are the production classes (protocols.icash), bytes in and bytes out. As in the
purse's universe every message ever sent may reach anybody at any moment; the adversary opens any
purchase of any amount on any card for any number of any module, has a module give up whenever he
likes, and hands any order to any opening, right or wrong. Loads are ordered by the host, and
purchases that were given up are cleared by the collector and paid back by the issuer, in any order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from protocols.icash.card import IcashCard
from protocols.icash.details import DETAILS_BYTES, NO_DETAILS, Details, Kind, decode_details
from protocols.icash.host import Host
from protocols.icash.image import (
    CardPersonality,
    ModulePersonality,
    decode_card,
    decode_module,
    encode_card,
    encode_module,
    first_card,
    first_module,
)
from protocols.icash.keys import MAC_BYTES, Masters, RememberingAesCmac
from protocols.icash.module import IcashModule
from protocols.icash.rules import CardRules, ModuleRules
from protocols.iso7816 import Command
from protocols.purse.memory import Cell

CURRENCY: Final = 410
_DAY: Final = (20260101).to_bytes(4)
_EXPIRY: Final = 20991231
_REFERENCE: Final = bytes(8)
_HOST: Final = b"THE HOST"
_MASTERS: Final = Masters(purchase=b"P" * 16, load=b"L" * 16, claim=b"I" * 16, collection=b"C" * 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class IcashScope:
    """How large a world is searched."""

    cards: int = 1
    modules: int = 1
    starts: int = 2
    """How often each module may ask."""
    values: tuple[int, ...] = (1,)
    balance: int = 2
    """What each card holds at first."""
    loads: int = 0
    """How often each card may be loaded."""
    record_slots: int = 99
    open_slots: int = 99


class IcashIssuerRules:
    """What the issuer does, each rule alone so that a test can break it."""

    def may_pay_back(self, *, card_has_record: bool, module_cleared: bool) -> bool:
        """Return whether a purchase is paid back: the card owns up to it, the module forgot it."""
        return card_has_record and module_cleared

    def may_order_again(self, ordered: tuple[int, ...]) -> bool:
        """Return whether another amount may be ordered for a card's number: never."""
        return not ordered


class Message(NamedTuple):
    """Something signed, with the terms that a terminal has to carry beside it."""

    kind: str
    """S1, S2, S3, L2 or L3."""
    details: bytes
    body: bytes
    """What the next command carries after the details."""


class IcashState(NamedTuple):
    """One state, interned: images of all sides, and bit masks over messages and purchases."""

    images: tuple[int, ...]
    ether: int
    credited: int
    """Purchases that some module's total has."""
    cleared: int
    paid: int


class IcashStep(NamedTuple):
    """What somebody did."""

    actor: int
    """A side by its index; -1 for issuer, host and collector."""
    label: str
    target: IcashState


class _Reaction(NamedTuple):
    label: str
    image: int
    sent: tuple[int, ...]
    credited: int
    """Which purchase was booked, or -1."""


class IcashWorld:
    """Builds states and says what can happen next."""

    def __init__(
        self,
        scope: IcashScope,
        card_rules: CardRules | None = None,
        module_rules: ModuleRules | None = None,
        issuer_rules: IcashIssuerRules | None = None,
    ) -> None:
        self.scope = scope
        self.suite = RememberingAesCmac()
        self._issuer = IcashIssuerRules() if issuer_rules is None else issuer_rules
        self._host = Host(_MASTERS, self.suite)
        self._cards = [self._card(n, card_rules) for n in range(scope.cards)]
        self._modules = [self._module(n, module_rules) for n in range(scope.modules)]
        self.sides: list[IcashCard | IcashModule] = [*self._cards, *self._modules]
        self.bodies: list[bytes] = []
        self.messages: list[Message] = []
        self.purchases: list[bytes] = []
        self._body_ids: dict[bytes, int] = {}
        self._message_ids: dict[Message, int] = {}
        self._purchase_ids: dict[bytes, int] = {}
        self._reactions: dict[tuple[int, int, int], list[_Reaction]] = {}
        self._commands: dict[tuple[int, int], list[_Reaction]] = {}
        self.ran: dict[tuple[int, int, bytes, bytes], None] = {}
        """(side, image, opening, command) of everything that committed: what a tear sweep cuts."""

    def _card(self, number: int, rules: CardRules | None) -> IcashCard:
        name = b"CARD " + bytes((0x41 + number,)) * 3
        personality = CardPersonality(
            card=name,
            key_version=1,
            keys=_MASTERS.card_keys(name, 1),
            currency=CURRENCY,
            ceiling=0xFFFF_FFFF,
            purchase_max=0xFFFF_FFFF,
            expiry=_EXPIRY,
            record_slots=self.scope.record_slots,
        )
        cell = Cell(encode_card(first_card(self.scope.balance)))
        made = IcashCard(personality, cell, self.suite, rules)
        made.selected = True
        return made

    def _module(self, number: int, rules: ModuleRules | None) -> IcashModule:
        name = b"SHOP " + bytes((0x58 + number,)) * 3
        personality = ModulePersonality(
            module=name,
            key_version=1,
            purchase_master=_MASTERS.purchase,
            collection_key=_MASTERS.collection_key(name, 1),
            currency=CURRENCY,
            open_slots=self.scope.open_slots,
            credited_slots=0,
        )
        made = IcashModule(personality, Cell(encode_module(first_module())), self.suite, rules)
        made.selected = True
        return made

    def first(self) -> IcashState:
        """Return the state before anything happened."""
        images = tuple(self._body(side.memory.read()) for side in self.sides)
        return IcashState(images, 0, 0, 0, 0)

    def who(self, actor: int) -> str:
        """Return a side's letter, or the issuer."""
        if actor < 0:
            return "issuer"
        return ("A", "B", "C", "D")[actor] if self.is_card(actor) else f"shop {self._shop(actor)}"

    def is_card(self, side: int) -> bool:
        """Return whether a side is a card."""
        return side < self.scope.cards

    def _shop(self, side: int) -> str:
        return "XYZ"[side - self.scope.cards]

    def after(self, state: IcashState) -> Iterator[IcashStep]:
        """Yield everything that can happen next and changes anything."""
        for side, image in enumerate(state.images):
            for reaction in self._unprompted(side, image):
                yield from self._moved(state, side, reaction)
            for bit in range(len(self.messages)):
                if state.ether >> bit & 1:
                    for reaction in self._delivered(side, image, bit):
                        yield from self._moved(state, side, reaction)
            if self.is_card(side):
                yield from self._load(state, side, image)
            else:
                yield from self._clear(state, side, image)
        yield from self._pay_back(state)

    def _moved(self, state: IcashState, side: int, reaction: _Reaction) -> Iterator[IcashStep]:
        ether = state.ether
        for bit in reaction.sent:
            ether |= 1 << bit
        if reaction.image == state.images[side] and ether == state.ether:
            return
        images = (*state.images[:side], reaction.image, *state.images[side + 1 :])
        credited = state.credited
        if reaction.credited >= 0:
            credited |= 1 << reaction.credited
        moved = state._replace(images=images, ether=ether, credited=credited)
        yield IcashStep(side, reaction.label, moved)

    def _load(self, state: IcashState, side: int, image: int) -> Iterator[IcashStep]:
        """The host orders a load of a card; one amount for each of the card's numbers."""
        number = decode_card(self.bodies[image]).loads
        if number >= self.scope.loads:
            return
        ordered = tuple(
            decode_details(m.details).amount
            for bit, m in enumerate(self.messages)
            if m.kind == "L2" and state.ether >> bit & 1 and self._is_load(m, side, number)
        )
        for value in self.scope.values:
            if value in ordered or not self._issuer.may_order_again(ordered):
                continue
            details = self._details(side, _HOST, value, number, 0)
            order = self._host.load(details)[5 : 5 + MAC_BYTES]
            bit = self._message(Message("L2", details.encode(), order))
            target = state._replace(ether=state.ether | 1 << bit)
            yield IcashStep(-1, f"ORDER LOAD {self.describe(details.encode())}", target)

    def _is_load(self, message: Message, side: int, number: int) -> bool:
        details = decode_details(message.details)
        return details.card == self._cards[side].personality.card and details.card_number == number

    def _clear(self, state: IcashState, side: int, image: int) -> Iterator[IcashStep]:
        """The collector clears what a module has given up."""
        for encoded in decode_module(self.bodies[image]).open:
            apdu = self._host.clear(decode_details(encoded), 1)
            cleared, _, _ = self._run(side, image, b"", apdu)
            images = (*state.images[:side], cleared, *state.images[side + 1 :])
            mask = state.cleared | 1 << self._purchase(encoded)
            yield IcashStep(
                side, f"CLEAR {self.describe(encoded)}", state._replace(images=images, cleared=mask)
            )

    def _pay_back(self, state: IcashState) -> Iterator[IcashStep]:
        """The issuer pays a purchase back to a card holder, once."""
        recorded = self.recorded(state)
        for number, encoded in enumerate(self.purchases):
            if state.paid >> number & 1:
                continue
            if self._issuer.may_pay_back(
                card_has_record=encoded in recorded,
                module_cleared=bool(state.cleared >> number & 1),
            ):
                target = state._replace(paid=state.paid | 1 << number)
                yield IcashStep(-1, f"PAY BACK {self.describe(encoded)}", target)

    def recorded(self, state: IcashState) -> set[bytes]:
        """Return the purchases that cards have a record of."""
        return {
            record[1:]
            for side in range(self.scope.cards)
            for record in decode_card(self.bodies[state.images[side]]).records
            if record[0] == Kind.DEBIT
        }

    def open_at_modules(self, state: IcashState) -> set[bytes]:
        """Return the purchases that modules wait for, have given up, or had cleared."""
        found = {p for n, p in enumerate(self.purchases) if state.cleared >> n & 1}
        for side in range(self.scope.cards, len(self.sides)):
            image = decode_module(self.bodies[state.images[side]])
            found |= {*image.open, image.pending} - {NO_DETAILS}
        return found

    # Running the production classes, once per image and command

    def _unprompted(self, side: int, image: int) -> list[_Reaction]:
        """Return what a side does to commands that anybody can give it."""
        known = self._commands.get((side, image))
        if known is None:
            if self.is_card(side):
                known = [self._opened(side, image, opening) for opening in self._openings()]
            else:
                given_up, _, _ = self._run(side, image, b"", Command(0x90, 0x74, 0, 0).encode())
                known = [_Reaction("GIVE UP", given_up, (), -1)]
            self._commands[side, image] = known
        return known

    def _openings(self) -> Iterator[bytes]:
        for module in self._modules:
            for number in range(self.scope.starts):
                for value in self.scope.values:
                    yield self._opening(module.personality.module, number, value)

    def _opening(self, module: bytes, number: int, value: int) -> bytes:
        terms = number.to_bytes(4) + value.to_bytes(4) + CURRENCY.to_bytes(2)
        return module + terms + _REFERENCE + _DAY

    def _opened(self, side: int, image: int, opening: bytes) -> _Reaction:
        apdu = Command(0x90, 0x50, 1, 0, opening, 256).encode()
        same_image, answer, _ = self._run(side, image, b"", apdu)
        label = f"INITIALIZE for {opening[12:16][-1]} at {opening[5:6].decode()}#{opening[11]}"
        if answer is None:
            return _Reaction(label, same_image, (), -1)
        details = self._details(
            side, opening[:8], int.from_bytes(opening[12:16]),
            int.from_bytes(answer[:4]), int.from_bytes(opening[8:12]),
        )  # fmt: skip
        body = answer[4:12] + _DAY + answer[12:]
        return _Reaction(
            label, same_image, (self._message(Message("S1", details.encode(), body)),), -1
        )

    def _delivered(self, side: int, image: int, bit: int) -> list[_Reaction]:
        known = self._reactions.get((side, image, bit))
        if known is None:
            message = self.messages[bit]
            match message.kind:
                case "S1" if not self.is_card(side):
                    known = self._asked(side, image, message)
                case "S2" | "L2" if self.is_card(side):
                    known = self._ordered(side, image, message)
                case "S3" if not self.is_card(side):
                    known = self._credit(side, image, message)
                case _:
                    known = []
            self._reactions[side, image, bit] = known
        return known

    def _asked(self, side: int, image: int, message: Message) -> list[_Reaction]:
        if decode_module(self.bodies[image]).number >= self.scope.starts:
            return []
        apdu = Command(0x90, 0x70, 0, 0, message.details + message.body, 256).encode()
        target, answer, _ = self._run(side, image, b"", apdu)
        sent = () if answer is None else (self._message(Message("S2", message.details, answer)),)
        return [_Reaction(f"S1 {self.describe(message.details)}", target, sent, -1)]

    def _ordered(self, side: int, image: int, message: Message) -> list[_Reaction]:
        """Hand an order to every opening of a card: the right one, and all others."""
        load = message.kind == "L2"
        details = decode_details(message.details)
        openings = [self._opening(_HOST, 0, details.amount)] if load else list(self._openings())
        apdu = Command(0x90, 0x52 if load else 0x54, 0, 0, message.body, 256).encode()
        found = []
        for opening in openings:
            init = Command(0x90, 0x50, 0 if load else 1, 0, opening, 256).encode()
            target, answer, opened = self._run(side, image, init, apdu)
            if answer is None:
                continue
            kind = "L3" if load else "S3"
            sent = self._message(Message(kind, opened, answer[:MAC_BYTES]))
            label = f"{message.kind} {self.describe(message.details)}"
            if opened != message.details:
                label += f" for {self.describe(opened)}"
            if not load:
                self._purchase(opened)
            found.append(_Reaction(label, target, (sent,), -1))
        return found

    def _credit(self, side: int, image: int, message: Message) -> list[_Reaction]:
        """Hand a receipt to a module, for its own purchase and for all that the module waits for."""
        there = decode_module(self.bodies[image])
        waited_for = {there.pending: None} | dict.fromkeys(there.open)
        found = []
        for details in {message.details: None} | waited_for:
            for late in (0, 1):
                apdu = Command(0x90, 0x72, late, 0, details + message.body).encode()
                target, answer, _ = self._run(side, image, b"", apdu)
                if answer is not None:
                    label = f"{'late ' if late else ''}S3 {self.describe(message.details)}"
                    if details != message.details:
                        label += f" for {self.describe(details)}"
                    found.append(_Reaction(label, target, (), self._purchase(details)))
        return found

    def _run(
        self, side: int, image: int, opening: bytes, apdu: bytes
    ) -> tuple[int, bytes | None, bytes]:
        """Run one command, after another that opens it. Returns (image, answer if 9000, opened)."""
        made = self.sides[side]
        memory = made.memory
        assert isinstance(memory, Cell)
        memory.body = self.bodies[image]
        opened = b""
        if opening:
            first = made.handle(opening)
            if first[-2:] != b"\x90\x00":
                return image, None, b""
            number = int.from_bytes(first[:4])
            data = opening[5:]
            opened = self._details(
                side, data[:8], int.from_bytes(data[12:16]), number, int.from_bytes(data[8:12])
            ).encode()
        answer = made.handle(apdu)
        target = self._body(memory.body)
        if target != image:
            self.ran[side, image, opening, apdu] = None
        return target, answer[:-2] if answer[-2:] == b"\x90\x00" else None, opened

    def _details(
        self, side: int, module: bytes, value: int, number: int, module_number: int
    ) -> Details:
        card = self._cards[side].personality.card
        return Details(card, 1, module, value, CURRENCY, number, module_number, _REFERENCE)

    def describe(self, encoded: bytes) -> str:
        """Return transaction details in a few characters: A#0->X#1 2."""
        pd = decode_details(encoded[:DETAILS_BYTES])
        card, module = pd.card[5:6].decode(), pd.module[5:6].decode()
        return f"{card}#{pd.card_number}->{module}#{pd.module_number} {pd.amount}"

    # Interning

    def _body(self, body: bytes) -> int:
        number = self._body_ids.setdefault(body, len(self.bodies))
        if number == len(self.bodies):
            self.bodies.append(body)
        return number

    def _message(self, message: Message) -> int:
        number = self._message_ids.setdefault(message, len(self.messages))
        if number == len(self.messages):
            self.messages.append(message)
        return number

    def _purchase(self, encoded: bytes) -> int:
        number = self._purchase_ids.setdefault(encoded, len(self.purchases))
        if number == len(self.purchases):
            self.purchases.append(encoded)
        return number
