"""An override: asked for, proved, carried out once, and both people in the record."""

import msgspec
import pytest

from pos import commands
from pos.entry import masked
from pos.headless import Run, answer
from pos.messages import notice
from pos.rights import Right, named
from pos.view import Stage
from protocols.documents import Policy
from protocols.facts import CashMoved, ReceiptCopied, StaffApproved, StaffRefused
from protocols.staff import Staff
from tests.support.counter_till import Counter, Starting
from tests.support.staff import GONE, KIM, LEE, PARK, STAFF, put_policy

OUT = "5000CO:퀵"


async def asked(
    start: Starting, entry: str = OUT, staff: Staff = STAFF, **setup: object
) -> Counter:
    """Return a till whose clerk has asked for what only a supervisor may."""
    counter = await start(staff=staff, **setup)
    await counter.key("OS")
    said = await counter.key(entry)
    assert said is not None and said.code == "RGT-02"
    return counter


def moved(counter: Counter) -> list[tuple[str, str | None]]:
    """Return (actor, approver) of every cash move."""
    return [(r.actor, r.approver) for r in counter.records() if r.kind == CashMoved.kind]


async def test_a_supervisor_allows_it_and_both_people_are_in_the_record(start: Starting) -> None:
    """Number, PIN, done: once."""
    counter = await asked(start)
    asking = counter.till.view.asking
    assert asking is not None and (asking.what, asking.who) == ("입금/출금", "")
    assert moved(counter) == []

    said = await counter.key("3PN:8520")

    assert said is not None and not said.code
    assert moved(counter) == [("7", "3")]
    assert counter.till.view.asking is None
    again = await counter.key("3PN:8520")
    assert again is not None and again.code == "RGT-05"
    assert moved(counter) == [("7", "3")]
    await counter.settle()
    assert "kick" in counter.bench.told


async def test_an_approval_is_for_one_thing(start: Starting) -> None:
    """The next one asks again."""
    counter = await asked(start)
    await counter.key("3PN:8520")

    said = await counter.key(OUT)

    assert said is not None and said.code == "RGT-02"
    assert len(moved(counter)) == 1


async def test_a_badge_names_who_and_the_pin_proves_it(start: Starting) -> None:
    """Scanned at whatever scanner; the badge alone opens nothing."""
    counter = await asked(start)

    said = await counter.key("STAFF0003")
    assert said is not None and said.code == "RGT-03"
    asking = counter.till.view.asking
    assert asking is not None and asking.who == "박민수"
    assert moved(counter) == []
    await counter.key("PN:8520")

    assert moved(counter) == [("7", "3")]


async def test_two_people_with_one_pin_are_told_apart(start: Starting) -> None:
    """FloCafe #716: the clerk's own PIN is the manager's too, and allows nothing under her number."""
    counter = await asked(start)
    assert (KIM.number, LEE.number) == (7, 1)

    said = await counter.key("7PN:4711")
    assert said is not None and said.code == "RGT-04"
    await counter.key("1PN:4711")

    assert moved(counter) == [("7", "1")]


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        ("8PN:8520", "USR-01", None),
        ("PN:8520", "USR-01", None),
        ("박PN:8520", "USR-01", None),
        ("7PN:4711", "RGT-04", "right"),
        ("9PN:8520", "USR-02", "inactive"),
        ("STAFF0009", "USR-02", "inactive"),
        ("STAFF0009PN:8520", "USR-02", "inactive"),
        ("3PN:8521", "USR-03", None),
        ("3PN:", "USR-03", None),
    ],
)
async def test_a_wrong_answer_is_told_and_goes_on_asking(
    start: Starting, answer: str, code: str, reason: str | None
) -> None:
    """Nothing has happened; a dismissed person's badge and a try without the right are noted."""
    counter = await asked(start)

    said = await counter.key(answer)

    assert said is not None and said.code == code
    asking = counter.till.view.asking
    assert asking is not None and asking.said == said
    assert moved(counter) == []
    noted = [fact for fact in counter.facts() if isinstance(fact, StaffRefused)]
    assert [fact.reason for fact in noted] == ([] if reason is None else [reason])
    await counter.key("3PN:8520")
    assert moved(counter) == [("7", "3")]


async def test_after_a_wrong_pin_only_the_pin_is_keyed_again(start: Starting) -> None:
    """Who it is stands on the screen."""
    counter = await asked(start)
    await counter.key("3PN:1111")
    asking = counter.till.view.asking
    assert asking is not None and asking.who == "박민수"

    await counter.key("PN:8520")

    assert moved(counter) == [("7", "3")]


async def test_guessing_is_locked_for_longer_each_time_and_noted(start: Starting, clock) -> None:
    """Three wrong PINs: 30 s; the next 60 s; the right one is no way round it."""
    counter = await asked(start)
    for wrong, left in (("0000", 2), ("0001", 1)):
        assert await counter.key(f"3PN:{wrong}") == notice("USR-03", "ko", name="박민수", left=left)
    third = await counter.key("3PN:0002")
    assert third == notice("USR-04", "ko", name="박민수", wait="30초")
    assert counter.facts()[-1] == StaffRefused(
        person="3", reason="pin", right="cash.move", tries=3, locked_seconds=30
    )

    clock.advance(29)
    held = await counter.key("3PN:8520")
    assert held == notice("USR-04", "ko", name="박민수", wait="1초")
    clock.advance(1)
    await counter.key("3PN:0003")
    clock.advance(59)
    held = await counter.key("3PN:8520")
    assert held is not None and held.code == "USR-04"
    assert moved(counter) == []

    await counter.key("1PN:4711")
    assert moved(counter) == [("7", "1")], "one person's lock is not another's"
    clock.advance(1)
    await counter.key(OUT, "3PN:8520")
    assert moved(counter)[1:] == [("7", "3")]
    await counter.key(OUT)
    said = await counter.key("3PN:0004")
    assert said == notice("USR-03", "ko", name="박민수", left=2), "the right PIN began it anew"


async def test_a_pulled_plug_buys_nobody_another_guess(start: Starting) -> None:
    """The count is in the store before the PIN is compared."""
    counter = await asked(start)
    await counter.key("3PN:0000", "3PN:0001")

    again = await asked(start, OUT)

    said = await again.key("3PN:0002")
    assert said is not None and said.code == "USR-04"


async def test_a_clock_that_was_set_back_makes_no_lock_longer(start: Starting, clock) -> None:
    """Somebody set the clock by a year: the lock is still 30 s."""
    counter = await asked(start)
    await counter.key("3PN:0000", "3PN:0001", "3PN:0002")
    clock.utc_ns -= 365 * 86_400 * 10**9

    said = await counter.key("3PN:8520")

    assert said == notice("USR-04", "ko", name="박민수", wait="30초")


async def test_a_new_pin_begins_the_count_anew(start: Starting) -> None:
    """Who was locked out by a guesser gets a new PIN from the office."""
    counter = await asked(start)
    await counter.key("3PN:0000", "3PN:0001", "3PN:0002")
    renewed = msgspec.structs.replace(PARK, pin=LEE.pin)

    again = await asked(start, OUT, Staff(people=[KIM, renewed]))

    await again.key("3PN:4711")
    assert moved(again) == [("7", "3")]


async def test_esc_calls_it_off(start: Starting) -> None:
    """Nothing happened, nothing waits."""
    counter = await asked(start)

    await counter.key("CL")

    assert counter.till.view.asking is None
    said = await counter.key("3PN:8520")
    assert said is not None and said.code == "RGT-05"
    assert moved(counter) == []


async def test_goods_scanned_meanwhile_are_sold_and_call_it_off(start: Starting) -> None:
    """What was asked was meant for the basket as it stood; a piece is never swallowed."""
    policy = {"clerk": ["sale.enter", "shift.open", "staff.sign", "payment.take"]}
    counter = await start(staff=STAFF)
    put_policy(counter.store, Policy(rights=policy))
    await counter.till.load_goods()
    await counter.key("OS", "8801115114154", "VD")
    assert counter.till.view.asking is not None

    said = await counter.key("8801043015929")

    assert said is not None and said.code == "RGT-06"
    assert (counter.till.view.asking, len(counter.till.view.lines)) == (None, 2)


async def test_an_unknown_code_meanwhile_is_told_and_it_is_still_asked(start: Starting) -> None:
    """A misread badge costs nothing but another scan."""
    counter = await asked(start)

    said = await counter.key("8800000000008")

    assert said is not None and said.code == "SCN-01"
    assert counter.till.view.asking is not None


@pytest.mark.parametrize(
    ("entries", "right"),
    [
        (("8801115114154", "VD"), Right.SALE_VOID_LINE),
        (("XR",), Right.SHIFT_READ),
    ],
)
async def test_what_has_no_record_of_its_own_gets_one(
    start: Starting, entries: tuple[str, ...], right: Right
) -> None:
    """A voided line of an open sale, a printed X: together with it, the approval is journalled."""
    rights = {"clerk": ["sale.enter", "shift.open", "staff.sign"]}
    counter = await start(staff=STAFF)
    put_policy(counter.store, Policy(rights=rights))
    await counter.till.load_goods()
    await counter.key("OS", *entries)
    before = len(counter.facts())

    await counter.key("3PN:8520")
    await counter.settle()

    sale = 1 if right is Right.SALE_VOID_LINE else 0
    assert counter.facts()[before:] == [StaffApproved(right=right.value, sale=sale)]
    record = counter.records()[-1]
    assert (record.actor, record.approver) == ("7", "3")


async def test_a_reprint_names_who_asked_and_who_allowed_it(start: Starting) -> None:
    """And the papers that come out beside it name nobody they should not."""
    rights = {"clerk": ["sale.enter", "shift.open", "staff.sign", "payment.take"]}
    counter = await start(staff=STAFF)
    put_policy(counter.store, Policy(rights=rights))
    await counter.till.load_goods()
    await counter.key("OS", "8801115114154", "CA", "RP", "3PN:8520")
    await counter.settle()

    [copied] = [record for record in counter.records() if record.kind == ReceiptCopied.kind]
    assert (copied.actor, copied.approver) == ("7", "3")
    assert {r.approver for r in counter.records() if r.kind != ReceiptCopied.kind} == {None}


async def test_what_cannot_be_done_now_asks_nobody(start: Starting) -> None:
    """A supervisor is not called for a step that has no place."""
    counter = await start(staff=STAFF)

    said = await counter.key(OUT)

    assert said is not None and said.code == "SHF-01"


async def test_without_a_staff_list_or_anybody_with_the_right_it_is_refused(
    start: Starting,
) -> None:
    """As before: nobody can be asked."""
    counter = await start(staff=Staff(people=[KIM, GONE]))
    await counter.key("OS")

    said = await counter.key(OUT)

    assert said is not None and said.code == "RGT-01"
    assert counter.till.view.asking is None


async def test_a_takeover_stands_while_an_approval_is_asked_under_it(start: Starting) -> None:
    """Money in doubt stays on the screen until somebody has decided."""
    counter = await start(staff=STAFF)
    await counter.key("OS")
    doubt = notice("PUR-07", "ko")
    counter.till.tell(doubt)

    await counter.key(OUT)
    assert counter.till.view.notice == doubt
    wrong = await counter.key("B4444")
    assert wrong is not None and wrong.code == "USR-01"
    assert counter.till.view.notice == doubt
    await counter.key("CL")
    assert (counter.till.view.notice, counter.till.view.asking) == (doubt, None)

    await counter.key(OUT, "3PN:8520")
    assert moved(counter) == [("7", "3")]
    assert counter.till.view.notice != doubt


async def test_a_store_that_fails_under_an_approval_stops_selling(start: Starting) -> None:
    """The count could not be written, so the PIN was not tried and nothing was done."""
    counter = await asked(start)
    counter.store.database.rows("PRAGMA query_only = ON")

    said = await counter.key("3PN:8520")

    assert said is not None and said.code == "JNL-01"
    assert counter.till.view.stage is Stage.STOPPED
    counter.store.database.rows("PRAGMA query_only = OFF")
    assert moved(counter) == []
    await counter.key("3PN:8520")
    assert moved(counter) == [("7", "3")]


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ("7PN:4711", "7PN:***"),
        ("pn:4711", "pn:***"),
        ("B-7 PN :4711", "B-7 PN :***"),
        ("7PN:", "7PN:***"),
        ("7PN:47\n11", "7PN:***"),
        ("NS:PN:4711", "NS:PN:4711"),
        ("8801115114154", "8801115114154"),
    ],
)
def test_an_entry_is_shown_without_its_pin(entry: str, shown: str) -> None:
    """Whoever repeats an entry repeats this."""
    assert masked(entry) == shown


def test_a_pin_is_in_no_picture_of_a_command() -> None:
    """A crash shows values by their repr."""
    assert "4711" not in repr(commands.Prove("7", "4711"))


@pytest.mark.parametrize("right", Right)
def test_every_right_has_words_that_fit(right: Right) -> None:
    """A person reads what is asked for, not the name of a right."""
    for language in ("ko", "en"):
        assert len(named(right, language)) <= 22
        notice("RGT-02", language, right=named(right, language))


async def test_a_command_without_a_screen_is_approved_by_its_next_entry(start: Starting) -> None:
    """Or refused; it leaves no question on a counter where nobody asked for anything."""
    counter = await start(staff=STAFF)
    await counter.key("OS")

    refused = await answer(counter.till, Run(entries=[OUT]))
    assert (refused.done, refused.code) == (False, "RGT-02")
    assert counter.till.view.asking is None
    wrong = await answer(counter.till, Run(entries=[OUT, "3PN:8521"]))
    assert (wrong.done, wrong.code) == (False, "USR-03")
    assert counter.till.view.asking is None
    done = await answer(counter.till, Run(entries=[OUT, "3PN:8520"]))

    assert done.done
    assert moved(counter) == [("7", "3")]
