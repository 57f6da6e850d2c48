"""What a shop says of cards in its policy: wrong values are named, and the terminal is what it says."""

from typing import Any

import pytest

from pos.chip_terminal import terminal_of
from protocols.card_rules import CardKey, CardRules
from protocols.documents import DocumentError, Policy, body_of
from protocols.emv.bits import Capability, Tvr
from protocols.emv.terminal import CREDIT_AID, DEBIT_AID

RID = "F049505301"
KEY = {"rid": RID, "index": 1, "modulus": "AB" * 176}


def rules(**cards: Any) -> CardRules:
    body = body_of("policy", {"cards": cards})
    assert isinstance(body, Policy) and body.cards is not None
    return body.cards


def test_without_a_word_the_virtual_banks_applications_are_taken_and_no_chip_is_authenticated() -> (
    None
):
    terminal = terminal_of(CardRules(), pad=True, keypad=False, stripe=False)

    assert [each.aid for each in terminal.applications] == [CREDIT_AID, DEBIT_AID]
    assert all(each.floor_limit == 0 for each in terminal.applications), "every bank is asked"
    assert not terminal.authorities and Capability.CDA not in terminal.capabilities


def test_with_a_key_chips_are_authenticated() -> None:
    terminal = terminal_of(rules(keys=[KEY]), pad=False, keypad=True, stripe=True)

    [(authority, key)] = terminal.authorities.items()
    assert authority == (bytes.fromhex(RID), 1) and key.exponent == 65_537
    assert {Capability.CDA, Capability.PLAINTEXT_PIN, Capability.STRIPE} <= set(
        terminal.capabilities
    )
    assert Capability.ONLINE_PIN not in terminal.capabilities


def test_bits_of_an_application_are_the_terminals() -> None:
    one = rules(applications=[{"aid": RID + "1010", "label": "ONE", "denial": "0040000000"}])
    [application] = terminal_of(one, pad=False, keypad=False, stripe=False).applications

    assert application.denial == Tvr.EXPIRED


@pytest.mark.parametrize(
    ("cards", "says"),
    [
        ({"applications": [{"aid": "F04", "label": "X"}]}, "aid"),
        ({"applications": [{"aid": RID, "label": "X" * 17}]}, "label"),
        ({"applications": [{"aid": RID, "label": "X", "denial": "1"}]}, "denial"),
        ({"keys": [KEY | {"modulus": "zz"}]}, "modulus"),
        ({"keys": [KEY | {"index": 256}]}, "index"),
        ({"keyes": []}, "did you mean keys?"),
        ({"keys": [KEY | {"modulos": ""}]}, "did you mean modulus?"),
        ({"country": 0}, "country"),
    ],
)
def test_what_cannot_be_is_named(cards: dict[str, Any], says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        rules(**cards)
    assert says in str(caught.value)


def test_a_key_is_read_back_as_it_was_written() -> None:
    [key] = rules(keys=[KEY]).keys
    assert key == CardKey(rid=RID, index=1, modulus="AB" * 176)
