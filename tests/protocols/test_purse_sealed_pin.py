"""A PIN sealed for one card and one challenge: opened there and then, and never again or elsewhere.

T5; threat T15. The card is the production class with randomness from a seed.
"""

import pytest

from protocols.hpke import SealError
from protocols.iso7816 import SW, Command
from protocols.purse.card import AID, PIN_KEY, SEALED_PIN_KEY, Purse
from protocols.purse.details import decode_certificate
from protocols.purse.image import encode_image, first_image
from protocols.purse.memory import Cell
from protocols.purse.sealed_pin import (
    CHALLENGE_BYTES,
    RANDOM_BYTES,
    SEALED_PIN_BYTES,
    open_pin,
    seal_pin,
)
from protocols.secure_pin import pin_block
from sim.entropy import SeededEntropy
from tests.support.purses import PIN, SUITE, personality, purse, remembers, tell

WRONG = pin_block("9999")


def dealing_card(name: bytes = b"CUSTOMER", seed: int = 1) -> Purse:
    """Return a selected purse that gives challenges."""
    image = first_image(balances=(1_000, 0, 0, 0, 0), pin=PIN)
    made = Purse(personality(name), Cell(encode_image(image)), SUITE, entropy=SeededEntropy(seed))
    tell(made, 0x00, 0xA4, 4, 0, AID)
    return made


def challenge(card: Purse) -> bytes:
    answer = tell(card, 0x00, 0x84, 0, 0)
    assert answer.ok and len(answer.data) == CHALLENGE_BYTES
    return answer.data


def sealed(card: Purse, block: bytes, given: bytes, random: bytes = bytes(RANDOM_BYTES)) -> bytes:
    certificate = decode_certificate(tell(card, 0x00, 0xCA, 0x7F, 0x21).data)
    return seal_pin(block, certificate=certificate, challenge=given, random=random)


def verify(card: Purse, body: bytes) -> int:
    return tell(card, 0x00, 0x20, 0x00, SEALED_PIN_KEY, body).sw


def test_the_right_pin_verifies_and_the_command_is_a_short_one() -> None:
    card = dealing_card()
    body = sealed(card, PIN, challenge(card))

    assert len(body) == SEALED_PIN_BYTES == 89
    assert len(Command(0, 0x20, 0, SEALED_PIN_KEY, body).encode()) == 5 + 89
    assert verify(card, body) == SW.OK
    assert tell(card, 0x00, 0x20, 0, SEALED_PIN_KEY).ok and tell(card, 0x00, 0x20, 0, PIN_KEY).ok
    assert remembers(card).tries == 3


def test_wrong_pins_spend_tries_and_the_third_blocks_both_ways() -> None:
    card = dealing_card()

    assert [verify(card, sealed(card, WRONG, challenge(card))) for _ in range(3)] == [
        0x63C2,
        0x63C1,
        SW.PIN_BLOCKED,
    ]
    assert verify(card, sealed(card, PIN, challenge(card))) == SW.PIN_BLOCKED
    assert tell(card, 0x00, 0x20, 0, PIN_KEY, PIN).sw == SW.PIN_BLOCKED


def test_a_body_is_good_for_one_challenge_only() -> None:
    """Replay: at once, after a new challenge, after power, and after another wrong body."""
    card = dealing_card()
    body = sealed(card, PIN, challenge(card))
    assert verify(card, body) == SW.OK

    assert verify(card, body) == SW.CONDITIONS_NOT_SATISFIED
    challenge(card)
    assert verify(card, body) == SW.SIGNATURE_WRONG
    fresh = sealed(card, PIN, challenge(card))
    assert verify(card, body) == SW.SIGNATURE_WRONG
    assert verify(card, fresh) == SW.CONDITIONS_NOT_SATISFIED, "its challenge was used up"


@pytest.mark.parametrize("how", ["power", "select", "new challenge"])
def test_a_challenge_ends_with_power_selection_and_the_next_challenge(how: str) -> None:
    card = dealing_card()
    body = sealed(card, PIN, challenge(card))
    if how == "power":
        card.power_on()
    if how == "new challenge":
        challenge(card)
    else:
        tell(card, 0x00, 0xA4, 4, 0, AID)

    assert verify(card, body) in (SW.CONDITIONS_NOT_SATISFIED, SW.SIGNATURE_WRONG)
    assert tell(card, 0x00, 0x20, 0, PIN_KEY).sw == 0x63C3


@pytest.mark.parametrize("at", range(SEALED_PIN_BYTES))
def test_a_changed_body_verifies_nothing_and_costs_no_try(at: int) -> None:
    """It is no guess: whoever could make one that opens would have had to seal it."""
    card = dealing_card()
    body = bytearray(sealed(card, PIN, challenge(card)))
    body[at] ^= 0x80
    before = card.memory.read()

    assert verify(card, bytes(body)) == SW.SIGNATURE_WRONG
    assert card.memory.read() == before and not card.verified


def test_a_body_for_another_card_opens_nowhere_else() -> None:
    """Also when both cards gave the same challenge."""
    card, other = dealing_card(seed=7), dealing_card(b"STRANGER", seed=7)
    given = challenge(card)
    assert challenge(other) == given

    assert verify(other, sealed(card, PIN, given)) == SW.SIGNATURE_WRONG


@pytest.mark.parametrize("size", [1, 8, 88, 90, 255])
def test_a_body_of_another_length_is_refused(size: int) -> None:
    card = dealing_card()
    challenge(card)

    assert verify(card, bytes(size)) == SW.SIGNATURE_WRONG
    with pytest.raises(SealError):
        open_pin(bytes(size), secret=1, name=b"CUSTOMER", challenge=bytes(CHALLENGE_BYTES))


def test_nothing_in_the_body_tells_how_long_the_pin_is_or_what_it_was() -> None:
    card = dealing_card()
    given = challenge(card)
    bodies = {sealed(card, pin_block(digits), given) for digits in ("1234", "123456789012")}

    assert {len(body) for body in bodies} == {SEALED_PIN_BYTES}
    assert not any(pin_block("1234")[:3] in body for body in bodies)


def test_challenges_differ_and_follow_from_the_cards_own_randomness() -> None:
    card, same = dealing_card(seed=3), dealing_card(seed=3)
    given = [challenge(card) for _ in range(50)]

    assert len(set(given)) == 50
    assert [challenge(same) for _ in range(50)] == given


def test_a_card_without_randomness_gives_no_challenge_and_takes_its_pin_in_clear() -> None:
    card = purse(b"CUSTOMER")

    assert tell(card, 0x00, 0x84, 0, 0).sw == SW.INSTRUCTION_NOT_SUPPORTED
    assert verify(card, bytes(SEALED_PIN_BYTES)) == SW.CONDITIONS_NOT_SATISFIED
    assert tell(card, 0x00, 0x20, 0, PIN_KEY, PIN).ok


@pytest.mark.parametrize(("p1", "p2", "data"), [(1, 0, b""), (0, 1, b""), (0, 0, b"x")])
def test_get_challenge_takes_no_parameters(p1: int, p2: int, data: bytes) -> None:
    card = dealing_card()

    assert not tell(card, 0x00, 0x84, p1, p2, data).ok
    assert verify(card, bytes(SEALED_PIN_BYTES)) == SW.CONDITIONS_NOT_SATISFIED


def test_what_was_sealed_for_a_name_opens_under_no_other() -> None:
    """Also with the same key: a card made anew under another name is another card."""
    card = dealing_card()
    given = challenge(card)
    body = sealed(card, PIN, given)
    secret = card.personality.secret

    assert open_pin(body, secret=secret, name=b"CUSTOMER", challenge=given) == PIN
    with pytest.raises(SealError):
        open_pin(body, secret=secret, name=b"CUSTOMEX", challenge=given)
