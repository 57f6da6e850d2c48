"""The issuer: float, shadow ledger, claims, clones; on real cards and the broker's real store.

M5, M9; T5, T9, T10, T16; G5, G6. Histories of issuing, loading, paying, refunding, losing and claiming
keep the float equation; each rule broken alone is caught, by the schema or by the audit.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ips import booking_purse
from ips.purse import claims
from ips.purse.desk import (
    CardCommand,
    ClaimOrder,
    ClaimPay,
    ClaimPresent,
    ClaimTaken,
    PurseAdd,
    PurseHotlist,
    PurseIssuer,
    PurseKnown,
    PurseNot,
    PurseUpdate,
)
from ips.purse.float_audit import audit_float
from ips.rules import Rules, load_rules
from ips.store.audit import audit_chains, audit_ledger, audit_seals
from ips.store.group import PoisonError
from protocols.facts import PurseMoved
from protocols.iso7816 import SW, parse_response
from protocols.purse.card import AID, Purse
from protocols.purse.coordinator import NotMoved, Slot, Transferred
from protocols.purse.details import PurseClass, decode_details
from protocols.purse.memory import Cell
from tests.support.purse_scheme import SUITE, Scheme
from tests.support.purses import TODAY, Torn, balance, remembers, tell

BEFORE_VAL, VAL_LOST = Torn(9, done=False), Torn(9, done=True)
"""Of a transfer: three exchanges to find each pocket, START, ACCEPT, then DEBIT."""


@pytest.fixture
def scheme(tmp_path: Path, rules: Rules) -> Iterator[Scheme]:
    made = small_scheme(tmp_path, rules)
    yield made
    for audit in (audit_chains, audit_ledger, audit_seals):
        assert audit(made.broker.reader).findings == []
    made.broker.close()


def small_scheme(folder: Path, rules: Rules) -> Scheme:
    made = Scheme(folder, rules)
    made.issue("teller", PurseClass.TELLER, 1_000_000)
    made.issue("kim", PurseClass.CONSUMER, 10_000)
    made.issue("lee", PurseClass.CONSUMER)
    made.issue("shop", PurseClass.MERCHANT)
    return made


def lose(scheme: Scheme, value: int = 300) -> bytes:
    """Let a VAL be lost and both give up; return the payment details."""
    scheme.move("kim", "shop", value, VAL_LOST)
    [pd] = [pd for pd in scheme.lost if decode_details(pd).value == value]
    return pd


def test_every_kind_of_transfer_has_its_place_in_the_books(scheme: Scheme) -> None:
    """First value, load, payment, refund, deposit: float, reserve, shop's purse and clearing."""
    scheme.move("teller", "lee", 5_000)
    scheme.move("kim", "shop", 3_000)
    scheme.move("shop", "lee", 500)
    scheme.move("shop", "teller", 1_000)
    scheme.move("lee", "teller", 700)

    scheme.check()
    shop = scheme.cards["shop"].personality.name.hex()
    balances = {
        row.name: row.debits_posted - row.credits_posted for row in scheme.broker.reader.accounts()
    }
    assert balances == {
        "float-issued": -(10_000 + 5_000 - 1_000 - 700),
        "bank/e-cash": 10_000 + 5_000 - 700,
        f"purse/merchant/{shop}": 3_000 - 500 - 1_000,
        "clearing/purse/main": -3_000 + 500,
    }
    assert scheme.questions() == []


def test_transfer_reported_twice_is_booked_once(scheme: Scheme) -> None:
    """In one batch, in the next, by whomever: a transfer is its payment details."""
    result = scheme.move("kim", "shop", 3_000)
    assert isinstance(result, Transferred)
    pair = {Slot.PAYER: scheme.cards["kim"], Slot.PAYEE: scheme.cards["shop"]}
    scheme.report(result.details.encode(), pair)
    moved = [
        PurseMoved(details=bytes(7) + bytes((n,)) + result.details.encode()[8:], own="payee")
        for n in (1, 1)
    ]
    scheme.upload(*moved)

    rows = scheme.broker.reader.ask("SELECT count(*) FROM purse_move")
    assert rows == [(2,)]
    assert scheme.questions() == ["purse-unproved", "purse-cloned"]


def test_loss_is_paid_once_and_only_with_both_logs(scheme: Scheme) -> None:
    """M5, T10: payer's log, payee's log, payment, and never again; the equation holds throughout."""
    pd = lose(scheme)
    scheme.check()

    first = scheme.claim("kim")
    assert first.entries == [pd.hex()] and first.ready == []
    assert scheme.float()["in_flight"] == 300
    alone = scheme.pay(pd, "lee")
    assert isinstance(alone, PurseNot) and "both must" in alone.reason
    second = scheme.claim("shop")
    assert second.ready == [pd.hex()] and scheme.float()["lost"] == 300
    scheme.check()

    assert isinstance(scheme.pay(pd, "lee"), PurseKnown)
    assert balance(scheme.cards["lee"]) == 300 and scheme.float()["lost"] == 0
    again = scheme.pay(pd, "lee")
    assert isinstance(again, PurseNot) and "paid back before" in again.reason
    assert balance(scheme.cards["lee"]) == 300
    scheme.check()


@pytest.mark.parametrize("torn", [Torn(10, done=True), Torn(11, done=True), BEFORE_VAL])
def test_nothing_is_claimable_that_was_received_or_never_paid(scheme: Scheme, torn: Torn) -> None:
    """The other cases of purse.md 1.6: both logs together never hold such a transfer."""
    scheme.move("kim", "shop", 300, torn)
    for name in ("kim", "shop"):
        assert scheme.claim(name).ready == []
    assert scheme.lost == {}
    scheme.check()


def test_claim_uploaded_by_a_terminal_is_archived_like_one_at_the_office(scheme: Scheme) -> None:
    pd = lose(scheme)
    scheme.upload(scheme.order_claim("kim"), scheme.order_claim("shop"))

    assert scheme.questions() == [] and scheme.float()["lost"] == 300
    assert isinstance(scheme.pay(pd, "kim"), PurseKnown)
    scheme.check()


@pytest.mark.parametrize("broken", ["nonce", "answer", "entries", "certificate"])
def test_claim_that_does_not_hold_is_asked_about_and_nothing_is_archived(
    scheme: Scheme, broken: str
) -> None:
    """T9, T10: another nonce, a changed signature, a missing entry, a stranger's certificate."""
    pd = lose(scheme)
    claim = scheme.order_claim("kim")
    changes = {
        "nonce": bytes(8),
        "answer": claim.answer[:-1] + bytes((claim.answer[-1] ^ 1,)),
        "entries": [],
        "certificate": claim.certificate[:-1] + bytes((claim.certificate[-1] ^ 1,)),
    }
    bad = msgspec.structs.replace(claim, **{broken: changes[broken]})
    scheme.upload(bad)
    at_the_office = scheme.do(ClaimPresent(claim=msgspec.msgpack.encode(bad), actor="park"))

    assert scheme.questions() == ["purse-claim"] and isinstance(at_the_office, PurseNot)
    assert scheme.broker.reader.ask("SELECT count(*) FROM purse_claim") == [(0,)]
    assert isinstance(scheme.pay(pd, "kim"), PurseNot)


def clone_of(card: Purse) -> Purse:
    """Return a second card with the same key and memory."""
    twin = Purse(card.personality, Cell(card.memory.read()), SUITE)
    tell(twin, 0, 0xA4, 4, 0, AID)
    return twin


def test_clone_shows_by_a_number_used_twice_and_by_spending_more_than_it_was_given(
    scheme: Scheme,
) -> None:
    """T5: within one terminal's upload; asked once, listed by the audit."""
    scheme.cards["twin"] = clone_of(scheme.cards["kim"])
    scheme.move("kim", "shop", 6_000)
    assert scheme.questions() == []

    scheme.move("twin", "shop", 5_000)
    scheme.move("kim", "shop", 1)

    assert scheme.questions() == ["purse-cloned", "purse-overspent"]
    findings = audit_float(scheme.broker.reader, scheme.broker.prover).findings
    name = scheme.cards["kim"].personality.name.hex()
    assert {finding.where for finding in findings} >= {f"purse {name}", f"purse {name} KRW"}


def test_forged_and_borrowed_evidence_is_asked_about(scheme: Scheme) -> None:
    """T16: a message altered, missing, or about another transfer proves nothing."""
    result = scheme.move("kim", "shop", 300)
    assert isinstance(result, Transferred)
    whole = tell(scheme.cards["shop"], 0x90, 0x5A, 2, 0, result.details.encode()).data
    for number, message in enumerate((b"", whole[:-1] + b"\0", whole)):
        details = result.details._replace(payer_sequence=50 + number, payee_sequence=50 + number)
        scheme.upload(PurseMoved(details=details.encode(), own="payee", message=message))

    assert scheme.questions() == ["purse-unproved"] * 3


def test_hotlist_reaches_a_card_by_its_update_and_stops_the_purse(scheme: Scheme) -> None:
    """M10: stopped at the office, told to the shop's purse, refused at its next offer."""
    kim, shop = scheme.cards["kim"].personality.name.hex(), scheme.cards["shop"].personality.name
    stop = PurseHotlist(name=kim, stop=True, reason="lost card", actor="park")
    told = "stopped; 2 purses that take money will hear"
    assert scheme.do(stop) == PurseKnown(name=kim, state=told)

    update = scheme.do(PurseUpdate(name=shop.hex(), day=TODAY, actor="park"))
    assert isinstance(update, CardCommand)
    assert scheme.cards["shop"].handle(bytes.fromhex(update.apdu)) == b"\x90\x00"
    refused = scheme.move("kim", "shop", 300)
    assert refused == NotMoved(Slot.PAYEE, SW.REFERENCE_NOT_USABLE)

    scheme.do(PurseHotlist(name=kim, stop=False, actor="park"))
    again = scheme.do(PurseUpdate(name=shop.hex(), day=TODAY, transfer_max=50, actor="park"))
    assert isinstance(again, CardCommand) and again.apdu != update.apdu
    answer = parse_response(scheme.cards["shop"].handle(bytes.fromhex(again.apdu)))
    assert answer is not None and answer.ok
    assert isinstance(scheme.move("kim", "shop", 300), Transferred)
    assert scheme.move("shop", "kim", 51) == NotMoved(Slot.PAYER, SW.LIMIT)


def test_office_refuses_what_cannot_be(scheme: Scheme) -> None:
    """A name twice, a foreign certificate, impossible first values, unknown purses."""
    kim = scheme.cards["kim"].personality.certificate
    foreign = kim[:-1] + bytes((kim[-1] ^ 1,))
    for deed, reason in (
        (PurseAdd(certificate=kim, actor="park"), "entered before"),
        (PurseAdd(certificate=foreign, actor="park"), "not signed by the issuer"),
        (PurseAdd(certificate=b"", actor="park"), "112 bytes"),
        (PurseHotlist(name="00" * 8, stop=True, actor="park"), "no purse"),
        (PurseUpdate(name="00" * 8, day=TODAY, actor="park"), "no purse"),
    ):
        done = scheme.do(deed)
        assert isinstance(done, PurseNot) and reason in done.reason, done
    first = scheme.do(PurseIssuer(actor="park"))
    assert first == scheme.do(PurseIssuer(actor="park")), "the key is made once"


def test_broker_without_a_key_books_and_proves_nothing(tmp_path: Path, rules: Rules) -> None:
    """Most brokers issue nothing: facts are booked, the office says what is missing."""
    scheme = small_scheme(tmp_path / "a", rules)
    (tmp_path / "a" / "keys" / "purse-issuer-1.key").unlink()
    done = scheme.do(ClaimOrder(name="00" * 8, actor="park"))
    assert isinstance(done, PurseNot) and "no issuer key" in done.reason
    scheme.broker.close()


RULES = load_rules()
STEPS = st.one_of(
    st.tuples(st.just("pay"), st.sampled_from(["kim", "lee"]), st.integers(1, 4_000)),
    st.tuples(st.just("refund"), st.sampled_from(["kim", "lee"]), st.integers(1, 900)),
    st.tuples(st.just("load"), st.sampled_from(["kim", "lee", "shop"]), st.integers(1, 5_000)),
    st.tuples(st.just("deposit"), st.sampled_from(["kim", "shop"]), st.integers(1, 900)),
    st.tuples(st.just("claim"), st.sampled_from(["kim", "lee", "shop"]), st.just(0)),
    st.tuples(st.just("pay back"), st.sampled_from(["kim", "lee"]), st.just(0)),
)
TORN = st.one_of(st.none(), st.builds(Torn, st.integers(7, 12), st.booleans()))


@settings(max_examples=25, deadline=None)
@example(history=[(("load", "shop", 1), Torn(10, done=False))])
@example(
    # Two logs of one purse within one instant of the broker's clock, which may also be set back.
    history=[
        (("pay", "kim", 2), Torn(8, done=True)),
        (("claim", "shop", 0), None),
        (("pay", "kim", 1), Torn(8, done=True)),
    ]
)
@given(history=st.lists(st.tuples(STEPS, TORN), min_size=4, max_size=14))
def test_float_equation_holds_over_any_history(
    tmp_path_factory: pytest.TempPathFactory, history: list
) -> None:
    """Whatever is issued, paid, refunded, lost and claimed: balances + lost + in flight = float."""
    scheme = small_scheme(tmp_path_factory.mktemp("scheme"), RULES)
    try:
        for (what, name, value), torn in history:
            match what:
                case "pay":
                    scheme.move(name, "shop", value, torn)
                case "refund":
                    scheme.move("shop", name, value, torn)
                case "load":
                    scheme.move("teller", name, value, torn)
                case "deposit":
                    scheme.move(name, "teller", value, torn)
                case "claim":
                    scheme.claim(name)
                case _:
                    for pd in list(scheme.lost):
                        scheme.pay(pd, name)
            scheme.equation()
        for name in ("kim", "lee", "shop", "teller"):
            scheme.claim(name)
        for pd in list(scheme.lost):
            scheme.pay(pd, "lee")
        scheme.check()
        assert scheme.paid() == sum(scheme.lost.values()), "every loss is recoverable (G4)"
        assert scheme.float()["lost"] == 0
    finally:
        scheme.broker.close()


MUTANTS = {
    "pays on one log alone": ("may_pay", lambda self, claimed_by, details: bool(claimed_by)),
    "pays twice": ("is_unpaid", lambda self, paid: True),
    "pays what was received": ("was_lost", lambda self, *, moved: True),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_broken_rule_is_stopped_by_the_schema(
    scheme: Scheme, monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    """The tables themselves refuse what the rules let through; nothing of it is kept."""
    pd = lose(scheme)
    scheme.claim("kim")
    if mutant != "pays on one log alone":
        scheme.claim("shop")
    if mutant == "pays twice":
        scheme.pay(pd, "lee")
    if mutant == "pays what was received":
        scheme.upload(PurseMoved(details=pd, own="payee"))
    before = balance(scheme.cards["lee"])
    name, rule = MUTANTS[mutant]
    monkeypatch.setattr(claims.IssuerRules, name, rule)

    with pytest.raises(PoisonError):
        scheme.pay(pd, "lee")
    assert balance(scheme.cards["lee"]) == before


@pytest.mark.parametrize("mutant", ["pays on one log alone", "pays what was received"])
def test_broken_rule_over_a_broken_schema_is_found_by_the_audit(
    scheme: Scheme, monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    pd = lose(scheme)
    scheme.claim("kim")
    if mutant == "pays what was received":
        scheme.claim("shop")
        scheme.upload(PurseMoved(details=pd, own="payee"))
    name, rule = MUTANTS[mutant]
    monkeypatch.setattr(claims.IssuerRules, name, rule)
    for trigger in ("purse_paid_on_both", "purse_paid_when_lost"):
        scheme.broker.writer._committer._store.connection.execute(f"DROP TRIGGER {trigger}")
    scheme.pay(pd, "lee")

    assert audit_float(scheme.broker.reader, scheme.broker.prover).findings != []


@pytest.mark.parametrize(
    ("payer", "payee"), [("teller", "lee"), ("kim", "teller"), ("kim", "shop"), ("shop", "kim")]
)
def test_float_or_purse_that_is_not_moved_is_found_by_the_audit(
    scheme: Scheme, monkeypatch: pytest.MonkeyPatch, payer: str, payee: str
) -> None:
    """Mutant: one kind of transfer is entered in the shadow ledger and booked nowhere."""
    scheme.move("kim", "shop", 500)
    scheme.check()
    nowhere = (booking_purse.FLOAT, booking_purse.FLOAT)
    monkeypatch.setattr(booking_purse, "_accounts", lambda entry, details, fact: nowhere)
    scheme.move(payer, payee, 100)

    findings = audit_float(scheme.broker.reader, scheme.broker.prover).findings
    assert any("ledger" in finding.what for finding in findings)


def test_payment_of_a_loss_that_leaves_the_float_is_found_by_the_audit(
    scheme: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: a claim is marked as paid, and the float stays as it was."""
    pd = lose(scheme)
    scheme.claim("kim")
    scheme.claim("shop")
    with monkeypatch.context() as mutant:
        mutant.setattr("ips.store.group.Group.book", lambda *_: None)
        into = scheme.cards["lee"].personality.name.hex()
        paid = scheme.do(ClaimPay(details=pd, into=into, actor="park"))

    assert isinstance(paid, PurseKnown)
    assert audit_float(scheme.broker.reader, scheme.broker.prover).findings != []


def test_message_changed_in_the_store_is_found_by_the_audit(scheme: Scheme) -> None:
    scheme.move("kim", "shop", 300)
    connection = scheme.broker.writer._committer._store.connection
    connection.execute("DROP TRIGGER purse_move_stays")
    [(message,)] = connection.execute("SELECT message FROM purse_move")
    connection.execute("UPDATE purse_move SET message = ?", (message[:-1] + b"\0",))

    [finding] = audit_float(scheme.broker.reader, scheme.broker.prover).findings
    assert "no longer proved" in finding.what


def test_claim_taken_names_what_waits_for_the_other_purse(scheme: Scheme) -> None:
    lose(scheme)
    taken = scheme.claim("shop")
    assert isinstance(taken, ClaimTaken) and len(taken.entries) == 1 and taken.ready == []
    assert remembers(scheme.cards["shop"]).log == ()
