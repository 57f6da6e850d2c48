"""Any commands in any order to a payment card: it answers each, and gives away nothing that it should keep.

Invariants: the counter never goes back and goes up with each GET PROCESSING OPTIONS; tries are never won but by
the right PIN; there is one TC at most for each counter, never after an AAC, and online only behind the issuer's
proof; a torn write leaves the image before it.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.emv import tags
from protocols.emv.bits import KIND_MASK, Kind
from protocols.emv.terminal import CREDIT_AID
from protocols.iso7816 import SW, Command, parse_response
from protocols.secure_pin import pin_block
from protocols.tlv import find_tlv
from sim.cards.card import TornError
from sim.cards.emv import EmvCard, EmvImage
from tests.support.payment_cards import card

SELECT = Command(0, 0xA4, 4, 0, CREDIT_AID, 256)
OPTIONS = Command(0x80, 0xA8, 0, 0, b"\x83\x08" + bytes.fromhex("0410041026041700"), 256)
RIGHT = Command(0, 0x20, 0, 0x80, pin_block("1234"))
WRONG = Command(0, 0x20, 0, 0x80, pin_block("9999"))
FIRST_BYTES = 6 + 6 + 2 + 5 + 2 + 3 + 1 + 4 + 1 + 3 + 2
SECOND_BYTES = 2 + 8 + 5 + 4


def generate(kind: int, size: int) -> Command:
    return Command(0x80, 0xAE, kind, 0, bytes(size), 256)


COMMANDS = st.one_of(
    st.sampled_from([SELECT, SELECT, OPTIONS, OPTIONS, RIGHT, WRONG]),
    st.builds(
        generate,
        st.sampled_from([0, 0x40, 0x80, 0x50, 0x90]),
        st.sampled_from([FIRST_BYTES, SECOND_BYTES]),
    ),
    st.builds(
        Command,
        st.sampled_from([0x00, 0x80, 0x84, 0x04]),
        st.sampled_from([0x20, 0x82, 0x84, 0x88, 0xA4, 0xB2, 0xCA, 0xDA, 0x16, 0x1E, 0x24, 0xAE]),
        st.integers(0, 255),
        st.integers(0, 255),
        st.binary(max_size=40),
        st.just(256),
    ),
)


class Watch:
    """Follows one card, command by command."""

    def __init__(self, which: EmvCard) -> None:
        self.card = which
        self.kinds: dict[int, list[Kind]] = {}

    def tell(self, command: Command) -> None:
        before = self.card.image()
        try:
            answer = parse_response(self.card.handle(command.encode()))
        except TornError:
            self.check(before, self.card.image(), command, ok=False)
            self.card.power_on()
            return
        assert answer is not None
        self.check(before, self.card.image(), command, ok=answer.ok)
        if answer.ok and (command.cla, command.ins) == (0x80, 0xAE):
            self.given(answer.data)

    def check(self, before: EmvImage, after: EmvImage, command: Command, *, ok: bool) -> None:
        assert after.counter - before.counter in (0, 1)
        if after.counter > before.counter:
            assert (command.cla, command.ins) == (0x80, 0xA8)
        if after.tries > before.tries:
            assert command.data == pin_block("1234") and before.tries > 0
        assert after.pin == before.pin and after.last_online <= after.counter
        # Without the issuer no script does anything but fail.
        assert (after.lower, after.upper, after.tries_max) == (
            before.lower,
            before.upper,
            before.tries_max,
        )
        assert not after.flags & 0x03
        if ok and command.ins == 0x20:
            assert after.tries == after.tries_max

    def given(self, data: bytes) -> None:
        information = find_tlv(data, tags.CRYPTOGRAM_INFORMATION)
        kind = Kind((information[0] if information else data[2]) & KIND_MASK)
        kinds = self.kinds.setdefault(self.card.image().counter, [])
        assert not kinds or (kinds == [Kind.ARQC] and kind is not Kind.ARQC)
        # Nobody here has the issuer's proof: what was asked about is not approved behind it.
        if kinds and self.card.image().upper == 0:
            assert kind is Kind.AAC
        kinds.append(kind)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(["sign", "offline"]), st.lists(COMMANDS, max_size=25))
def test_any_commands_in_any_order(label: str, commands: list[Command]) -> None:
    watch = Watch(card(label))
    watch.card.power_on()
    watch.tell(SELECT)
    for command in commands:
        watch.tell(command)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(COMMANDS, st.none() | st.integers(0, 120)), max_size=20))
def test_the_same_with_power_leaving_at_any_byte(
    commands: list[tuple[Command, int | None]],
) -> None:
    watch = Watch(card("offline"))
    watch.card.power_on()
    watch.tell(SELECT)
    for command, tear in commands:
        if tear is not None:
            watch.card.tear_after(tear)
        watch.tell(command)


def test_what_these_commands_reach() -> None:
    """Goal: the random commands are not all refused at the door."""
    which = card("offline")
    which.power_on()
    words = [
        parse_response(which.handle(each.encode()))
        for each in (SELECT, OPTIONS, RIGHT, generate(0x80, FIRST_BYTES), generate(0, SECOND_BYTES))
    ]
    assert [each.sw for each in words if each is not None] == [SW.OK] * 5
