"""What a purse tells anybody: pocket and statement; a lost answer, a stranger, another currency."""

import pytest

from protocols.iso7816 import SW, Response, parse_response
from protocols.purse.card import Purse
from protocols.purse.coordinator import Order, Slot, transfer
from protocols.purse.details import MessageType
from protocols.purse.enquiry import Told, Untold, enquire
from tests.support.purses import KRW, TODAY, drive, purse, remembers


def ask(card: Purse, *, lost_at: int = 0, currency: int = KRW, statement: bool = True):
    """Return (what it told, exchanges); the answer of one exchange may be lost."""
    dialogue, exchanges = enquire(currency, statement=statement), 0
    apdu = next(dialogue)
    while True:
        exchanges += 1
        answer: Response | None = parse_response(card.handle(apdu))
        try:
            apdu = dialogue.send(None if exchanges == lost_at else answer)
        except StopIteration as end:
            return end.value, exchanges


def with_history(transfers: int) -> Purse:
    card, shop = purse(b"CUSTOMER", narrative_slots=10), purse(b"THE SHOP", balance=900)
    for number in range(transfers):
        pair = {Slot.PAYER: card, Slot.PAYEE: shop}
        if number % 3 == 2:
            pair = {Slot.PAYER: shop, Slot.PAYEE: card}
        order = Order(value=number + 1, currency=KRW, reference=bytes(8), day=TODAY)
        drive(transfer(order), pair)
    card.power_on()
    return card


def test_purse_tells_balance_and_the_last_ten_transfers_in_order() -> None:
    card = with_history(12)
    before = card.memory.read()

    told, _ = ask(card)

    assert isinstance(told, Told)
    assert told.state.name == b"CUSTOMER" and told.state.balance == remembers(card).balances[0]
    assert [past.details.value for past in told.past] == list(range(3, 13))
    assert [past.kind for past in told.past[:4]] == [
        MessageType.ACK, MessageType.VAL, MessageType.VAL, MessageType.ACK,
    ]  # fmt: skip
    assert card.memory.read() == before, "reading changes nothing"


def test_balance_alone_takes_three_exchanges() -> None:
    told, exchanges = ask(with_history(3), statement=False)

    assert isinstance(told, Told) and told.past == () and exchanges == 3


@pytest.mark.parametrize("at", range(1, 8))
def test_lost_answer_anywhere_tells_nothing(at: int) -> None:
    assert ask(with_history(3), lost_at=at) == (Untold(0), at)


def test_other_currency_and_other_application_are_said_by_their_word() -> None:
    assert ask(with_history(1), currency=978)[0] == Untold(SW.POCKET)
    dialogue = enquire(KRW)
    next(dialogue)
    with pytest.raises(StopIteration) as end:
        dialogue.send(Response(b"", SW.NOT_FOUND))
    assert end.value.value == Untold(SW.NOT_FOUND)


def test_locked_purse_tells_all_the_same() -> None:
    """A PIN is asked for before value leaves, never before a look."""
    card = with_history(1)
    dialogue = enquire(KRW)
    next(dialogue)
    assert dialogue.send(Response(b"", SW.SELECTED_LOCKED))
    assert isinstance(ask(card)[0], Told)
