"""A shop's life as a state machine: facts and broker steps in any order, and what always holds.

The model is a handful of sums that a shopkeeper would keep in her head, written without looking at
the chart: cash in the drawer, what was sold, the tax in it, what went back. Run by
test_stateful.py, and against deliberate faults by test_mutants.py.
"""

from collections import Counter
from functools import cache

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from ips import refunds
from ips.books import Booking
from ips.flows import StateClass
from ips.inquiries import open_amount, settled_amount
from ips.payments import PaymentOpened, PaymentRecord, Refusal, evolve
from ips.refund_policy import shipped_policy
from ips.rules import Rules, load_rules
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    CashMoved,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    ShiftCounted,
    ShiftOpened,
    Tender,
)
from protocols.money import Money
from protocols.outcome import Approved, Declined, Unknown
from tests.ips.model import NOON_NS, MemoryBooks, Terminal, figures, line, sale

AMOUNTS = st.integers(1, 50_000)
GROUPS = st.sampled_from(["grocery", "snack", "fresh"])


@cache
def rules() -> Rules:
    return load_rules()


class Shop(RuleBasedStateMachine):
    """One till, its broker, and the sums that must come out."""

    sold = Bundle("sold")
    """Sales that were closed."""
    doubtful = Bundle("doubtful")
    """Sales settled in cash while a card attempt was in doubt."""
    asked = Bundle("asked")
    """Refunds asked for at the broker."""

    def __init__(self) -> None:
        super().__init__()
        self.books = self.make_books()
        self.books.policies = msgspec.structs.replace(
            self.books.policies, refund_without_receipt_max=10**9
        )
        self.terminal = Terminal(self.books)
        self.numbers = 0
        self.keys = 0
        self.shift = 0
        self.cash = 0
        self.income = 0
        self.tax = 0
        self.given_back = 0
        self.owed = 0
        self.suspense = 0
        self.z = Counter[str]()
        self.float_amount = 0
        self._open()

    def make_books(self) -> MemoryBooks:
        """Return the books this shop is kept in."""
        return MemoryBooks(rules())

    def _open(self) -> None:
        self.shift += 1
        self.z = Counter()
        self.float_amount = 10_000 * self.shift
        self.cash = self.float_amount
        opened = ShiftOpened(shift=self.shift, float_amount=self.float_amount, store="S1")
        self.say(opened, [])

    def say(self, fact: object, codes: list[str], attempt: str | None = None) -> Booking:
        booking = self.terminal.say(fact, attempt=attempt)  # type: ignore[arg-type]
        assert [question.code for question in booking.questions] == codes
        return booking

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    def _sold(self, fact: SaleClosed) -> None:
        self.income += fact.total
        self.tax += fact.vat
        paid = Counter[str]()
        for tender in fact.tenders:
            paid[tender.method] += tender.amount
        self.cash += paid["cash"]
        self.z.update({"sales": 1, "gross": fact.total, "net": fact.net, "vat": fact.vat})
        self.z.update({"exempt": fact.exempt})
        self.z.update({f"by {method}": amount for method, amount in paid.items()})

    @rule(target=sold, amounts=st.lists(AMOUNTS, min_size=1, max_size=4), group=GROUPS)
    def sell_for_cash(self, amounts: list[int], group: str) -> SaleClosed:
        number = self._number()
        lines = [
            line(a, group=group, tax=("taxed", "exempt")[n % 2]) for n, a in enumerate(amounts)
        ]
        lines.append(line(77, voided=True))
        fact = sale(self.terminal, number, lines, shift=self.shift)
        self.say(fact, [])
        self._sold(fact)
        return fact

    @rule(target=sold, amount=st.integers(2, 50_000), announced=st.booleans())
    def sell_by_card_and_cash(self, amount: int, announced: bool) -> SaleClosed:
        number = self._number()
        key, part = self.terminal.key(number), amount // 2
        if announced:
            self._attempt(number, key, part, "approved")
        tenders = [
            Tender(method="chaos", attempt=key, amount=part, reference="A"),
            Tender(method="cash", attempt=self.terminal.key(number, "b"), amount=amount - part),
        ]
        fact = sale(self.terminal, number, [line(amount)], tenders, shift=self.shift)
        self.say(fact, [] if announced else ["unknown-attempt"])
        self._sold(fact)
        return fact

    def _attempt(self, number: int, key: str, amount: int, outcome: str) -> None:
        self.say(AttemptOpened(sale=number, method="chaos", amount=amount), [], key)
        closed = AttemptClosed(
            sale=number,
            method="chaos",
            amount=amount,
            outcome=outcome,  # type: ignore[arg-type]
        )
        self.say(closed, [], key)

    @rule(amount=AMOUNTS, outcome=st.sampled_from(["declined", "not_sent", "approved"]))
    def give_up(self, amount: int, outcome: str) -> None:
        number = self._number()
        self._attempt(number, self.terminal.key(number), amount, outcome)
        late = outcome == "approved"
        voided = SaleVoided(sale=number, shift=self.shift, lines=[line(amount)], total=amount)
        self.say(voided, ["duplicate-payment"] if late else [])
        self.owed += amount if late else 0
        self.z["voids"] += 1

    @rule(target=doubtful, amount=AMOUNTS)
    def settle_another_way(self, amount: int) -> tuple[str, SaleClosed]:
        number = self._number()
        self._attempt(number, self.terminal.key(number), amount, "unknown")
        cash = Tender(method="cash", attempt=self.terminal.key(number, "b"), amount=amount)
        fact = sale(self.terminal, number, [line(amount)], [cash], shift=self.shift)
        self.say(fact, [])
        self._sold(fact)
        return self.terminal.key(number), fact

    @rule(doubt=consumes(doubtful), paid=st.booleans())
    def learn_late(self, doubt: tuple[str, SaleClosed], paid: bool) -> None:
        key, fact = doubt
        closed = AttemptClosed(
            sale=fact.sale,
            method="chaos",
            amount=fact.total,
            outcome="approved" if paid else "declined",
        )
        self.say(closed, ["duplicate-payment"] if paid else [], key)
        self.owed += fact.total if paid else 0

    @rule(fact=sold)
    def say_a_sale_twice(self, fact: SaleClosed) -> None:
        again = msgspec.structs.replace(fact, shift=self.shift)
        cash = sum(t.amount for t in fact.tenders if t.method == "cash")
        refused = ["flow-refuses"] * len(fact.tenders)
        self.say(again, [*refused, "duplicate-sale"])
        self.cash += cash
        self.suspense -= cash
        self.z.update({"sales": 1, "gross": fact.total, "net": fact.net, "vat": fact.vat})
        self.z.update({"exempt": fact.exempt})
        for tender in fact.tenders:
            self.z[f"by {tender.method}"] += tender.amount

    def _refundable(self, fact: SaleClosed) -> int:
        return sum(self.books.payments[t.attempt].refundable for t in fact.tenders)

    @rule(fact=sold, amount=st.integers(1, 200) | AMOUNTS)
    def give_back_at_the_till(self, fact: SaleClosed, amount: int) -> None:
        number = self._number()
        order = self.books.payments[fact.tenders[0].attempt].order
        covered = min(amount, self._refundable(fact))
        tender = Tender(method="cash", attempt=self.terminal.key(number), amount=amount)
        lines = [line(amount)]
        back = RefundClosed(
            sale=number,
            shift=self.shift,
            original=order,
            lines=lines,
            tenders=[tender],
            reason="broken",
            **figures(lines),
        )
        self.say(back, ["refund-above-paid"] if covered < amount else [])
        self.cash -= amount
        self.given_back += covered
        self.suspense += amount - covered
        self.z.update({"refunds": amount, "by cash": -amount})

    @rule(target=asked, fact=sold, amount=st.integers(1, 200) | AMOUNTS)
    def ask_back_at_the_broker(self, fact: SaleClosed, amount: int) -> str:
        self.keys += 1
        payment = self.books.payments[fact.tenders[0].attempt]
        key = f"refund-{self.keys}"
        ask = refunds.RefundAsk(
            key=key,
            payment=payment.key,
            amount=amount,
            currency="KRW",
            reason="broken",
            actor="kim",
            method="chaos",
            at_ns=NOON_NS,
        )
        possible = payment.state_class is StateClass.SETTLED and amount <= payment.refundable
        answer = refunds.request(ask, self.books, shipped_policy())
        assert isinstance(answer, Booking) is possible
        if isinstance(answer, Booking):
            self.books.take(answer)
            self.given_back += amount
        return key

    @rule(key=asked, say=st.sampled_from(["yes", "no", "self"]))
    def decide_a_refund(self, key: str, say: str) -> None:
        known = self.books.refunds.get(key)
        if say == "no":
            answer = refunds.reject(
                key, approver="lee", why="used", at_ns=NOON_NS, books=self.books
            )
            possible = known is not None and known.state in ("requested", "approved")
            if possible:
                assert known is not None
                self.given_back -= known.amount
        else:
            who = "kim" if say == "self" else "lee"
            answer = refunds.approve(key, approver=who, why="ok", at_ns=NOON_NS, books=self.books)
            possible = known is not None and known.state == "requested" and say == "yes"
        self._take(answer, possible)

    @rule(key=asked, outcome=st.sampled_from(["approved", "declined", "unknown"]))
    def pay_a_refund(self, key: str, outcome: str) -> None:
        known = self.books.refunds.get(key)
        ready = known is not None and known.state == "approved"
        self._take(refunds.begin(key, at_ns=NOON_NS, books=self.books), ready)
        asking = known is not None and known.state in ("approved", "doubt")
        amount = 0 if known is None else known.amount
        answers = {
            "approved": Approved(amount=Money(amount), reference="R"),
            "declined": Declined(code="C", reason="no"),
            "unknown": Unknown(case_id=key, reason="silence"),
        }
        repeat = known is not None and known.state == "paid"
        answer = refunds.resolve(key, answers[outcome], at_ns=NOON_NS, books=self.books)
        self._take(answer, asking or repeat)

    @rule(fact=sold, outcome=st.sampled_from(["approved", "declined", "unknown"]))
    def take_a_small_refund_the_whole_way(self, fact: SaleClosed, outcome: str) -> None:
        key = self.ask_back_at_the_broker(fact=fact, amount=1)
        for say in ("self", "yes", "self"):
            self.decide_a_refund(key=key, say=say)
        self.pay_a_refund(key=key, outcome=outcome)

    def _take(self, answer: Booking | Refusal, possible: bool) -> None:
        assert isinstance(answer, Booking) is possible, answer
        if isinstance(answer, Booking):
            self.keys += 1
            answer.key = f"{answer.key}/{self.keys}"
            self.books.take(answer)

    @rule(direction=st.sampled_from(["in", "out", "drop"]), amount=AMOUNTS)
    def move_cash(self, direction: str, amount: int) -> None:
        moved = CashMoved(
            shift=self.shift,
            direction=direction,  # type: ignore[arg-type]
            amount=amount,
            reason="change",
        )
        self.say(moved, [])
        self.cash += amount if direction == "in" else -amount
        self.z[direction] += amount

    @rule(off=st.integers(-500, 500))
    def close_the_day(self, off: int) -> None:
        counted = max(self.cash + off, 0)
        self.say(ShiftCounted(shift=self.shift, counted=counted), [])
        z = self.z
        closed = ShiftClosed(
            shift=self.shift,
            z=self.shift,
            store="S1",
            sales=z["sales"],
            gross=z["gross"],
            net=z["net"],
            vat=z["vat"],
            exempt=z["exempt"],
            voids=z["voids"],
            refunds=z["refunds"],
            by_method={name[3:]: amount for name, amount in z.items() if name.startswith("by ")},
            float_amount=self.float_amount,
            cash_in=z["in"],
            cash_out=z["out"],
            drops=z["drop"],
            expected=self.cash,
            counted=counted,
            over_short=counted - self.cash,
        )
        self.say(closed, [])
        assert self._balance("till/S1/01") == 0
        self._open()

    def _balance(self, *prefixes: str) -> int:
        accounts = self.books.debits.keys() | self.books.credits.keys()
        return sum(self.books.balance(*key) for key in accounts if key[0].startswith(prefixes))

    @invariant()
    def debits_are_credits(self) -> None:
        assert sum(self.books.debits.values()) == sum(self.books.credits.values())

    @invariant()
    def drawer_is_as_counted_in_the_head(self) -> None:
        assert self._balance("till/") == self.cash

    @invariant()
    def income_and_tax_are_what_was_sold_less_what_went_back(self) -> None:
        assert self._balance("sales/", "returns/", "tax/") == self.given_back - self.income
        if not self.given_back:
            assert self._balance("tax/") == -self.tax

    @invariant()
    def customers_money_and_suspense_are_named(self) -> None:
        assert self._balance("customer-credit/") == -self.owed
        assert self._balance("suspense/") == self.suspense
        assert self._balance("clearing/") == 0

    @invariant()
    def refunds_stay_within_what_was_paid(self) -> None:
        paid_back = Counter[str]()
        for refund in self.books.refunds.values():
            if refund.payment and refund.state not in ("rejected",):
                paid_back[refund.payment] += refund.amount
        for payment in self.books.payments.values():
            assert paid_back[payment.key] <= payment.paid
            assert paid_back[payment.key] == payment.refunded + payment.refund_requested

    @invariant()
    def payable_is_what_is_asked_back(self) -> None:
        requested = sum(
            payment.refund_requested
            for payment in self.books.payments.values()
            if payment.state_class is not StateClass.OWED
        )
        assert self._balance("refunds-payable/") == -requested

    @invariant()
    def settled_open_and_refunded_are_everything(self) -> None:
        for payment in self.books.payments.values():
            stands = payment.state_class not in (StateClass.REFUSED, StateClass.VOID)
            parts = settled_amount(payment) + open_amount(payment) + payment.refunded
            assert parts == (payment.amount if stands else 0)

    @invariant()
    def replay_gives_the_same_records(self) -> None:
        replayed: dict[str, PaymentRecord] = {}
        for event in self.books.events:
            known = None if isinstance(event, PaymentOpened) else replayed[event.key]
            replayed[event.key] = evolve(known, event)
        assert replayed == self.books.payments
