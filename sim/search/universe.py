"""A universe: some purses, one ether, an issuer, and an adversary who may do anything but forge.

    state = ( image of each purse, ether, archive, paid )

The ether is the set of all messages ever sent; any of them may be delivered any number of times, to
anyone, at any moment, so loss, repetition, reordering and replay are all in it (PRG-126 ch. 4). The
adversary starts any purse with any counterparty, sequence number and value, gives up anywhere, and
presents cards to the issuer in any order. Only signatures are beyond him.

Everything is interned: an image, a message and a payment are numbers; a set of them is a bit mask. A
command is run on the production class once per distinct image and remembered, which is sound because
`Purse.handle` is a function of image and command. So the class answers a few thousand commands and
millions of states cost table look-ups.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols.iso7816 import Command
from protocols.purse.card import Purse
from protocols.purse.details import (
    DETAILS_BYTES,
    MessageType,
    PaymentDetails,
    decode_details,
    log_image,
    message_text,
)
from protocols.purse.image import (
    Flow,
    Image,
    Personality,
    decode_image,
    encode_image,
    first_image,
)
from protocols.purse.issuing import Issuer
from protocols.purse.memory import Cell
from protocols.purse.rules import Rules
from protocols.purse.suite import RememberingP256, public_key, secret_from

CURRENCY: Final = 410
_DAY: Final = (20260101).to_bytes(4)
_NONCE: Final = bytes(8)
_REFERENCE: Final = bytes(8)
ABORT: Final = Command(0x90, 0x5E, 0, 0).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How large a universe is searched."""

    purses: int = 2
    starts: int = 2
    """How often each purse may begin a transfer."""
    values: tuple[int, ...] = (1,)
    flow: Flow = Flow.OFFER
    late: bool = True
    claims: bool = True
    balance: int = 2
    """What each purse holds at first."""
    log_slots: int = 99
    clears: bool = False
    """Whether the issuer also clears logs that were archived, and a claim's answer may be lost."""


class IssuerRules:
    """What the issuer does with claims, each rule alone so that a test can break it."""

    def may_pay_back(self, *, by_payer: bool, by_payee: bool) -> bool:
        """Return whether a payment is paid back: only when both purses claim it."""
        return by_payer and by_payee

    def may_clear(self, entries: int, archive: int) -> bool:
        """Return whether a log may be cleared: all of it is archived (bit masks)."""
        return bool(entries) and entries & ~archive == 0


class State(NamedTuple):
    """One state, interned."""

    images: tuple[int, ...]
    ether: int
    """Bit mask over messages."""
    archive: int
    """Bit mask over (purse, payment) pairs that were claimed at the issuer."""
    paid: int
    """Bit mask over payments that the issuer has paid back."""


class Step(NamedTuple):
    """What somebody did."""

    purse: int
    """Which purse; -1 for the issuer."""
    label: str
    target: State

    @property
    def actor(self) -> int:
        """Which party did it."""
        return self.purse


@dataclass(slots=True)
class _Reactions:
    """What one purse does from one image: to commands anybody can give, and to messages."""

    commands: list[tuple[str, int, int]]
    """(label, next image, bit of the message sent or -1)."""
    messages: list[tuple[int, str, int, int]] = field(default_factory=list)
    """(bit delivered, label, next image, bit of the message sent or -1)."""
    known: int = 0
    """How many messages of the universe have been tried."""


class Universe:
    """Builds states and says what can happen next."""

    def __init__(
        self, scope: Scope, rules: Rules | None = None, issuer: IssuerRules | None = None
    ) -> None:
        self.scope = scope
        self._issuer_rules = IssuerRules() if issuer is None else issuer
        self.suite = RememberingP256()
        self._issuer = Issuer(secret=secret_from(b"issuer".ljust(40, b"\0")), suite=self.suite)
        self.names = [bytes((0x41 + n,)) * 8 for n in range(scope.purses)]
        self.purses = [self._purse(name, rules) for name in self.names]
        self.images: list[Image] = []
        self.messages: list[bytes] = []
        self.payments: list[bytes] = []
        self._image_ids: dict[bytes, int] = {}
        self._image_bytes: list[bytes] = []
        self._message_ids: dict[bytes, int] = {}
        self._payment_ids: dict[bytes, int] = {}
        self._reactions: dict[tuple[int, int], _Reactions] = {}
        self._claimed: dict[tuple[int, int], tuple[int, int]] = {}
        self._aborted: dict[tuple[int, int], int] = {}
        self.vals = 0
        """Bit mask of all VAL messages known so far; likewise of ACKs."""
        self.acks = 0

    def _purse(self, name: bytes, rules: Rules | None) -> Purse:
        cell = Cell(encode_image(self._made()))
        purse = Purse(self._personality(name), cell, self.suite, rules)
        purse.selected = True
        return purse

    def _personality(self, name: bytes) -> Personality:
        """Return what a card is made with: nothing that the properties do not speak about.

        That narrative, counters, PIN and more pockets change nothing is shown by a test, which makes
        cards that have them.
        """
        scope = self.scope
        secret = secret_from(hashlib.sha512(name).digest())
        certificate = self._issuer.certify(
            name=name, purse_class=0, expiry=20991231, card_key=public_key(secret)
        )
        return Personality(
            name=name,
            purse_class=0,
            secret=secret,
            certificate=certificate.encode(),
            issuer_keys={self._issuer.key_id: self._issuer.public},
            currencies=(CURRENCY, 0, 0, 0, 0),
            ceilings=(0xFFFF_FFFF, 0, 0, 0, 0),
            flow=scope.flow,
            late_completion=scope.late,
            claims=scope.claims,
            log_slots=scope.log_slots,
            narrative_slots=0,
            counting=False,
        )

    def _made(self) -> Image:
        """Return what a card remembers when it is made."""
        return first_image(balances=(self.scope.balance, 0, 0, 0, 0))

    def first(self) -> State:
        """Return the state before anything happened."""
        return State(tuple(self._intern_image(p.memory.read()) for p in self.purses), 0, 0, 0)

    def who(self, actor: int) -> str:
        """Return a party's name: a purse's letter, or the issuer."""
        return "issuer" if actor < 0 else self.names[actor][:1].decode()

    def total(self) -> int:
        """Return the value there is in the beginning."""
        return self.scope.balance * self.scope.purses

    def after(self, state: State) -> Iterator[Step]:
        """Yield everything that can happen next and changes anything."""
        for index, image in enumerate(state.images):
            reactions = self._reactions_of(index, image)
            for label, target, sent in reactions.commands:
                yield from self._moved(state, index, label, target, sent)
            ether = state.ether
            for bit, label, target, sent in reactions.messages:
                if ether >> bit & 1:
                    yield from self._moved(state, index, label, target, sent)
            if self.scope.claims:
                yield from self._claim(state, index, image)
            if self.scope.clears:
                yield from self._clear(state, index, image)
        if self.scope.claims:
            yield from self._pay_back(state)

    def _moved(
        self, state: State, index: int, label: str, target: int, sent: int
    ) -> Iterator[Step]:
        ether = state.ether if sent < 0 else state.ether | 1 << sent
        if target == state.images[index] and ether == state.ether:
            return
        images = (*state.images[:index], target, *state.images[index + 1 :])
        yield Step(index, label, State(images, ether, state.archive, state.paid))

    def _claim(self, state: State, index: int, image: int) -> Iterator[Step]:
        """The holder presents the purse at the issuer: its log is frozen and archived."""
        frozen, archived = self._claim_of(index, image)
        archive = state.archive | archived
        if frozen != image or archive != state.archive:
            images = (*state.images[:index], frozen, *state.images[index + 1 :])
            yield Step(index, "CLAIM", State(images, state.ether, archive, state.paid))
            if self.scope.clears and frozen != image:
                yield Step(index, "CLAIM, answer lost", state._replace(images=images))

    def _pay_back(self, state: State) -> Iterator[Step]:
        """The issuer pays a transfer that both purses have claimed, once."""
        width = self.scope.purses
        for payment, details in enumerate(self.payments):
            if state.paid >> payment & 1:
                continue
            transfer = decode_details(details)
            payer, payee = (
                bool(state.archive >> (payment * width + self.names.index(name)) & 1)
                for name in (transfer.payer, transfer.payee)
            )
            if self._issuer_rules.may_pay_back(by_payer=payer, by_payee=payee):
                yield Step(-1, "PAY BACK", state._replace(paid=state.paid | 1 << payment))

    def _clear(self, state: State, index: int, image: int) -> Iterator[Step]:
        """The issuer clears a log that it has archived, and no other."""
        for archived, apdu in self._clear_codes(state, index):
            cleared, _ = self._run(index, image, apdu)
            if cleared != image:
                images = (*state.images[:index], cleared, *state.images[index + 1 :])
                label = f"CLEAR {archived.bit_count()}"
                yield Step(index, label, State(images, state.ether, state.archive, state.paid))

    def _clear_codes(self, state: State, index: int) -> Iterator[tuple[int, bytes]]:
        """Yield a clear command for every set of this purse's payments that may be cleared."""
        width = self.scope.purses
        own = [n for n in range(len(self.payments)) if self._concerns(n, index)]
        for chosen in range(1, 1 << len(own)):
            payments = [own[n] for n in range(len(own)) if chosen >> n & 1]
            entries = sum(1 << (n * width + index) for n in payments)
            if not self._issuer_rules.may_clear(entries, state.archive):
                continue
            told = log_image(tuple(self.payments[n] for n in payments))
            yield entries, self._issuer.clear(self.names[index], told)

    def _concerns(self, payment: int, index: int) -> bool:
        transfer = decode_details(self.payments[payment])
        return self.names[index] in (transfer.payer, transfer.payee)

    def _claim_of(self, index: int, image: int) -> tuple[int, int]:
        known = self._claimed.get((index, image))
        if known is None:
            command = self._issuer.claim(self.names[index], _NONCE)
            frozen, _ = self._run(index, image, command)
            archived = 0
            for entry in self.images[frozen].log:
                payment = self._intern_payment(entry[1:])
                archived |= 1 << (payment * self.scope.purses + index)
            known = self._claimed[index, image] = (frozen, archived)
        return known

    def aborted(self, index: int, image: int) -> Image:
        """Return what a purse would remember if it gave up now."""
        known = self._aborted.get((index, image))
        if known is None:
            known = self._aborted[index, image] = self._run(index, image, ABORT)[0]
        return self.images[known]

    def place(
        self, images: "tuple[Image, ...]", messages: "list[tuple[MessageType, bytes]]"
    ) -> State:
        """Return the state of these images and messages, reachable or not: the inductive check's."""
        numbers = tuple(self._intern_image(encode_image(image)) for image in images)
        ether = 0
        for kind, details in messages:
            transfer = decode_details(details)
            payer = kind in (MessageType.OFFER, MessageType.VAL)
            signer = self.purses[self.names.index(transfer.payer if payer else transfer.payee)]
            signed = signer.suite.sign(signer.personality.secret, message_text(kind, details))
            message = bytes((kind,)) + details + signed + signer.personality.certificate
            ether |= 1 << self._intern_message(message)
        return State(numbers, ether, 0, 0)

    # Running the production class, once per image and command

    def _reactions_of(self, index: int, image: int) -> _Reactions:
        reactions = self._reactions.get((index, image))
        if reactions is None:
            commands = [
                (label, target, sent)
                for label, apdu in self._commands(index, image)
                for target, sent in (self._run(index, image, apdu),)
                if target != image or sent >= 0
            ]
            reactions = self._reactions[index, image] = _Reactions(commands)
        if reactions.known < len(self.messages):
            self._try_messages(index, image, reactions)
        return reactions

    def _try_messages(self, index: int, image: int, reactions: _Reactions) -> None:
        for bit in range(reactions.known, len(self.messages)):
            for label, apdu in self._deliveries(index, image, self.messages[bit]):
                target, sent = self._run(index, image, apdu)
                if target != image or sent >= 0:
                    reactions.messages.append((bit, label, target, sent))
            reactions.known = bit + 1

    def _run(self, index: int, image: int, apdu: bytes) -> tuple[int, int]:
        purse = self.purses[index]
        memory = purse.memory
        assert isinstance(memory, Cell)
        memory.body = self._image_bytes[image]
        answer = purse.handle(apdu)
        target = self._intern_image(memory.body)
        if answer[-2:] != b"\x90\x00":
            return target, -1
        signed = len(answer) > 2 and answer[0] in tuple(MessageType) and len(answer) > 100
        return target, self._intern_message(answer[:-2]) if signed else -1

    def _commands(self, index: int, image: int) -> Iterator[tuple[str, bytes]]:
        """Yield what anybody with a reader can say to a purse."""
        yield "ABORT", ABORT
        if self.images[image].sequence >= self.scope.starts:
            return
        for other in self.names:
            for value in self.scope.values:
                for sequence in range(self.scope.starts):
                    body = (
                        other
                        + value.to_bytes(4)
                        + CURRENCY.to_bytes(2)
                        + sequence.to_bytes(4)
                        + _REFERENCE
                        + _DAY
                    )
                    what = f"{other[:1].decode()} {value} #{sequence}"
                    yield f"START PAYER to {what}", Command(0x90, 0x50, 1, 0, body).encode()
                    if self.scope.flow is Flow.ORIGINAL:
                        yield f"START PAYEE of {what}", Command(0x90, 0x50, 3, 0, body).encode()

    def _deliveries(self, index: int, image: int, message: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the commands that carry a message to a purse."""
        kind = MessageType(message[0])
        label = f"{kind.name} {self.describe(message[1 : 1 + DETAILS_BYTES])}"
        match kind:
            case MessageType.OFFER:
                if self.images[image].sequence < self.scope.starts:
                    yield label, Command(0x90, 0x50, 2, 0, message + _DAY).encode()
            case MessageType.REQ:
                yield label, Command(0x90, 0x54, 0, 0, message + _DAY).encode()
            case MessageType.VAL | MessageType.ACK:
                ins = 0x52 if kind is MessageType.VAL else 0x56
                yield label, Command(0x90, ins, 0, 0, message).encode()
                if self.scope.late:
                    yield f"late {label}", Command(0x90, ins, 1, 0, message).encode()

    def describe(self, details: bytes) -> str:
        """Return payment details in a few characters: A#0 -> B#1 2."""
        pd: PaymentDetails = decode_details(details)
        payer, payee = pd.payer[:1].decode(), pd.payee[:1].decode()
        return f"{payer}#{pd.payer_sequence}->{payee}#{pd.payee_sequence} {pd.value}"

    # Interning

    def _intern_image(self, body: bytes) -> int:
        number = self._image_ids.get(body)
        if number is None:
            number = self._image_ids[body] = len(self.images)
            self.images.append(decode_image(body))
            self._image_bytes.append(body)
        return number

    def _intern_message(self, message: bytes) -> int:
        number = self._message_ids.get(message)
        if number is None:
            number = self._message_ids[message] = len(self.messages)
            self.messages.append(message)
            if message[0] == MessageType.VAL:
                self.vals |= 1 << number
            elif message[0] == MessageType.ACK:
                self.acks |= 1 << number
        return number

    def _intern_payment(self, details: bytes) -> int:
        number = self._payment_ids.get(details)
        if number is None:
            number = self._payment_ids[details] = len(self.payments)
            self.payments.append(details)
        return number
