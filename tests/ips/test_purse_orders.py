"""Commands that wait for purses: made, given by a terminal, reported; on real cards and the real store."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ips.purse import orders
from ips.purse.desk import (
    CardCommand,
    ClaimClear,
    ClaimOrder,
    PurseHotlist,
    PurseKnown,
    PurseUpdate,
)
from ips.rules import Rules
from protocols.broker import PurseCommand
from protocols.facts import PurseClaimed, PurseCommanded
from protocols.iso7816 import SW, parse_response
from protocols.purse.card import AID, Purse
from protocols.purse.coordinator import NotMoved, Slot, Transferred
from protocols.purse.details import PurseClass
from tests.ips.test_purse_issuer import lose
from tests.support.purse_scheme import Scheme
from tests.support.purses import TODAY, Torn, remembers, tell


@pytest.fixture
def scheme(tmp_path: Path, rules: Rules) -> Iterator[Scheme]:
    made = Scheme(tmp_path, rules)
    made.issue("teller", PurseClass.TELLER, 1_000_000)
    made.issue("kim", PurseClass.CONSUMER, 10_000)
    made.issue("shop", PurseClass.MERCHANT)
    yield made
    made.broker.close()


def name_of(scheme: Scheme, who: str) -> str:
    return scheme.cards[who].personality.name.hex()


def waiting(scheme: Scheme, who: str) -> list[PurseCommand]:
    return orders.waiting(scheme.broker.reader, name_of(scheme, who))


def update(scheme: Scheme, who: str, **limits: int) -> CardCommand:
    done = scheme.do(PurseUpdate(name=name_of(scheme, who), day=TODAY, actor="park", **limits))
    assert isinstance(done, CardCommand)
    return done


def say(scheme: Scheme, who: str, command: PurseCommand) -> PurseCommanded:
    """Give a command to its card, as a terminal does; return what the terminal reports."""
    tell(scheme.cards[who], 0, 0xA4, 4, 0, AID)
    answer = parse_response(scheme.cards[who].handle(command.apdu))
    assert answer is not None
    return said(scheme, who, command, answer.sw)


def said(scheme: Scheme, who: str, command: PurseCommand, sw: int = SW.OK) -> PurseCommanded:
    name = scheme.cards[who].personality.name
    return PurseCommanded(name=name, command=command.id, what=command.what, sw=sw)


def states(scheme: Scheme) -> list[tuple[str, str, str]]:
    """Return purse, command and state of every command, oldest first."""
    rows = orders.listed(scheme.broker.reader, waiting=False)
    return [(bytes.fromhex(row.name).decode(), row.what, row.state) for row in reversed(rows)]


def test_update_waits_until_its_card_has_taken_it(scheme: Scheme) -> None:
    update(scheme, "kim", transfer_max=500)
    [command] = waiting(scheme, "kim")
    assert waiting(scheme, "shop") == []

    scheme.upload(say(scheme, "kim", command))

    assert waiting(scheme, "kim") == [] and scheme.questions() == []
    [row] = orders.listed(scheme.broker.reader, waiting=False)
    assert (row.state, row.sw, row.terminal) == ("taken", SW.OK, scheme.terminal.name)
    assert row.done_ns > 0
    assert orders.listed(scheme.broker.reader, waiting=True) == []
    assert scheme.move("kim", "shop", 501) == NotMoved(Slot.PAYER, SW.LIMIT)


def test_later_update_says_it_all_and_claims_wait_beside_it(scheme: Scheme) -> None:
    """Only the newest of a kind waits; they are told in the order in which they were made."""
    update(scheme, "kim", transfer_max=500)
    scheme.do(ClaimOrder(name=name_of(scheme, "kim"), actor="park"))
    last = update(scheme, "kim", transfer_max=700)

    assert [each.what for each in waiting(scheme, "kim")] == ["claim", "update"]
    assert waiting(scheme, "kim")[1].apdu.hex() == last.apdu
    assert [state for _, _, state in states(scheme)] == ["withdrawn", "waiting", "waiting"]


def test_update_that_another_terminal_had_given_is_no_question(scheme: Scheme) -> None:
    """Two tills meet the card; the second gives what it has, the card has had it, both report."""
    update(scheme, "kim")
    [command] = waiting(scheme, "kim")
    first, second = say(scheme, "kim", command), say(scheme, "kim", command)
    assert (first.sw, second.sw) == (SW.OK, SW.CONDITIONS_NOT_SATISFIED)

    scheme.upload(second, first, first)

    assert states(scheme) == [("kim.....", "update", "taken")] and scheme.questions() == []


def test_answer_of_a_withdrawn_command_changes_nothing(scheme: Scheme) -> None:
    """A till that was offline reports late: the newer one still waits."""
    update(scheme, "kim")
    [old] = waiting(scheme, "kim")
    report = say(scheme, "kim", old)
    update(scheme, "kim", transfer_max=5)

    scheme.upload(report)

    assert [state for _, _, state in states(scheme)] == ["withdrawn", "waiting"]
    assert scheme.questions() == []


def test_what_a_card_refuses_is_asked_about_and_does_not_wait(scheme: Scheme) -> None:
    update(scheme, "kim")
    [command] = waiting(scheme, "kim")

    scheme.upload(said(scheme, "kim", command, SW.SECURITY_NOT_SATISFIED))

    assert states(scheme) == [("kim.....", "update", "refused")]
    assert scheme.questions() == ["purse-command"] and waiting(scheme, "kim") == []


@pytest.mark.parametrize("wrong", ["number", "name"])
def test_answer_to_a_command_that_was_never_made_is_asked_about(scheme: Scheme, wrong: str) -> None:
    update(scheme, "kim")
    [command] = waiting(scheme, "kim")
    fact = said(scheme, "shop" if wrong == "name" else "kim", command)
    if wrong == "number":
        fact = PurseCommanded(name=fact.name, command=9, what="update", sw=SW.OK)

    scheme.upload(fact)

    assert scheme.questions() == ["purse-command"]
    assert states(scheme) == [("kim.....", "update", "waiting")]


def test_hotlisted_name_is_told_to_every_purse_that_takes_money_with_its_limits_kept(
    scheme: Scheme,
) -> None:
    """M10: no second deed; the customers' cards are told nothing, nor is who is stopped."""
    update(scheme, "shop", transfer_max=4_000)
    stop = PurseHotlist(name=name_of(scheme, "kim"), stop=True, reason="lost", actor="park")
    assert scheme.do(stop) == PurseKnown(
        name=stop.name, state="stopped; 2 purses that take money will hear"
    )
    assert waiting(scheme, "kim") == []
    for who in ("shop", "teller"):
        [command] = waiting(scheme, who)
        scheme.upload(say(scheme, who, command))
    assert scheme.move("kim", "shop", 300) == NotMoved(Slot.PAYEE, SW.REFERENCE_NOT_USABLE)
    assert isinstance(scheme.move("teller", "shop", 4_000), Transferred)

    scheme.do(PurseHotlist(name=stop.name, stop=False, actor="park"))
    [command] = waiting(scheme, "shop")
    scheme.upload(say(scheme, "shop", command))
    assert isinstance(scheme.move("kim", "shop", 300), Transferred)
    assert scheme.move("shop", "kim", 4_001) == NotMoved(Slot.PAYER, SW.LIMIT), "limits are kept"


def test_purse_that_takes_money_and_is_stopped_itself_is_told_of_others_only(
    scheme: Scheme,
) -> None:
    """A purse never hears its own name: what it holds has to come home."""
    stop = PurseHotlist(name=name_of(scheme, "shop"), stop=True, actor="park")
    scheme.do(stop)

    assert [who for who in ("kim", "shop", "teller") if waiting(scheme, who)] == ["teller"]


def claimed(card: Purse, command: PurseCommand) -> PurseClaimed:
    tell(card, 0, 0xA4, 4, 0, AID)
    answer = parse_response(card.handle(command.apdu))
    assert answer is not None and answer.ok
    return PurseClaimed(
        certificate=card.personality.certificate,
        nonce=command.nonce,
        answer=answer.data,
        entries=[entry[1:] for entry in remembers(card).log],
    )


def test_claim_and_clear_go_by_way_of_a_terminal_alone(scheme: Scheme) -> None:
    """T9: ordered at the office, frozen and cleared at a counter, archived from its records."""
    pd = lose(scheme)
    for who in ("kim", "shop"):
        scheme.do(ClaimOrder(name=name_of(scheme, who), actor="park"))
        [command] = waiting(scheme, who)
        scheme.upload(claimed(scheme.cards[who], command))
        assert waiting(scheme, who) == []
    assert not isinstance(scheme.pay(pd, "kim"), NotMoved)
    scheme.do(ClaimClear(name=name_of(scheme, "kim"), actor="park"))
    [clear] = waiting(scheme, "kim")

    first, late = say(scheme, "kim", clear), say(scheme, "kim", clear)
    assert (first.sw, late.sw) == (SW.OK, SW.CONDITIONS_NOT_SATISFIED)
    scheme.upload(first, late)

    assert remembers(scheme.cards["kim"]).log == ()
    assert scheme.questions() == []
    assert states(scheme) == [
        ("kim.....", "claim", "taken"),
        ("shop....", "claim", "taken"),
        ("kim.....", "clear", "taken"),
    ]
    scheme.check()


def test_claim_that_does_not_hold_does_not_wait_either(scheme: Scheme) -> None:
    """It would be asked again at every reader: somebody looks first, and orders anew."""
    lose(scheme)
    scheme.do(ClaimOrder(name=name_of(scheme, "kim"), actor="park"))
    [command] = waiting(scheme, "kim")
    whole = claimed(scheme.cards["kim"], command)

    scheme.upload(msgspec.structs.replace(whole, entries=[]))

    assert scheme.questions() == ["purse-claim"]
    assert states(scheme) == [("kim.....", "claim", "refused")]


def test_clear_of_a_log_that_has_changed_meanwhile_is_refused_and_asked_about(
    scheme: Scheme,
) -> None:
    """The card keeps its log: nothing in it is forgotten."""
    lose(scheme)
    scheme.claim("shop")
    scheme.upload(scheme.order_claim("kim"))
    scheme.do(ClaimClear(name=name_of(scheme, "kim"), actor="park"))
    [clear] = waiting(scheme, "kim")
    scheme.move("kim", "shop", 200, Torn(9, done=True))

    scheme.upload(say(scheme, "kim", clear))

    assert scheme.questions() == ["purse-command"]
    assert states(scheme)[-1] == ("kim.....", "clear", "refused")
    assert remembers(scheme.cards["kim"]).log != ()


def test_newest_number_is_told_beside_the_documents(scheme: Scheme) -> None:
    """Terminals see by it that there may be something for their own purses."""
    assert scheme.broker.reader.document_versions() == {}
    update(scheme, "kim")
    update(scheme, "shop")

    assert scheme.broker.reader.document_versions() == {"purse-commands": "2"}
