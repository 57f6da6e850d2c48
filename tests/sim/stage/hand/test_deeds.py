"""What was done by hand is a scenario that is read again, step by step and wait by wait."""

from pathlib import Path

import pytest

from protocols.control import Verb
from sim.stage.hand.deeds import WAIT_MIN_NS, DeviceDeed, EntryDeed, scenario_text
from sim.stage.scenario.language import parse_scenarios

MS = 1_000_000


def did(at_ms, device, verb, kind="", **arguments):
    kind = kind or {"customer": "smart_card", "shop": "smart_card"}.get(device, device)
    return DeviceDeed(
        at_ns=at_ms * MS, device=device, kind=kind, verb=Verb(verb=verb, arguments=arguments)
    )


def keyed(at_ms, entry, ended_ms=None, code=None):
    ended_ns = None if ended_ms is None else ended_ms * MS
    return EntryDeed(at_ns=at_ms * MS, entry=entry, ended_ns=ended_ns, code=code)


def steps(*deeds, cards=None):
    """Return the steps of what was done, after a scenario was read from it."""
    text = scenario_text(deeds, about="Done by hand.", cards=cards or {})
    [scenario] = parse_scenarios(text, Path("by-hand.toml"))
    return [placed.text for placed in scenario.when]


def test_verbs_and_entries_are_written_word_for_word_with_the_waits_between():
    assert steps(
        did(0, "scanner", "scan", code="8800100000014"),
        did(2_340, "customer", "insert", card="customer-1"),
        keyed(2_500, "EC", 3_100, ""),
        did(20_000, "printer", "paper_out"),
    ) == [
        '{ scanner = "scan", code = "8800100000014" }',
        '{ wait = "2300 ms" }',
        '{ customer = "insert", card = "customer-1" }',
        '{ key = "EC", says = "" }',
        '{ wait = "18 s" }',
        '{ printer = "paper_out" }',
    ]


def test_an_entry_that_something_was_done_during_is_begun_and_answered():
    assert steps(
        keyed(0, "EC", 4_000, "PUR-01"),
        did(1_000, "customer", "insert", card="customer-1"),
    ) == [
        '{ begin = "EC" }',
        '{ wait = "1000 ms" }',
        '{ customer = "insert", card = "customer-1" }',
        '{ wait = "3000 ms" }',
        '{ answer = "PUR-01" }',
    ]


def test_an_entry_that_was_never_answered_is_only_begun():
    assert steps(keyed(0, "EC")) == ['{ begin = "EC" }']


def test_an_entry_without_a_message_says_nothing():
    assert steps(keyed(0, "100", 10)) == ['{ key = "100" }']


@pytest.mark.parametrize(("pause", "waits"), [(WAIT_MIN_NS - 1, 0), (WAIT_MIN_NS, 1)])
def test_a_hands_own_pauses_are_left_out(pause, waits):
    first = did(0, "scanner", "scan", code="1")
    second = DeviceDeed(at_ns=pause, device="scanner", kind="scanner", verb=Verb(verb="clear"))

    assert sum("wait" in each for each in steps(first, second)) == waits


def test_devices_of_other_names_stand_for_the_first_of_their_kind():
    assert steps(
        did(0, "till9-printer", "open_cover", kind="printer"),
        did(0, "reader", "remove", kind="smart_card"),
        did(0, "second", "remove", kind="smart_card"),
    ) == ['{ printer = "open_cover" }', '{ customer = "remove" }', '{ shop = "remove" }']


def test_a_hybrid_reader_stands_in_the_customers_place():
    inserted = DeviceDeed(
        at_ns=0,
        device="reader",
        kind="hybrid_reader",
        verb=Verb(verb="insert", arguments={"card": "customer-1"}),
    )
    text = scenario_text([inserted], about="a reader", cards={})
    assert 'given.customer = { kind = "hybrid_reader" }' in text
    assert '{ customer = "insert", card = "customer-1" }' in text


def test_what_a_scenario_has_no_device_for_is_a_comment():
    deeds = [
        did(0, "printer", "open_cover"),
        did(0, "other", "open_cover", kind="printer"),
        did(0, "broker", "hang_up", kind="host", count="1"),
    ]
    text = scenario_text(deeds, about="x", cards={})

    assert steps(*deeds) == ['{ printer = "open_cover" }']
    assert '# left out, a scenario has no such device: { broker = "hang_up", count = "1" },' in text
    assert "other" in text


def test_cards_are_given_and_quotes_survive():
    text = scenario_text(
        [did(0, "customer", "insert", card="my card")],
        about='He said "pay" and 한글',
        cards={"my card": {"balance": 700}},
    )

    assert 'given.cards."my card" = { balance = 700 }' in text
    [scenario] = parse_scenarios(text, Path("x.toml"))
    assert scenario.about == 'He said "pay" and 한글'
    assert scenario.given.cards.cards["my card"].balance == 700
