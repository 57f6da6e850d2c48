"""ICash cards and modules for tests: made under one tree of keys, torn at will."""

from protocols.icash.card import IcashCard
from protocols.icash.coordinator import Ask, Dialogue, Intend, Order, Place, Result
from protocols.icash.details import Details
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
from protocols.icash.keys import AesCmac, Masters
from protocols.icash.module import IcashModule
from protocols.iso7816 import Command, Response, parse_response
from protocols.purse.memory import Cell
from tests.support.purses import Torn

KRW = 410
TODAY = 20260417
MASTERS = Masters(
    purchase=bytes(range(0x10)),
    load=bytes(range(0x10, 0x20)),
    claim=bytes(range(0x20, 0x30)),
    collection=bytes(range(0x30, 0x40)),
)
SUITE = AesCmac()
CARD = b"CARD0001"
MODULE = b"SHOP0001"
ORDER = Order(amount=300, currency=KRW, reference=b"order-01", day=TODAY)
DETAILS = Details(CARD, 1, MODULE, 300, KRW, 0, 0, b"order-01")


def card(balance: int = 1_000, name: bytes = CARD, **changes: int) -> IcashCard:
    """Return a selected card."""
    terms = {"ceiling": 2_000, "purchase_max": 1_500, "expiry": 20301231} | changes
    personality = CardPersonality(
        card=name,
        key_version=1,
        keys=MASTERS.card_keys(name, 1),
        currency=KRW,
        **terms,
    )
    made = IcashCard(personality, Cell(encode_card(first_card(balance))), SUITE)
    made.selected = True
    return made


def module(name: bytes = MODULE, **changes: int) -> IcashModule:
    """Return a selected security module."""
    personality = ModulePersonality(
        module=name,
        key_version=1,
        purchase_master=MASTERS.purchase,
        collection_key=MASTERS.collection_key(name, 1),
        currency=KRW,
        **changes,
    )
    made = IcashModule(personality, Cell(encode_module(first_module())), SUITE)
    made.selected = True
    return made


def tell(
    side: IcashCard | IcashModule, ins: int, data: bytes = b"", p1: int = 0, cla: int = 0x90
) -> Response:
    """Send one command and return the answer."""
    response = parse_response(side.handle(Command(cla, ins, p1, 0, data, 256).encode()))
    assert response is not None
    return response


def balance(side: IcashCard) -> int:
    """Return a card's balance."""
    return decode_card(side.memory.read()).balance


def total(side: IcashModule) -> int:
    """Return a module's total."""
    return decode_module(side.memory.read()).total


def drive(
    dialogue: Dialogue, sides: dict[Place, IcashCard | IcashModule], torn: Torn | None = None
) -> tuple[Result, int, bool]:
    """Play a terminal's dialogue. Returns (result, exchanges, whether the intent came first)."""
    exchanges = 0
    intended = False
    try:
        step = next(dialogue)
        while True:
            match step:
                case Intend():
                    intended = True
                    step = dialogue.send(None)
                case Ask(place, apdu):
                    exchanges += 1
                    answer: Response | None = None
                    if torn is not None and exchanges == torn.at:
                        if torn.done:
                            sides[place].handle(apdu)
                        for side in sides.values():
                            side.power_on()
                    else:
                        answer = parse_response(sides[place].handle(apdu))
                    step = dialogue.send(answer)
    except StopIteration as end:
        return end.value, exchanges, intended
