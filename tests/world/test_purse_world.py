"""E-cash at a real till and its broker while cards are torn, answers lost, messages late and both
programs are killed (T5, P1).

Goal: the float equation after every sale, and, at rest, journal, cards and the broker's ledger that
agree, everything uploaded once, for 2,000 transfers. Method: a world from one seed in virtual time
(tests/support/purse_world.py); `make prove` goes on to 100,000.
"""

import pytest

from sim.search.faults import FAULTS
from sim.stage.world.network import Passing
from tests.support.mutants import swapped
from tests.support.purse_world import TEARS, lived

SEEDS = range(11)
SALES = 250
MUTANTS = {
    "broker: what comes again is booked again": (
        "ips.batches",
        "BatchWork._store",
        "return self._book(group, fresh)",
        "return self._book(group, self.batch.records)",
    ),
    "till: what comes late is taken for the open sale": (
        "pos.paying",
        "Paying._fits",
        "return doubt.order == open_order and",
        "return True or",
    ),
    "broker: e-cash is booked from the wrong side": (
        "ips.booking_purse",
        "_accounts",
        "return to, clearing",
        "return clearing, to",
    ),
    "broker: a lost batch is taken as read": (
        "ips.batches",
        "BatchWork.apply",
        "if envelope.first > life.high_water + 1:",
        (
            "if envelope.last > 150:\n"
            "        life = life._replace(high_water=envelope.last, head=envelope.head)\n"
            "    if envelope.first > life.high_water + 1:"
        ),
    ),
    "till: a doubt is taken for a refusal": (
        "pos.purse_transfer",
        "settled",
        "return Unknown(case_id=desk.key, reason=reason, code=told.code, missing=missing)",
        "return Declined(code=told.code, reason=reason)",
    ),
    "till: value moves without its intent": (
        "pos.payment_desk",
        "PaymentDesk.intend",
        "await self.register.append([draft], ATTEMPT, events=events)",
        "assert draft",
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_money_is_where_the_books_say_whatever_goes_wrong(seed: int) -> None:
    story = lived(seed, SALES)

    assert story.transfers() > SALES * 0.75, "with all eleven seeds 2,000 transfers"

    happened = story.tally
    assert min(happened[what] for what in (*TEARS, "delay")) > 5
    assert sum(count for what, count in happened.items() if what.startswith("killed")) > 10
    assert sum(count for what, count in happened.items() if what.startswith("broker killed")) > 3
    assert min(happened[f"line: {passing.value}"] for passing in Passing) > 5
    assert happened["late message obeyed"] + happened["late message"] > 50


def test_the_same_seed_is_the_same_world() -> None:
    one, two = (lived(7, 20) for _ in range(2))

    for label, card in one.world.purses.cards.items():
        assert card.image() == two.world.purses.cards[label].image()
    assert one.tally == two.tally
    assert one.now_ns == two.now_ns


@pytest.mark.parametrize("name", ["payee does not log", "status lost with power"])
def test_a_broken_rule_of_the_purse_is_noticed(name: str) -> None:
    """A world in which nothing can be found out proves nothing."""
    rules = next(fault for fault in FAULTS if fault.name == name).rules()

    with pytest.raises(AssertionError):
        lived(1, 150, rules)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_of_the_programs_is_noticed(name: str) -> None:
    with swapped(*MUTANTS[name]), pytest.raises(AssertionError):
        lived(2, 150)
