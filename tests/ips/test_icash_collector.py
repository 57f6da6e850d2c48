"""The collector of ICash: statements, collection, clearing, claims; real cards, module and broker's store.

T5, I7. Histories of buying, losing, reporting late or never, collecting, clearing and claiming keep the
equation: cards + to be collected + collected + claimable = issued. Each rule broken alone is caught,
by the schema or by the equation.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ips.icash import collection
from ips.icash.audit import audit_icash
from ips.icash.collection import CollectorRules, held_in
from ips.icash.desk import (
    IcashClear,
    IcashCollect,
    IcashCollected,
    IcashCommands,
    IcashIssuer,
    IcashKnown,
    IcashNot,
    IcashPay,
    IcashProve,
    IcashStatement,
)
from ips.ledger import Transfer
from ips.rules import Rules
from ips.store.audit import audit_chains, audit_ledger, audit_seals
from ips.store.group import Group, PoisonError
from protocols.facts import AttemptClosed, AttemptOpened
from protocols.icash.attempt import order_reference, peer_of
from protocols.icash.coordinator import InDoubt, NotPaid, Paid, Place, recover
from protocols.icash.details import Details, Kind, claim_text, opening_text, receipt_text
from protocols.icash.host import Host
from protocols.icash.keys import Purpose
from tests.support.icash import (
    DETAILS,
    MASTERS,
    MODULE,
    SUITE,
    TODAY,
    balance,
    drive,
    module,
    tell,
    total,
)
from tests.support.icash_scheme import FIRST, Bought, IcashScheme, taken
from tests.support.purses import Torn

S2_LOST, S3_LOST = Torn(7, done=False), Torn(7, done=True)
"""Of a purchase: two exchanges to find each side, INITIALIZE IEP and PSAM, then DEBIT IEP."""


@pytest.fixture
def broken(tmp_path: Path, rules: Rules) -> Iterator[IcashScheme]:
    """A scheme in which a rule is broken: the equation is not held against it at the end."""
    made = IcashScheme(tmp_path, rules)
    yield made
    for audit in (audit_chains, audit_ledger, audit_seals):
        assert audit(made.broker.reader).findings == []
    made.broker.close()


@pytest.fixture
def scheme(broken: IcashScheme) -> Iterator[IcashScheme]:
    yield broken
    broken.check()


def details_of(bought: Bought) -> Details:
    assert isinstance(bought.result, Paid | InDoubt)
    return bought.result.details


def lose(scheme: IcashScheme, amount: int = 300) -> Details:
    """Let a debit's receipt be lost, and the customer go."""
    return details_of(scheme.buy("CARD0001", amount, S3_LOST, heal=False))


def proof_of(details: Details) -> bytes:
    """Return the SI that the card would say again."""
    key = SUITE.derive(MASTERS.claim, Purpose.CLAIM, details.card, details.key_version)
    return SUITE.mac(key, claim_text(details.encode()))


def test_what_terminals_report_is_in_the_module_until_it_is_collected(scheme: IcashScheme) -> None:
    """Booked from the fact into the module's account; the sale takes it out of the clearing account."""
    scheme.sell("CARD0001", 3_000)
    scheme.sell("CARD0002", 500)

    account = held_in(MODULE.hex())
    assert scheme.ledger() == {account: 3_500, "clearing/icash/main": -3_500}
    done = scheme.collect()
    assert (done.total, done.paid_now, done.unreported) == (3_500, 3_500, 0)
    assert scheme.ledger() == {account: 0, "clearing/icash/main": -3_500, "bank/icash": 3_500}
    assert scheme.questions() == []
    manifest = scheme.rules.manifest("icash")
    assert manifest is not None
    names = {"store": "main", "terminal": "01", "device": MODULE.hex()}
    assert manifest.received_account(**names) == account


def test_same_answers_again_pay_nothing_twice(scheme: IcashScheme) -> None:
    scheme.sell("CARD0001", 3_000)
    answers = scheme.answers()
    first, again = scheme.present(answers), scheme.present(answers)

    assert isinstance(first, IcashCollected) and isinstance(again, IcashCollected)
    assert (first.paid_now, again.paid_now, again.paid_before) == (3_000, 0, 3_000)
    assert scheme.collect().paid_now == 0
    scheme.sell("CARD0001", 200)
    assert scheme.collect().paid_now == 200


def test_purchase_reported_twice_is_booked_once_and_the_second_amount_is_asked_about(
    scheme: IcashScheme,
) -> None:
    bought = scheme.sell("CARD0001", 3_000)
    assert bought.fact is not None
    scheme.upload(bought.fact, attempt=bought.key)
    scheme.upload(taken(details_of(bought), b""), attempt=bought.key)
    assert scheme.questions() == []
    scheme.upload(replace(bought.fact, amount=9), attempt=bought.key)

    assert scheme.questions() == ["value-differs"]
    assert scheme.ledger()[held_in(MODULE.hex())] == 3_000
    assert scheme.collect().paid_now == 3_000


@pytest.mark.parametrize(
    ("change", "key", "detail"),
    [
        ({"amount": 2_999}, "", "the card paid 3000"),
        ({"device": "5348505830303031"}, "", "it was paid into module"),
        ({"details": b"nothing"}, "", "39 bytes, not 7"),
        ({"proof": bytes(7)}, "", "8 bytes, not 7"),
        ({}, "main-01-20260417-9999-a", "for another attempt"),
    ],
)
def test_odd_report_is_booked_and_asked_about_and_only_what_is_proved_is_collected(
    scheme: IcashScheme, change: dict[str, object], key: str, detail: str
) -> None:
    """Bound to another attempt: the value is there and proved, so it is paid; anything else is not."""
    bought = scheme.buy("CARD0001", 3_000)
    assert bought.fact is not None
    fact = replace(bought.fact, **change)
    scheme.report(Bought(key or bought.key, bought.result, fact), fact)

    rows = scheme.broker.reader.ask("SELECT code, sentence_en FROM question")
    assert [code for code, _ in rows] == ["value-odd"] and detail in rows[0][1]
    assert -scheme.ledger()["clearing/icash/main"] == fact.amount
    done = scheme.collect()
    assert done.paid_now == (0 if change else 3_000)


def test_purchase_without_a_proof_waits_until_its_card_has_proved_it(scheme: IcashScheme) -> None:
    """A till that died with the proof: asked about, not paid; brought by a terminal, or to the office."""
    first, second = scheme.buy("CARD0001", 3_000), scheme.buy("CARD0002", 500)
    for bought in (first, second):
        scheme.report(bought, taken(details_of(bought), b""))
    assert scheme.questions() == ["value-unproved", "value-unproved"]
    done = scheme.collect()
    assert (done.paid_now, len(done.unproved), done.unreported) == (0, 2, 0)

    assert first.fact is not None and isinstance(second.result, Paid)
    scheme.upload(first.fact, attempt=first.key)
    assert scheme.collect().paid_now == 3_000
    td = details_of(second).encode()
    wrong = scheme.do(IcashProve(details=td, proof=bytes(8), actor="park"))
    assert isinstance(wrong, IcashNot) and "no card has made" in wrong.reason
    right = IcashProve(details=td, proof=second.result.proof, actor="park")
    assert isinstance(scheme.do(right), IcashKnown) and isinstance(scheme.do(right), IcashKnown)
    assert scheme.collect().paid_now == 500
    unknown = scheme.do(IcashProve(details=DETAILS.encode(), proof=bytes(8), actor="park"))
    assert isinstance(unknown, IcashNot) and "no terminal has reported" in unknown.reason


def test_false_proof_is_never_paid(scheme: IcashScheme) -> None:
    """Whoever has a module can make S3, and no SI."""
    bought = scheme.buy("CARD0001", 3_000)
    scheme.report(bought, taken(details_of(bought), b"falsely!"))

    done = scheme.collect()
    assert done.paid_now == 0
    assert done.refused == [(details_of(bought).encode().hex(), "no card has made this proof")]


def test_proof_of_what_no_module_has_is_not_paid(scheme: IcashScheme) -> None:
    """The card has paid and its receipt was lost: the proof is genuine, the module is empty."""
    lost = lose(scheme)
    scheme.report(
        Bought("main-01-20260417-0001-a", Paid(lost, b""), None), taken(lost, proof_of(lost))
    )

    done = scheme.collect()
    assert (done.total, done.paid_now, done.unreported) == (0, 0, -300)
    assert [why for _, why in done.refused] == ["more than the module has stated"]
    scheme.sell("CARD0002", 200)
    assert scheme.collect().paid_now == 200, "the others are paid all the same"


def test_value_that_no_module_books_is_kept_and_asked_about(scheme: IcashScheme) -> None:
    """A stranger's scheme whose module is not here, or one that knows no devices: cash."""
    for method in ("points", "cash"):
        scheme.upload(replace(taken(DETAILS, b""), method=method))

    assert scheme.questions() == ["value-module", "value-module"]
    assert scheme.ledger() == {}
    assert scheme.broker.reader.ask("SELECT count(*) FROM value_taken") == [(0,)]


def test_what_no_terminal_has_reported_is_told(scheme: IcashScheme) -> None:
    bought = scheme.buy("CARD0001", 3_000)
    assert scheme.collect().unreported == 3_000

    assert bought.fact is not None
    scheme.report(bought, bought.fact)
    assert scheme.collect().paid_now == 3_000


def test_statement_is_refused_that_does_not_hold(scheme: IcashScheme) -> None:
    """Not asked for, of another module, changed, with other open purchases, older, or none."""
    lose(scheme)
    scheme.sell("CARD0002", 100)
    good = scheme.answers()
    other = module(b"SHOP0002")
    other.power_on()
    stranger = IcashStatement(module=b"SHOP0002".hex(), actor="park")
    asked = scheme.do(stranger)
    assert isinstance(asked, IcashCommands)
    theirs = [other.handle(bytes.fromhex(apdu)) for apdu in asked.apdus]
    changed = [good[0], good[1][:5] + b"\x01" + good[1][6:], *good[2:]]
    for answers, reason in (
        (theirs, "not asked for here"),
        (changed, "not asked for here"),
        ([good[0], *good[2:]], "0 statements"),
        ([good[0], good[1]], "states 1 open purchases, and only 0"),
        ([good[0], good[1], good[2], good[2]], "others were read"),
        ([b"\x6a\x82"], "refused: 6A82"),
        ([b"\x90"], "no answer of a card"),
    ):
        done = scheme.present(answers)
        assert isinstance(done, IcashNot) and reason in done.reason, done
    later = scheme.answers()
    assert isinstance(scheme.present(later), IcashCollected)
    old = scheme.present(good)
    assert isinstance(old, IcashNot) and "newer statement" in old.reason
    short = scheme.present(scheme.answers(open_max=0))
    assert isinstance(short, IcashNot) and "only 0 were read" in short.reason


def test_module_that_states_less_than_before_is_refused(scheme: IcashScheme) -> None:
    """A copy of a module, or one that was set back."""
    scheme.sell("CARD0001", 3_000)
    scheme.collect()
    scheme.module, own = module(MODULE), scheme.module

    done = scheme.present(scheme.answers())
    assert isinstance(done, IcashNot) and "states less" in done.reason
    scheme.module = own


def test_lost_receipt_is_cleared_and_paid_back_to_the_holder_once(scheme: IcashScheme) -> None:
    """Debited, never credited: the module forgets it, states so, and only then is the holder paid."""
    lost = lose(scheme)
    claim = IcashPay(details=lost.encode(), proof=proof_of(lost), holder="CARD0001", actor="park")
    early = scheme.do(claim)
    assert isinstance(early, IcashNot) and "never told to forget" in early.reason
    scheme.sell("CARD0002", 100)
    assert scheme.collect().open == 1
    assert len(scheme.clear().apdus) == 2, "SELECT and one CLEAR"
    unsure = scheme.do(claim)
    assert isinstance(unsure, IcashNot) and "has not stated since" in unsure.reason
    assert scheme.collect().open == 0

    assert isinstance(scheme.do(claim), IcashKnown)
    assert scheme.paid() == (100, 300) and scheme.claimable() == 300
    again = scheme.do(claim)
    assert isinstance(again, IcashNot) and "paid for before" in again.reason
    forged = scheme.do(IcashPay(details=lost.encode(), proof=bytes(8), holder="x", actor="park"))
    assert isinstance(forged, IcashNot) and "no card has made" in forged.reason
    odd = scheme.do(IcashPay(details=b"x", proof=bytes(8), holder="x", actor="park"))
    assert isinstance(odd, IcashNot) and "no details" in odd.reason


def test_nothing_is_cleared_before_a_statement(scheme: IcashScheme) -> None:
    done = scheme.do(IcashClear(module=MODULE.hex(), actor="park"))
    assert isinstance(done, IcashNot) and "icash statement" in done.reason
    scheme.collect()
    assert scheme.clear().apdus == []


def test_purchase_that_comes_late_between_order_and_clear_is_the_shops(scheme: IcashScheme) -> None:
    """The order to clear is on its way, the card comes back, the module is credited: never paid back."""
    lost = lose(scheme)
    scheme.sell("CARD0002", 100)
    scheme.collect()
    ordered = scheme.do(IcashClear(module=MODULE.hex(), actor="park"))
    assert isinstance(ordered, IcashCommands)
    sides = {Place.CARD: scheme.cards["CARD0001"], Place.MODULE: scheme.module}
    healed, _, _ = drive(recover(lost, TODAY), sides)
    assert isinstance(healed, Paid) and scheme.told(ordered)[1] == b"\x6a\x83"

    unreported = scheme.collect()
    assert unreported.unreported == 300 and unreported.paid_now == 0
    claim = IcashPay(details=lost.encode(), proof=healed.proof, holder="CARD0001", actor="park")
    assert isinstance(scheme.do(claim), IcashNot)
    scheme.report(Bought("main-01-20260417-0001-a", healed, None), taken(lost, healed.proof))
    assert scheme.collect().paid_now == 300
    refused = scheme.do(claim)
    assert isinstance(refused, IcashNot) and "paid for before" in refused.reason


def test_statement_from_before_the_order_ends_no_order(scheme: IcashScheme) -> None:
    """In it the purchase was still pending: neither open nor in the total, and yet to come."""
    lost = lose(scheme)
    pending = scheme.answers()
    assert isinstance(scheme.present(pending), IcashCollected)
    scheme.sell("CARD0002", 100)
    scheme.collect()
    ordered = scheme.do(IcashClear(module=MODULE.hex(), actor="park"))
    assert isinstance(ordered, IcashCommands) and len(ordered.apdus) == 2
    scheme.present(pending)

    claim = IcashPay(details=lost.encode(), proof=proof_of(lost), holder="CARD0001", actor="park")
    done = scheme.do(claim)
    assert isinstance(done, IcashNot) and "has not stated since" in done.reason
    scheme.told(ordered)


def test_purchase_that_is_in_doubt_at_a_terminal_is_not_cleared(scheme: IcashScheme) -> None:
    bought = scheme.buy("CARD0001", 300, S3_LOST, heal=False)
    lost = details_of(bought)
    scheme.upload(
        AttemptOpened(sale=1, method="icash", amount=300, peer=peer_of(lost)),
        AttemptClosed(sale=1, method="icash", outcome="unknown", amount=300),
        attempt=bought.key,
    )
    scheme.sell("CARD0002", 100)
    scheme.collect()

    kept = scheme.clear()
    assert (kept.apdus, kept.kept) == ([], [bought.key])
    anyway = scheme.do(IcashClear(module=MODULE.hex(), doubted=True, actor="park"))
    assert isinstance(anyway, IcashCommands) and len(anyway.apdus) == 2
    sides = {Place.CARD: scheme.cards["CARD0001"], Place.MODULE: scheme.module}
    healed, _, _ = drive(recover(lost, TODAY), sides)
    assert isinstance(healed, Paid)
    scheme.report(Bought(bought.key, healed, None), taken(lost, healed.proof))
    assert scheme.collect().paid_now == 300


def test_keys_are_taken_over_once(tmp_path: Path, rules: Rules) -> None:
    scheme = IcashScheme(tmp_path, rules)
    told = scheme.do(IcashIssuer(actor="park"))
    assert isinstance(told, IcashKnown) and "collection" in told.state
    assert MASTERS.claim.hex() not in told.state.lower()
    same = scheme.do(IcashIssuer(masters=MASTERS.encode(), actor="park"))
    assert same == told
    other = scheme.do(IcashIssuer(masters=bytes(64), actor="park"))
    assert isinstance(other, IcashNot) and "another issuer" in other.reason
    short = scheme.do(IcashIssuer(masters=bytes(63), actor="park"))
    assert isinstance(short, IcashNot) and "64 bytes" in short.reason
    scheme.broker.close()


def test_audit_finds_a_ledger_that_says_something_else(broken: IcashScheme) -> None:
    """What the tables say and what the accounts say are summed up apart."""
    broken.sell("CARD0001", 3_000)
    broken.collect()
    assert audit_icash(broken.broker.reader, None).findings == []
    transfer = Transfer(debit="bank/icash", credit="safe/main", amount=7, currency="KRW")

    asyncio.run(broken.broker.writer.run(_Odd(transfer)))

    [found] = audit_icash(broken.broker.reader, None).findings
    assert (found.where, found.what) == ("bank/icash", "the ledger has 3007, shops were paid 3000")


class _Odd:
    """A transfer that nothing explains."""

    size = 1
    is_batch = False

    def __init__(self, *transfers: Transfer) -> None:
        self._transfers = transfers

    def apply(self, group: Group) -> None:
        group.book(
            "odd/0", [Transfer(debit="safe/main", credit="suspense/x", amount=9, currency="KRW")]
        )
        group.book("odd/1", self._transfers)


class PaysOnTheModulesWord(CollectorRules):
    def is_genuine(self, host: Host, td: bytes, proof: bytes) -> bool:
        return True


class PaysTwice(CollectorRules):
    def is_unpaid(self, paid: object) -> bool:
        return True


class PaysWhatIsOpen(CollectorRules):
    def is_credited(self, td: bytes, opened: set[bytes], cleared: dict[bytes, str]) -> bool:
        return True


class PaysAboveTheTotal(CollectorRules):
    def is_within(self, paid: int, amount: int, total: int) -> bool:
        return True


class BelievesThatNothingCame(CollectorRules):
    def was_never_credited(self, explained: int, total: int) -> bool:
        return True


def with_rules(monkeypatch: pytest.MonkeyPatch, rules: CollectorRules) -> None:
    monkeypatch.setattr(collection, "CollectorRules", lambda: rules)


def test_rule_that_pays_twice_is_refused_by_the_schema(
    scheme: IcashScheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme.sell("CARD0001", 3_000)
    scheme.collect()
    scheme.sell("CARD0001", 3_000)
    with_rules(monkeypatch, PaysTwice())

    with pytest.raises(PoisonError, match="icash_paid"):
        scheme.collect()


def test_rule_that_pays_above_the_total_is_refused_by_the_schema(
    scheme: IcashScheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = lose(scheme)
    scheme.report(
        Bought("main-01-20260417-0001-a", Paid(lost, b""), None), taken(lost, proof_of(lost))
    )
    with_rules(monkeypatch, PaysAboveTheTotal())

    with pytest.raises(PoisonError, match="a shop is paid for what its module has stated"):
        scheme.collect()


def test_rule_that_pays_what_was_cleared_is_refused_by_the_schema(
    scheme: IcashScheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = lose(scheme)
    scheme.sell("CARD0002", 500)
    scheme.answers()
    scheme.report(
        Bought("main-01-20260417-0001-a", Paid(lost, b""), None), taken(lost, proof_of(lost))
    )
    done = scheme.collect()
    assert done.paid_now == 500
    scheme.clear()
    scheme.buy("CARD0002", 300)
    with_rules(monkeypatch, PaysWhatIsOpen())

    with pytest.raises(PoisonError, match="a shop is paid for what its module has stated"):
        scheme.collect()


def test_rule_that_believes_a_module_is_found_by_the_equation(
    broken: IcashScheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stolen module credits itself with receipts that no card has made."""
    scheme = broken
    forged = DETAILS._replace(card=b"NO CARD!", amount=9_000, reference=bytes(8))
    key = SUITE.derive(MASTERS.purchase, Purpose.PURCHASE, forged.card, 1)
    opened = SUITE.mac(key, opening_text(Kind.DEBIT, forged.encode(), 0, 20301231))
    asked = forged.encode() + bytes(4) + (20301231).to_bytes(4) + TODAY.to_bytes(4) + opened
    scheme.module.selected = True
    assert tell(scheme.module, 0x70, asked).ok
    receipt = SUITE.mac(key, receipt_text(Kind.DEBIT, forged.encode()))
    assert tell(scheme.module, 0x72, forged.encode() + receipt).ok and total(scheme.module) == 9_000
    scheme.report(
        Bought("main-01-20260417-0001-a", Paid(forged, b""), None), taken(forged, b"forged!!")
    )
    assert scheme.collect().paid_now == 0, "the collector pays only against SI"
    with_rules(monkeypatch, PaysOnTheModulesWord())

    assert scheme.collect().paid_now == 9_000
    assert scheme.claimable() == -9_000, "money that no card has given"
    found = audit_icash(scheme.broker.reader, Host(MASTERS, SUITE)).findings
    assert [each.what for each in found] == ["was paid, and no card has proved it"]
    assert audit_icash(scheme.broker.reader, None).findings == [], "without keys nobody can tell"


def test_rule_that_pays_back_what_came_late_breaks_the_equation(
    broken: IcashScheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = broken
    lost = lose(scheme)
    scheme.sell("CARD0002", 100)
    scheme.collect()
    scheme.do(IcashClear(module=MODULE.hex(), actor="park"))
    sides = {Place.CARD: scheme.cards["CARD0001"], Place.MODULE: scheme.module}
    healed, _, _ = drive(recover(lost, TODAY), sides)
    assert isinstance(healed, Paid)
    with_rules(monkeypatch, BelievesThatNothingCame())
    scheme.collect()

    claim = IcashPay(details=lost.encode(), proof=healed.proof, holder="x", actor="park")
    assert isinstance(scheme.do(claim), IcashKnown)
    with pytest.raises(AssertionError, match="for what a module has"):
        scheme.check()
    scheme.report(Bought("main-01-20260417-0001-a", healed, None), taken(lost, healed.proof))
    found = audit_icash(scheme.broker.reader, None).findings
    assert [each.what for each in found] == ["was paid to its holder, and a terminal took it"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["sell", "sell", "sell", "lose", "quiet", "late", "unproved", "collect", "clear", "told", "claim"]
        ),
        st.sampled_from(["CARD0001", "CARD0002"]),
        st.integers(1, 900),
    ),
    max_size=25,
)  # fmt: skip


LOSS = [("lose", "CARD0001", 300), ("sell", "CARD0002", 100), ("collect", "CARD0001", 1)]
CLEARED = [*LOSS, ("clear", "CARD0001", 1), ("told", "CARD0001", 1), ("collect", "CARD0001", 1)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(steps=[*CLEARED, ("claim", "CARD0001", 1), ("late", "CARD0001", 1)])
@example(steps=[*LOSS, ("clear", "CARD0001", 1), ("late", "CARD0001", 1), ("told", "CARD0001", 1)])
@given(steps=STEPS)
def test_any_history_keeps_the_equation(
    tmp_path_factory: pytest.TempPathFactory, rules: Rules, steps: list[tuple[str, str, int]]
) -> None:
    """cards + to be collected + collected + claimable = issued, whatever comes after what; in the end
    everything that the module has is paid to the shop, and all that is claimable to its holder."""
    scheme = IcashScheme(tmp_path_factory.mktemp("history"), rules)
    lost: dict[bytes, Details] = {}
    quiet: list[Bought] = []
    ordered: list[IcashCommands] = []
    for what, name, amount in steps:
        _step(scheme, what, name, amount, lost, quiet, ordered)
        scheme.check()
    for bought in quiet:
        assert bought.fact is not None
        scheme.report(bought, bought.fact)
    scheme.sell("CARD0002", 1)
    scheme.collect()
    scheme.clear()
    scheme.collect()
    for details in lost.values():
        scheme.do(
            IcashPay(details=details.encode(), proof=proof_of(details), holder="x", actor="park")
        )
    scheme.check()
    assert scheme.paid() == (scheme.in_module(), scheme.claimable())
    for audit in (audit_ledger, audit_seals):
        assert audit(scheme.broker.reader).findings == []
    scheme.broker.close()


def _step(
    scheme: IcashScheme,
    what: str,
    name: str,
    amount: int,
    lost: dict[bytes, Details],
    quiet: list[Bought],
    ordered: list[IcashCommands],
) -> None:
    """One thing that happens; `quiet` purchases are not reported yet, `ordered` clears not yet told."""
    match what:
        case "lose" | "sell" | "quiet" | "unproved" if balance(scheme.cards[name]) < amount:
            return
        case "sell":
            scheme.sell(name, amount)
        case "quiet":
            quiet.append(scheme.buy(name, amount))
        case "unproved":
            bought = scheme.buy(name, amount)
            scheme.report(bought, taken(details_of(bought), b""))
            assert bought.fact is not None
            scheme.upload(bought.fact, attempt=bought.key)
        case "lose":
            bought = scheme.buy(name, amount, S3_LOST, heal=False)
            if isinstance(bought.result, InDoubt):
                lost[details_of(bought).encode()] = details_of(bought)
        case "late":
            for td in list(lost)[:1]:
                details = lost[td]
                sides = {
                    Place.CARD: scheme.cards[details.card.decode()],
                    Place.MODULE: scheme.module,
                }
                healed, _, _ = drive(recover(details, TODAY), sides)
                if isinstance(healed, Paid):
                    key = next(k for k in _keys(scheme) if order_reference(k) == details.reference)
                    quiet.append(Bought(key, healed, taken(details, healed.proof)))
                    del lost[td]
        case "collect":
            scheme.collect()
        case "clear":
            done = scheme.do(IcashClear(module=MODULE.hex(), actor="park"))
            if isinstance(done, IcashCommands):
                ordered.append(done)
        case "told":
            for commands in ordered:
                scheme.told(commands)
            ordered.clear()
        case _:
            for details in lost.values():
                scheme.do(
                    IcashPay(
                        details=details.encode(), proof=proof_of(details), holder="x", actor="park"
                    )
                )


def _keys(scheme: IcashScheme) -> list[str]:
    return [f"main-01-20260417-{number:04d}-a" for number in range(1, scheme.orders + 1)]


def test_first_value_of_the_scheme_is_what_the_cards_hold(scheme: IcashScheme) -> None:
    assert scheme.on_cards() == 2 * FIRST
    refused = scheme.buy("CARD0001", FIRST + 1)
    assert isinstance(refused.result, NotPaid)
    assert isinstance(scheme.present([]), IcashNot)
    assert isinstance(scheme.do(IcashCollect(module="00" * 8, answers=[], actor="x")), IcashNot)
