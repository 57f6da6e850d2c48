"""Virtual banks and chips: a payment card's whole payment, a passbook's order, and whoever copies them.

Method: terminal, card and bank are the production dialogue, the virtual card and the bank's host; what goes
between them are messages of ISO 8583 by hand.
"""

from collections.abc import Iterator

import pytest

from protocols.emv.steps import Asked, Ending, Finished, GoOnline, Said
from protocols.emv.transaction import pay
from protocols.iso8583 import mti
from protocols.iso8583.message import Message
from protocols.passbook.terminal import (
    InDoubt,
    Refused,
    Submit,
    Submitted,
    Transferred,
    Wish,
)
from protocols.passbook.terminal import Said as BankSaid
from sim.cards.emv import EmvCard
from tests.protocols.test_passbook import Carrier as PassbookCarrier
from tests.protocols.test_passbook import card as passbook
from tests.sim.bank.test_host import KRW, Market
from tests.support import bank as b
from tests.support.payment_cards import Bank, Carrier, card, payment, terminal


@pytest.fixture
def market() -> Iterator[Market]:
    made = Market()
    yield made
    assert made.books.objections() == []
    made.books.close()


class HostBank(Bank):
    """The bank's host as the issuer that a terminal asks."""

    def __init__(self, market: Market) -> None:
        super().__init__()
        self.market = market
        self.sent: list[Message] = []
        self.codes: list[str] = []

    def message(self, asked: Asked, amount: int, **more: object) -> Message:
        pin = {f"f{n}": v for n, v in b.pin_of("1234", asked.pan).items()}
        fields = {"f23": f"{asked.sequence:03}", "f55": asked.field_55, "f14": asked.expiry}
        return self.market.asks.ask(pan=asked.pan, amount=amount, **{**pin, **fields, **more})

    def answer(self, step: GoOnline) -> Said:
        message = self.message(step.asked, self.amount)
        self.sent.append(message)
        answer = self.market.hosts["hanbit"].answer(message)
        assert answer is not None
        self.codes.append(answer.text(39))
        return Said(answer.text(39), answer.text(39) == "00", answer.octets(55))

    amount = 15_390


def paid(market: Market, which: EmvCard, amount: int = 15_390) -> tuple[Finished, HostBank]:
    bank = HostBank(market)
    bank.amount = amount
    return Carrier(which, bank=bank).run(pay(terminal(), payment(amount))), bank


@pytest.mark.parametrize("label", ["credit-1", "credit-2", "debit-1", "debit-2", "sign", "offline"])
def test_chip_and_bank_know_each_other(market: Market, label: str) -> None:
    finished, bank = paid(market, card(label))

    assert finished.ending is Ending.APPROVED_ONLINE and bank.codes == ["00"]
    assert market.shop() == 15_390


def test_the_same_request_again_gets_the_same_proof_and_moves_nothing(market: Market) -> None:
    _, bank = paid(market, card("credit-1"))
    host = market.hosts["hanbit"]

    again = host.answer(bank.sent[0])

    assert again is not None and again.text(39) == "00" and again.octets(55)
    assert market.shop() == 15_390


def test_bank_refuses_and_the_card_hears_it_from_the_bank(market: Market) -> None:
    which = card("credit-1")
    finished, bank = paid(market, which, 2_000_000)

    assert finished.ending is Ending.DECLINED_ONLINE and bank.codes == ["51"]
    assert market.shop() == 0 and which.image().counter == 1


def test_a_clone_is_refused_and_so_is_a_question_asked_twice(market: Market) -> None:
    finished, bank = paid(market, card("cloned"))
    assert finished.ending is Ending.DECLINED_ONLINE and bank.codes == ["05"]
    _, bank = paid(market, card("credit-1"))
    first = bank.sent[0]

    # The same cryptogram in another request: somebody has copied it.
    assert (
        market.say(
            market.asks.ask(pan=first.text(2), amount=15_390, f23="001", f55=first.octets(55))
        )
        == "05"
    )
    assert market.shop() == 15_390


def test_a_copy_with_an_older_counter_is_refused(market: Market) -> None:
    copied = card("credit-1")
    original = card("credit-1")
    for _ in range(3):
        assert paid(market, original)[0].approved

    finished, bank = paid(market, copied)

    assert not finished.approved and bank.codes == ["05"] and market.shop() == 3 * 15_390


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"f55": b"\x9f"}, "30"),
        ({"f55": b"\x95\x05\0\0\0\0\0"}, "30"),
        ({"f4": "000000015391"}, "05"),
        ({"f23": "002"}, "05"),
        ({"f23": "100"}, "30"),
    ],
)
def test_what_the_chip_did_not_say_is_not_paid(
    market: Market, more: dict[str, object], code: str
) -> None:
    carrier = Carrier(card("sign"))
    carrier.run(pay(terminal(), payment()))
    asked = next(step for step in carrier.steps if isinstance(step, GoOnline)).asked

    assert market.say(HostBank(market).message(asked, 15_390, **more)) == code
    assert market.shop() == 0


def test_what_a_card_approved_by_itself_comes_late_and_once(market: Market) -> None:
    which = card("offline")
    paid(market, which, 9_000)
    offline = [paid(market, which, 9_000)[0] for _ in range(2)]
    assert [each.ending for each in offline] == [Ending.APPROVED_OFFLINE] * 2
    later, _ = paid(market, which, 40_000)
    assert later.approved

    codes = []
    for each in (offline[1], offline[0], offline[0]):
        assert each.asked is not None
        message = HostBank(market).message(each.asked, 9_000).typed(mti.ADVICE)
        codes.append(market.say(message))

    assert codes == ["00", "00", "05"] and market.shop() == 9_000 + 40_000 + 2 * 9_000


# Passbooks

WISH = Wish(payee="2201102203301", amount=15_390, currency=410, reference=b"order-01", day=20260417)


class Transfers:
    """An account's bank behind its host."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.sent: list[Message] = []

    def message(self, submitted: Submitted, **more: object) -> Message:
        order, fields = submitted.order, {}
        if submitted.pin is not None:
            fields = {f"f{n}": v for n, v in b.pin_of("1234", order.account).items()}
        text = (submitted.signed + submitted.certificate).hex()
        fields |= {
            "f2": None,
            "f3": "400000",
            "f102": order.account,
            "f103": order.payee,
            "f120": text,
        }
        return self.market.asks.ask(amount=order.amount, **{**fields, **more})

    def answer(self, submitted: Submitted) -> BankSaid:
        message = self.message(submitted)
        self.sent.append(message)
        code = self.market.say(message)
        return BankSaid(code, code == "00")


@pytest.mark.parametrize("pins", [None, ("9999", "1234")])
def test_a_passbook_orders_a_transfer(market: Market, pins: tuple[str, ...] | None) -> None:
    before, bank = market.deposit(), Transfers(market)
    carrier = PassbookCarrier(passbook(), bank=bank)  # type: ignore[arg-type]
    if pins:
        carrier.pins = pins

    assert isinstance(carrier.run(WISH), Transferred)
    assert market.deposit() == before - 15_390 == before - market.shop()


def test_an_order_twice_under_another_number_is_refused_and_changed_ones_too(
    market: Market,
) -> None:
    bank = Transfers(market)
    carrier = PassbookCarrier(passbook(), bank=bank)  # type: ignore[arg-type]
    carrier.run(WISH)
    submitted = next(step for step in carrier.steps if isinstance(step, Submit)).submitted

    changes: list[tuple[dict[str, object], str]] = [
        ({}, "05"),
        ({"f4": "000000000001"}, "05"),
        ({"f102": "110550660770"}, "05"),
        ({"f120": "zz"}, "30"),
        ({"f120": submitted.signed.hex()}, "30"),
    ]
    assert [market.say(bank.message(submitted, **more)) for more, _ in changes] == [
        code for _, code in changes
    ]
    assert market.shop() == 15_390


def test_an_order_of_another_amount_or_payee_than_the_messages(market: Market) -> None:
    dialogue = PassbookCarrier(passbook(), bank=_Silent())  # type: ignore[arg-type]
    assert isinstance(dialogue.run(WISH), InDoubt)
    submitted = next(step for step in dialogue.steps if isinstance(step, Submit)).submitted
    bank = Transfers(market)

    assert market.say(bank.message(submitted, f4="000000015391")) == "05"
    assert market.say(bank.message(submitted, f103="2201102203302")) == "05"
    assert market.say(bank.message(submitted)) == "00", "nothing was taken of it before"


class _Silent:
    def answer(self, _: Submitted) -> None:
        return None


def test_a_poor_account_says_so(market: Market) -> None:
    bank = Transfers(market)
    carrier = PassbookCarrier(
        passbook(account="110550660770", pin="2345"), bank=bank, pins=("2345",)
    )  # type: ignore[arg-type]
    result = carrier.run(Wish(**{**_fields(WISH), "amount": 30_000}))

    assert isinstance(result, Refused) and result.code == "51"
    assert market.books.balance("hanbit", "shop/S01", KRW) == 0


def _fields(wish: Wish) -> dict[str, object]:
    return {name: getattr(wish, name) for name in Wish.__slots__}
