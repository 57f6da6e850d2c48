"""Purses for tests: made under one issuer, spoken to as a terminal would, torn at will."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from protocols.iso7816 import SW, Command, Response, parse_response
from protocols.purse.card import AID, Purse
from protocols.purse.coordinator import Ask, Dialogue, EnterPin, Intend, Order, Result, Slot
from protocols.purse.image import (
    Image,
    Parameters,
    Personality,
    decode_image,
    encode_image,
    first_image,
)
from protocols.purse.issuing import Issuer, Profile, make_card
from protocols.purse.memory import Cell
from protocols.purse.suite import P256, public_key, secret_from

ISSUER = secret_from(b"issuer".ljust(40, b"\0"))
KRW = 410
TODAY = 20260417
PIN = bytes.fromhex("241234FFFFFFFFFF")
SUITE = P256()
ORDER = Order(value=300, currency=KRW, reference=b"order-01", day=TODAY)


def personality(name: bytes, **changes: object) -> Personality:
    """Return a card's fixed part; `changes` override fields, and expiry and class its certificate."""
    expiry = changes.pop("expiry", 20301231)
    secret = secret_from(hashlib.sha512(name).digest())
    issuer = changes.pop("issuer", ISSUER)
    assert isinstance(expiry, int) and isinstance(issuer, int)
    purse_class = changes.get("purse_class", 0)
    assert isinstance(purse_class, int)
    profile = Profile(
        name=name,
        purse_class=purse_class,
        expiry=expiry,
        currencies=(KRW, 840, 0, 0, 0),
        ceilings=(200_000, 50_000, 0, 0, 0),
    )
    card = make_card(Issuer(secret=issuer, suite=SUITE), profile, secret=secret)
    known = {"issuer_keys": {1: public_key(ISSUER)}}
    return replace(card.personality, **(known | changes))  # type: ignore[arg-type]


def purse(
    name: bytes, balance: int = 1_000, parameters: Parameters | None = None, **changes: object
) -> Purse:
    """Return a selected purse with a balance in won."""
    image = first_image(balances=(balance, 0, 0, 0, 0), pin=PIN, parameters=parameters)
    made = Purse(personality(name, **changes), Cell(encode_image(image)), SUITE)
    tell(made, 0x00, 0xA4, 4, 0, AID)
    return made


def tell(card: Purse, cla: int, ins: int, p1: int, p2: int, data: bytes = b"") -> Response:
    """Send one command and return the answer."""
    response = parse_response(card.handle(Command(cla, ins, p1, p2, data, 256).encode()))
    assert response is not None
    return response


def remembers(card: Purse) -> Image:
    """Return what a purse has in its memory."""
    return decode_image(card.memory.read())


def balance(card: Purse) -> int:
    """Return a purse's won."""
    return remembers(card).balances[0]


@dataclass
class Torn:
    """Which exchange fails, counted from 1, and whether the card had still done it."""

    at: int
    done: bool


def drive(
    dialogue: Dialogue,
    cards: dict[Slot, Purse],
    torn: Torn | None = None,
    enter_pin: Callable[[EnterPin], Response | None] = lambda _: Response(
        b"", SW.SECURITY_NOT_SATISFIED
    ),
) -> tuple[Result, int, bool]:
    """Play a terminal's dialogue. Returns (result, exchanges, whether the intent came first)."""
    exchanges = 0
    intended = False
    answer: Response | None = None
    try:
        step = next(dialogue)
        while True:
            match step:
                case EnterPin():
                    assert not intended, "the PIN comes before anything is intended"
                    step = dialogue.send(enter_pin(step))
                case Intend():
                    intended = True
                    step = dialogue.send(None)
                case Ask(slot, apdu):
                    exchanges += 1
                    if torn is not None and exchanges == torn.at:
                        if torn.done:
                            cards[slot].handle(apdu)
                        for card in cards.values():
                            card.power_on()
                        answer = None
                    else:
                        answer = parse_response(cards[slot].handle(apdu))
                    step = dialogue.send(answer)
    except StopIteration as end:
        return end.value, exchanges, intended
