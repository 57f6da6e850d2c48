"""Flow files: shipped ones are fit; every mistake is named with file, line, place and nearest word."""

import pytest

from ips.flow_checks import check_sense
from ips.flow_files import FlowError, parse_flow
from ips.flows import Flow, Model
from ips.rules import Rules, load_rules, read_flows

FLOWS = read_flows()
CASH = FLOWS["cash"].source
SALE = FLOWS["sale"].source
DEFERRED = FLOWS["deferred"].source


def test_both_of_the_papers_models_are_shipped() -> None:
    """I4, I5: synchronous and deferred, from the first day."""
    assert {name: flow.model for name, flow in FLOWS.items()} == {
        "cash": Model.SYNCHRONOUS,
        "points": Model.SYNCHRONOUS,
        "purse": Model.SYNCHRONOUS,
        "sale": Model.SYNCHRONOUS,
        "deferred": Model.DEFERRED,
        "card": Model.SYNCHRONOUS,
    }
    assert all(check_sense(flow) == [] for flow in FLOWS.values())


@pytest.mark.parametrize(
    ("source", "old", "new", "message"),
    [
        (CASH, "[states.opened]", "[states.opned]", "states.opened.class: is missing"),
        (CASH, 'to = "taken"', 'to = "takn"', "cash.toml:16: states.opened.on.approved.to: no"),
        (CASH, 'emit = "settled"', 'emit = "setled"', "unknown event 'setled'; did you mean"),
        (CASH, "ignore = [", "ignored = [", "unknown key 'ignored'; did you mean 'ignore'"),
        (CASH, '"refundable"', '"refundible"', "unknown guard 'refundible'; did you mean"),
        (CASH, 'post = ["take"]', 'post = ["tak"]', "no posting 'tak'; did you mean 'take'"),
        (CASH, '"{asset}"', '"{aset}"', "no {aset} here; did you mean 'asset'"),
        (CASH, '"{asset}"', '"x/{asset}"', "whole accounts"),
        (CASH, '"{asset}"', '"{asset"', "postings.take.debit"),
        (CASH, "declined =", "declind =", "unknown command 'declind'; did you mean 'declined'"),
        (CASH, 'class = "void"', 'class = "viod"', "unknown class 'viod'; did you mean"),
        (CASH, "version = 1", "version = 0", "version: is a whole number from 1 up"),
        (CASH, "version = 1", 'version = "1"', "version: is a whole number from 1 up"),
        (CASH, 'initial = "opened"', "", "initial: is missing"),
        (
            CASH,
            'model = "synchronous"',
            'model = "synchronos"',
            "unknown model 'synchronos'; did you mean",
        ),
        (CASH, "[states.opened]", "[states.opened", "not TOML"),
        (CASH, 'ignore = ["pending", "unknown"]', 'ignore = ["close"]', "both ignored and"),
        (SALE, "after_s = 40", "after_s = 0", "states.asked.due.after_s: is a whole number"),
        (SALE, "after_s = [10, 30, 120, 600]", "after_s = [0]", "whole seconds above zero"),
        (SALE, 'when = ["within_requested", "pays_all"], ', "", "without `when` hides"),
    ],
)
def test_mistake_of_shape_names_place_and_nearest(
    source: str, old: str, new: str, message: str
) -> None:
    """Bad input: unknown words are named with the nearest known one; nothing half-read is returned."""
    assert old in source
    with pytest.raises(FlowError) as caught:
        parse_flow(source.replace(old, new, 1), file="cash.toml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "old", "new", "message"),
    [
        (
            CASH,
            'approved = { to = "taken", emit = "approved" }\n',
            "",
            "states.taken: cannot be reached",
        ),
        (
            SALE,
            'park = { to = "owed", emit = "owed", post = ["capture", "owe"] }',
            'park = { to = "owed", emit = "owed", post = ["owe"] }',
            "holds while a hold is open|ends with a hold",
        ),
        (
            SALE,
            'void = { to = "void", emit = "voided", post = ["give_back"] }',
            'void = { to = "void", emit = "voided" }',
            "ends with a hold that nobody resolves",
        ),
        (
            SALE,
            'post = ["collect", "owe"]',
            'post = ["capture", "owe"]',
            "resolves a hold where none is open",
        ),
        (
            CASH,
            'refund_request = { to = "settled", emit = "refund_requested", when = ["refundable"]',
            'refund_request = { to = "settled", emit = "refund_requested"',
            "needs the guard refundable",
        ),
        (CASH, ', "pays_all"]', "]", "only what pays_all leads to refunded"),
        (
            CASH,
            'close = { to = "settled", emit = "settled"',
            'close = { to = "settled", emit = "voided"',
            "voided leads to a state of class void, settled is settled",
        ),
        (
            SALE,
            'class = "doubt"\nko = "미확정"\nen = "in doubt"\ndue = { after_s = 10, run = "inquire" }',
            'class = "doubt"\nko = "미확정"\nen = "in doubt"',
            "a state in doubt asks by itself",
        ),
        (
            SALE,
            'due = { after_s = 3600, run = "inquire" }',
            'due = { after_s = 3600, run = "expire" }',
            "the deadline runs expire, which is missing",
        ),
        (DEFERRED, ', when = ["unrefunded"]', "", "a return of paid money needs unrefunded"),
        (CASH, 'post = ["take"]', "post = []", "postings.take: is used by no transition"),
    ],
)
def test_mistake_of_sense_is_found_before_any_payment_follows_it(
    source: str, old: str, new: str, message: str
) -> None:
    """Compile-time checks of broker.md 6: ends, holds, refunds, guards, deadlines."""
    assert old in source
    with pytest.raises(FlowError, match=message):
        parse_flow(source.replace(old, new), file="x.toml")


def test_path_without_an_end_is_found() -> None:
    """Every path can end."""
    trapped = CASH.replace(
        'close = { to = "settled", emit = "settled", post = ["take"] }\n'
        'declined = { to = "refused", emit = "refused" }\n'
        'park = { to = "void", emit = "voided" }\n'
        'release = { to = "void", emit = "voided" }\n'
        'void = { to = "void", emit = "voided" }\n',
        'close = { to = "taken", emit = "billed" }\n',
    )
    assert trapped != CASH
    with pytest.raises(FlowError, match=r"states.taken: no path from here ends"):
        parse_flow(trapped, file="cash.toml")


def test_pin_changes_with_the_text_even_under_the_same_version() -> None:
    """An edit without a new number is a new pin: payments under way never change by accident."""
    edited = parse_flow(CASH + "\n# a note\n", file="cash.toml")

    assert edited.version == FLOWS["cash"].version
    assert edited.pin != FLOWS["cash"].pin


def test_rules_keep_old_texts_by_pin(rules: Rules) -> None:
    """W6, W11: newest for new payments, the pinned text for those under way."""
    older = CASH.replace("version = 1", "version = 9")
    both = rules.with_flow(older, file="cash.toml")
    pin = parse_flow(older, file="cash.toml").pin

    assert both.flow("cash") == rules.flow("cash")
    old: Flow | None = both.flow("cash", pin)
    assert old is not None and old.version == 9
    assert both.flow("cash", "9.unknown") is None
    assert load_rules().flow("cash") == rules.flow("cash")
