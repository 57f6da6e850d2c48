"""Terminal against card, whole payments: every card of the shipped set, every accident at every command.

Method: the production dialogue, the virtual card, and an issuer that checks each cryptogram. Whatever happens,
a payment is approved only with a TC that its issuer finds genuine, and what the issuer has approved and
the payment has not is to be reversed.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.emv import tags
from protocols.emv.bits import Capability, Cvm, CvmResult, Kind, Tvr
from protocols.emv.cryptograms import Cvr
from protocols.emv.issuer import (
    BlockApplication,
    BlockCard,
    ChangePin,
    PutData,
    UnblockPin,
    decode_field_55,
)
from protocols.emv.steps import Ask, Choose, Ending, Finished, GoOnline, Intend, PinWay, Stage
from protocols.emv.terminal import CREDIT_AID, REFUND, RID, Application
from protocols.emv.transaction import pay
from protocols.iso7816 import SW, Command, parse_response
from protocols.secure_pin import PinSW, pin_block
from protocols.tlv import encode_tlv
from sim.cards.emv import EmvCard
from tests.support.payment_cards import (
    ALL,
    WISHES,
    Bank,
    Carrier,
    Keypad,
    card,
    card_like,
    covered_by_issuer,
    kinds,
    payment,
    terminal,
)

LABELS = list(WISHES.emv.cards)
PAID, UNPAID = Ending.APPROVED_ONLINE, Ending.DECLINED_OFFLINE
OUTCOMES = {
    "credit-1": (PAID, Tvr.ONLINE_PIN),
    "credit-2": (PAID, Tvr.NONE),
    "debit-1": (PAID, Tvr.NONE),
    "debit-2": (PAID, Tvr.SDA_SELECTED),
    "offline": (PAID, Tvr.NEW_CARD),
    "sign": (PAID, Tvr.NONE),
    "expired-card": (UNPAID, Tvr.EXPIRED),
    "not-yet": (UNPAID, Tvr.NOT_YET_EFFECTIVE),
    "blocked-application": (Ending.APPLICATION_BLOCKED, Tvr.NONE),
    "blocked-card": (Ending.CARD_BLOCKED, Tvr.NONE),
    "blocked-pin": (PAID, Tvr.PIN_TRIES_EXCEEDED | Tvr.ONLINE_PIN),
    "domestic": (UNPAID, Tvr.SERVICE_NOT_ALLOWED),
    "refund-only": (UNPAID, Tvr.NONE),
    "fallback": (Ending.CARD_SILENT, Tvr.NONE),
    "declines": (UNPAID, Tvr.NONE),
    "refuses": (Ending.REFUSED_BY_CARD, Tvr.NONE),
    "copied": (UNPAID, Tvr.CDA_FAILED),
    "cloned": (Ending.DECLINED_ONLINE, Tvr.NO_AUTHENTICATION),
    "liar": (Ending.CARD_GARBLED, Tvr.NO_AUTHENTICATION),
    "elsewhere": (Ending.NO_APPLICATION, Tvr.NONE),
    "thirty-first": (Ending.CARD_GARBLED, Tvr.NONE),
    "bomb": (Ending.CARD_GARBLED, Tvr.NONE),
    "garbage": (Ending.CARD_GARBLED, Tvr.NONE),
    "truncated": (Ending.CARD_GARBLED, Tvr.NONE),
    "endless": (Ending.CARD_GARBLED, Tvr.NONE),
    "loops": (Ending.CARD_LEFT, Tvr.NONE),
    "bad-number": (Ending.CARD_GARBLED, Tvr.NONE),
    "anothers-certificate": (UNPAID, Tvr.CDA_FAILED),
}
TORN = ("credit-1", "credit-2", "debit-1", "debit-2", "offline", "refuses")


def run(which: EmvCard, amount: int = 15_390, **changes: object) -> tuple[Finished, Carrier]:
    carrier = Carrier(which, **changes)  # type: ignore[arg-type]
    return carrier.run(pay(terminal(), payment(amount))), carrier


def holds(finished: Finished, bank: Bank) -> None:
    """Where the money is, after whatever has happened."""
    if finished.approved:
        assert not finished.reverse
        last = covered_by_issuer(finished)
        assert last is not None and last.genuine and last.kind is Kind.TC
    approved = bank.approve and bank.reachable and any(each and each.genuine for each in bank.asked)
    assert finished.reverse == (approved and not finished.approved)
    shown = repr(finished)
    assert "990033" not in shown and "990033" not in finished.reason


@pytest.mark.parametrize("label", LABELS)
def test_each_card_of_the_set_ends_as_it_should(label: str) -> None:
    finished, carrier = run(card(label))

    ending, found = OUTCOMES[label]
    assert (finished.ending, finished.found) == (ending, found)
    holds(finished, carrier.bank)


@pytest.mark.parametrize("label", LABELS)
def test_intent_is_durable_before_a_cryptogram_and_before_the_issuer(label: str) -> None:
    _, carrier = run(card(label))

    order = [
        "intend" if isinstance(step, Intend) else "online" if isinstance(step, GoOnline) else "ac"
        for step in carrier.steps
        if isinstance(step, Intend | GoOnline)
        or (isinstance(step, Ask) and step.apdu[:2] == b"\x80\xae")
    ]
    assert order in ([], ["intend", "ac"], ["intend", "ac", "online", "ac"], ["intend", "ac", "ac"])


def commands_of(label: str) -> int:
    return run(card(label))[1].commands


def tears() -> Iterator[tuple[str, int]]:
    for label in TORN:
        yield from ((label, at) for at in range(1, commands_of(label) + 1))


@pytest.mark.parametrize(("label", "at"), list(tears()))
def test_card_is_pulled_at_each_command(label: str, at: int) -> None:
    which = card(label)
    finished, carrier = run(which, tear_at=at)

    holds(finished, carrier.bank)
    if carrier.bank.asked and not finished.approved:
        assert finished.reverse and finished.stage is Stage.COMPLETING
    else:
        assert finished.ending is Ending.CARD_LEFT
    # The card is none the worse for it.
    again, carrier = run(which)
    assert again.ending is OUTCOMES[label][0]
    holds(again, carrier.bank)


@pytest.mark.parametrize("label", ["debit-1", "offline"])
def test_power_leaves_its_memory_at_any_byte(label: str) -> None:
    """A torn write leaves the image before: counters never go back, tries are never won."""
    for at in range(0, 400, 7):
        which = card(label)
        which.tear_after(at)
        finished, carrier = run(which, keypad=Keypad(("9999", "1234")))
        holds(finished, carrier.bank)
        if finished.ending is not Ending.CARD_LEFT:
            # It wrote fewer bytes than that: its power has not left yet.
            assert at > 60
            break
        again, carrier = run(which)
        assert again.approved
        holds(again, carrier.bank)


@pytest.mark.parametrize("label", ["credit-1", "credit-2", "debit-2"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_garbage_for_an_answer_ends_with_a_name(label: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, commands_of(label)), label="command")
    garbage = data.draw(
        st.binary(max_size=40) | st.binary(max_size=20).map(lambda b: b + b"\x90\0")
    )

    finished, carrier = run(
        card(label), garble=lambda number, answer: garbage if number == at else answer
    )

    holds(finished, carrier.bank)


@pytest.mark.parametrize("label", ["credit-1", "credit-2", "debit-2"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_bit_of_an_answer_changed_ends_with_a_name(label: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, commands_of(label)), label="command")
    bit = data.draw(st.integers(0, 2_000), label="bit")

    def flip(number: int, answer: bytes) -> bytes:
        if number != at:
            return answer
        changed = bytearray(answer)
        changed[bit // 8 % len(changed)] ^= 1 << bit % 8
        return bytes(changed)

    finished, carrier = run(card(label), garble=flip)

    holds_but_for_lies(finished, carrier.bank)


def holds_but_for_lies(finished: Finished, bank: Bank) -> None:
    """Whoever changes what a card says can make it seem paid only where no signature covers it."""
    approved = bank.approve and any(each and each.genuine for each in bank.asked)
    assert finished.reverse == (approved and not finished.approved)
    if finished.approved:
        assert approved or finished.ending is Ending.APPROVED_OFFLINE


# The holder


@pytest.mark.parametrize("label", ["credit-2", "debit-2"])
def test_wrong_pin_three_times_is_known_to_card_and_issuer(label: str) -> None:
    which = card(label)
    finished, carrier = run(which, keypad=Keypad(("9999", "8888", "7777")))

    tried = [step for step in carrier.keypad.asked if step.way is not PinWay.ONLINE]
    assert [(step.tries, step.said) for step in tried] == [
        (3, 0),
        (2, SW.TRIES_LEFT | 2),
        (1, SW.TRIES_LEFT | 1),
    ]
    assert Tvr.PIN_TRIES_EXCEEDED in finished.found and which.image().tries == 0
    said = carrier.bank.asked[0]
    assert said is not None and Cvr.PIN_TRIES_EXCEEDED | Cvr.PIN_FAILED in said.results
    holds(finished, carrier.bank)
    _, carrier = run(which)
    assert not [step for step in carrier.keypad.asked if step.way is not PinWay.ONLINE]


def test_right_pin_after_a_wrong_one_gives_all_tries_back() -> None:
    which = card("debit-2")
    finished, carrier = run(which, keypad=Keypad(("9999", "1234")))

    assert finished.approved and which.image().tries == 3
    said = carrier.bank.asked[0]
    assert said is not None and Cvr.PIN_VERIFIED in said.results


@pytest.mark.parametrize("label", ["credit-1", "credit-2", "debit-2"])
@pytest.mark.parametrize("word", [PinSW.CANCELLED, PinSW.TIMEOUT])
def test_customer_who_turns_away_ends_it_before_anything_was_begun(label: str, word: int) -> None:
    finished, carrier = run(card(label), keypad=Keypad((int(word),)))

    assert finished.ending is Ending.CANCELLED and finished.asked is None
    assert not any(isinstance(step, Intend | GoOnline) for step in carrier.steps)


def test_too_few_digits_are_asked_for_again_and_cost_no_try() -> None:
    which = card("debit-2")
    finished, carrier = run(which, keypad=Keypad((int(PinSW.TOO_SHORT_OR_LONG),) * 4 + ("1234",)))

    assert finished.approved and [step.tries for step in carrier.keypad.asked] == [3] * 5


def test_a_keypad_that_sends_nothing_but_short_pins_is_given_up() -> None:
    finished, carrier = run(card("debit-2"), keypad=Keypad((int(PinSW.TOO_SHORT_OR_LONG),)))

    assert len(carrier.keypad.asked) == 15 and Tvr.HOLDER_NOT_VERIFIED in finished.found


@pytest.mark.parametrize(
    ("label", "way", "result"),
    [
        ("credit-1", Cvm.ONLINE_PIN, CvmResult.UNKNOWN),
        ("credit-2", Cvm.ENCIPHERED_PIN, CvmResult.SUCCESSFUL),
        ("debit-2", Cvm.PLAINTEXT_PIN, CvmResult.SUCCESSFUL),
        ("sign", Cvm.SIGNATURE, CvmResult.UNKNOWN),
        ("offline", Cvm.NONE, CvmResult.SUCCESSFUL),
    ],
)
def test_how_the_holder_was_verified_is_told(label: str, way: Cvm, result: CvmResult) -> None:
    finished, _ = run(card(label))

    assert finished.asked is not None
    results = decode_field_55(finished.asked.field_55)[tags.CVM_RESULTS]
    assert (results[0] & 0x3F, results[2]) == (way, result)
    assert finished.signature == (way is Cvm.SIGNATURE)


def test_a_terminal_without_a_keypad_goes_on_to_the_next_way() -> None:
    without = terminal(capabilities=ALL & ~(Capability.ENCIPHERED_PIN | Capability.ONLINE_PIN))
    carrier = Carrier(card("credit-2"))
    finished = carrier.run(pay(without, payment()))

    assert finished.approved and finished.signature and not carrier.keypad.asked


def test_a_keypad_that_is_not_there_is_told_as_that() -> None:
    finished, carrier = run(card("credit-2"), keypad=Keypad((int(SW.SECURITY_NOT_SATISFIED),)))

    assert Tvr.NO_PIN_PAD in finished.found and finished.signature
    holds(finished, carrier.bank)


# Offline, and the issuer


def test_under_the_floor_a_card_pays_without_its_issuer_until_it_must_ask() -> None:
    which = card("offline")
    first, _ = run(which, 9_000)
    assert first.ending is Ending.APPROVED_ONLINE, "a new card asks"
    endings = []
    for _ in range(8):
        finished, carrier = run(which, 9_000)
        holds(finished, carrier.bank)
        endings.append(finished.ending)

    online = endings.index(Ending.APPROVED_ONLINE)
    assert endings[:online] == [Ending.APPROVED_OFFLINE] * 3 == endings[online + 1 :][:3]
    over, carrier = run(which, 30_000)
    assert over.ending is Ending.APPROVED_ONLINE and Tvr.OVER_FLOOR in over.found


def test_issuer_that_cannot_be_reached_is_replaced_by_what_card_and_policy_say() -> None:
    which = card("offline")
    run(which, 9_000)
    cautious, carrier = run(which, 40_000, bank=Bank(reachable=False))
    assert cautious.ending is Ending.DECLINED_OFFLINE and not cautious.reverse
    trusting = (Application(aid=CREDIT_AID, label="credit", default=Tvr.NONE),)
    carrier = Carrier(which, bank=Bank(reachable=False))
    finished = carrier.run(pay(terminal(applications=trusting), payment(40_000)))
    assert finished.ending is Ending.APPROVED_OFFLINE
    holds(finished, carrier.bank)


def test_issuer_says_no() -> None:
    finished, carrier = run(card("credit-1"), bank=Bank(approve=False, code="51"))

    assert (finished.ending, finished.reason) == (Ending.DECLINED_ONLINE, "51")
    assert kinds(carrier.bank) == [Kind.ARQC]
    last = covered_by_issuer(finished)
    assert last is not None and last.genuine and last.kind is Kind.AAC


@pytest.mark.parametrize("label", ["credit-1", "credit-2"])
@pytest.mark.parametrize(
    "forge",
    [
        lambda answer: b"",
        lambda answer: answer[:-1] + bytes((answer[-1] ^ 1,)),
        lambda answer: answer[:5] + bytes((answer[5] ^ 1,)) + answer[6:],
        lambda answer: b"\x91\x05\0",
        lambda answer: answer + answer,
        lambda answer: encode_tlv(tags.ISSUER_AUTHENTICATION, bytes(16)),
        lambda answer: b"\xff" * 400,
    ],
)
def test_a_proof_that_is_not_the_issuers_pays_nothing(label: str, forge: object) -> None:
    finished, carrier = run(card(label), bank=Bank(proof=forge))  # type: ignore[arg-type]

    assert finished.ending is Ending.REFUSED_BY_CARD and finished.reverse
    holds(finished, carrier.bank)


def test_the_proof_of_another_payment_is_none() -> None:
    first: list[bytes] = []
    which = card("credit-1")
    run(which, bank=Bank(proof=lambda answer: first.append(answer) or answer))  # type: ignore[func-returns-value]

    finished, _ = run(which, bank=Bank(proof=lambda _: first[0]))

    assert finished.ending is Ending.REFUSED_BY_CARD and finished.reverse


def test_each_payment_has_a_counter_of_its_own() -> None:
    which, counters = card("credit-1"), []
    for _ in range(3):
        _, carrier = run(which)
        counters += [each.counter for each in carrier.bank.asked if each is not None]

    assert counters == [1, 2, 3]


def test_money_is_given_back_by_the_same_way() -> None:
    carrier = Carrier(card("refund-only"))
    finished = carrier.run(pay(terminal(), payment(kind=REFUND)))

    assert finished.ending is Ending.APPROVED_ONLINE
    holds(finished, carrier.bank)


def test_a_card_on_the_hotlist_is_declined_here() -> None:
    carrier = Carrier(card("credit-1"))
    listed = terminal(hotlist=frozenset({"9900330000001019"}))
    finished = carrier.run(pay(listed, payment()))

    assert finished.ending is Ending.DECLINED_OFFLINE and Tvr.ON_HOTLIST in finished.found
    assert not carrier.bank.asked and "9900330000001019" not in repr(listed)


def test_chance_sends_a_small_payment_to_the_issuer() -> None:
    which = card("offline")
    run(which, 9_000)
    apps = (Application(aid=CREDIT_AID, label="c", floor_limit=30_000, random_percent=20),)
    endings = [
        Carrier(which).run(pay(terminal(applications=apps), payment(9_000, draw=draw))).ending
        for draw in (19, 20)
    ]
    assert endings == [Ending.APPROVED_ONLINE, Ending.APPROVED_OFFLINE]


def test_an_authority_that_the_terminal_does_not_know_authenticates_nothing() -> None:
    carrier = Carrier(card("credit-1"))
    finished = carrier.run(pay(terminal(authorities={}), payment()))

    assert finished.ending is Ending.DECLINED_OFFLINE and Tvr.CDA_FAILED in finished.found


# Scripts


def test_issuer_blocks_the_application_behind_a_payment() -> None:
    which = card("credit-1")
    finished, _ = run(which, bank=Bank(orders=[BlockApplication()]))

    assert finished.approved and finished.scripts == b"\x20\0\0\0\x01"
    assert run(which)[0].ending is Ending.APPLICATION_BLOCKED


def test_issuer_blocks_the_card_for_good() -> None:
    which = card("credit-1")
    run(which, bank=Bank(orders=[BlockCard()]))

    assert run(which)[0].ending is Ending.CARD_BLOCKED


def test_issuer_changes_the_pin() -> None:
    which = card("debit-2")
    finished, _ = run(which, bank=Bank(orders=[ChangePin("4321")]))

    assert finished.approved and which.image().pin == pin_block("4321")
    assert run(which, keypad=Keypad(("4321",)))[0].approved


def test_issuer_gives_all_tries_back() -> None:
    which = card("blocked-pin")
    run(which, bank=Bank(orders=[UnblockPin(), PutData(tags.OFFLINE_LIMIT_UPPER, b"\x07")]))

    assert which.image().tries == 3 and which.image().upper == 7


def test_a_script_that_was_changed_does_nothing_and_is_told() -> None:
    which = card("credit-1")

    def forge(answer: bytes) -> bytes:
        return answer[:-1] + bytes((answer[-1] ^ 1,))

    finished, _ = run(which, bank=Bank(orders=[BlockCard()], proof=forge))

    assert finished.approved and Tvr.SCRIPT_FAILED_AFTER in finished.found
    assert finished.scripts == b"\x11\0\0\0\x01"
    _, carrier = run(which)
    said = carrier.bank.asked[0]
    assert said is not None and Cvr.SCRIPT_FAILED in said.results


def test_scripts_that_are_too_long_are_not_begun() -> None:
    orders = [PutData(tags.OFFLINE_LIMIT_UPPER, b"\x01")] * 10
    finished, _ = run(card("credit-1"), bank=Bank(orders=orders))

    assert (
        finished.approved and finished.scripts == b"" and Tvr.SCRIPT_FAILED_AFTER in finished.found
    )


# Selection


def test_a_card_without_a_directory_is_found_by_the_list() -> None:
    finished, carrier = run(card("debit-2"))

    assert finished.approved
    assert [s.apdu[5:-1] for s in carrier.steps if isinstance(s, Ask) and s.apdu[1] == 0xA4][
        :2
    ] == [
        b"1PAY.SYS.DDF01",
        CREDIT_AID,
    ]


def two_applications(answer_priority: int, confirm: int = 0) -> object:
    """Replace the directory's record by one with two applications, so that there is a choice."""
    entries = b"".join(
        encode_tlv(
            tags.ENTRY,
            encode_tlv(tags.AID, CREDIT_AID + bytes((last,))),
            encode_tlv(tags.LABEL, f"CARD {last}".encode()),
            encode_tlv(tags.PRIORITY, bytes((answer_priority and last | confirm,))),
        )
        for last in (2, 1)
    )
    record = encode_tlv(tags.RECORD, entries) + b"\x90\0"
    return lambda number, answer: record if number == 2 else answer


@pytest.mark.parametrize(("priority", "confirm", "asked"), [(1, 0, 0), (0, 0, 1), (1, 0x80, 1)])
def test_customer_chooses_where_the_card_does_not(priority: int, confirm: int, asked: int) -> None:
    carrier = Carrier(card("credit-1"), garble=two_applications(priority, confirm), choice=None)  # type: ignore[arg-type]
    finished = carrier.run(pay(terminal(), payment()))

    chosen = [step for step in carrier.steps if isinstance(step, Choose)]
    assert len(chosen) == asked
    assert finished.ending is (Ending.CANCELLED if asked else Ending.NO_APPLICATION)
    if not priority:
        assert chosen[0].labels == ("CARD 2", "CARD 1")


@pytest.mark.parametrize("bomb", [b"\x70" * 250, b"\x70\x82\xff\xff", b"\x61\x00" * 120, b""])
def test_a_directory_that_makes_no_sense_is_passed_over(bomb: bytes) -> None:
    finished, _ = run(
        card("credit-1"), garble=lambda n, answer: bomb + b"\x90\0" if n == 2 else answer
    )

    assert finished.approved


def test_labels_cannot_draw_on_the_screen() -> None:
    wish = card_like(directory=False)
    wish.chip.personality = replace(wish.chip.personality, label="\x1b[2J\x07EVIL")
    finished, _ = run(wish)

    assert finished.asked is not None and finished.asked.label == "[2JEVIL"


# What the terminal tells


def test_what_the_issuer_is_told() -> None:
    _, carrier = run(card("credit-1"))
    step = next(step for step in carrier.steps if isinstance(step, GoOnline))

    asked = step.asked
    assert (asked.pan, asked.sequence, asked.expiry, asked.label) == (
        "9900330000001019",
        1,
        "3012",
        "IPS CREDIT",
    )
    assert asked.track_2 == "9900330000001019=30122010000000000"
    data = decode_field_55(asked.field_55)
    assert data[tags.AMOUNT].hex() == "000000015390" and data[tags.CURRENCY].hex() == "0410"
    assert tags.PAN not in data and tags.TRACK_2 not in data
    assert asked.pan not in repr(step) and asked.pan not in repr(carrier.steps)


@pytest.mark.parametrize("label", LABELS)
def test_no_pin_or_number_is_in_any_step_or_end(label: str) -> None:
    finished, carrier = run(card(label))

    steps = [step for step in carrier.steps if not isinstance(step, Ask)]
    shown = repr((steps, finished, carrier.card.visible()))
    assert WISHES.emv.cards[label].pan not in shown


def test_card_answers_any_command_with_a_status_word() -> None:
    which = card("credit-1")
    which.power_on()
    for ins in range(256):
        for cla in (0x00, 0x80, 0x84, 0x90):
            for data in (b"", bytes(8)):
                answer = parse_response(which.handle(Command(cla, ins, 0, 0, data, 256).encode()))
                assert answer is not None


def test_rid_is_nobodys() -> None:
    assert RID[0] >> 4 == 0xF
