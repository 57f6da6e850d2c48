"""The reversal discipline with the bank's own host at the other end, in virtual time: whatever becomes of an
answer, and wherever the broker dies, broker and bank agree in the end and nobody pays twice (T3, I4)."""

import asyncio

import pytest

from ips.bank.line import ANSWER_SECONDS
from ips.points import BankPoint, DeskPoint
from ips.spi import Operation, Order
from protocols.broker import PaymentAnswer
from protocols.card_number import CardNumber
from protocols.money import KRW, Money
from tests.support import bank as b
from tests.support.bank_world import story
from tests.support.passbooks import passbook


def test_a_payment_is_approved_and_booked(tmp_path):
    @story(tmp_path)
    async def _(world):
        answer = await world.pay(amount=12_500)
        assert (answer.outcome, answer.state, answer.amount) == ("approved", "approved", 12_500)
        assert len(answer.reference) == 6 and answer.told["code"] == "00"
        assert world.shop() == 12_500


@pytest.mark.parametrize(
    ("pan", "amount", "code"),
    [
        (b.STOLEN, 1_000, "CRD-27"),
        (b.LOST, 1_000, "CRD-13"),
        (b.RESTRICTED, 1_000, "CRD-28"),
        (b.POOR, 30_000, "CRD-16"),
        (b.EXPIRED, 1_000, "CRD-17"),
        ("9900990000000000", 1_000, "CRD-15"),
        (b.CREDIT, 600_000, "CRD-20"),
        (b.REFUND_ONLY, 1_000, "CRD-19"),
        (b.DEBIT, 1_000, "CRD-18"),
        (b.BUSY, 900_000, "CRD-20"),
    ],
)
def test_a_refusal_has_its_sentence(tmp_path, pan, amount, code):
    @story(tmp_path)
    async def _(world):
        answer = await world.pay(pan, amount)
        assert (answer.outcome, answer.code) == ("declined", code)
        assert world.shop() == 0


def test_the_same_key_again_asks_no_bank(tmp_path):
    @story(tmp_path)
    async def _(world):
        key = world.key()
        first, second = await world.pay(key=key), await world.pay(key=key)
        assert (first.outcome, second.outcome, first.reference) == (
            "approved",
            "approved",
            second.reference,
        )
        assert world.words().count("got_0200") == 1


def test_a_lost_answer_is_undone_and_the_sale_can_be_paid_anew(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("lose_answers", count="1")
        key = world.key()
        lost = await world.pay(key=key)
        assert lost.outcome == "unknown"
        assert world.shop() == 1_000 or world.rows()[key] == "reversed"
        await asyncio.sleep(15)
        found = await world.look(key)
        assert (found.outcome, found.code) == ("declined", "CRD-06")
        assert (await world.pay()).outcome == "approved" and world.shop() == 1_000


def test_a_lost_request_is_undone_all_the_same(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("lose_requests", count="1")
        key = world.key()
        assert (await world.pay(key=key)).outcome == "unknown"
        await asyncio.sleep(15)
        assert (await world.look(key)).outcome == "declined" and world.shop() == 0


def test_an_answer_just_in_time_and_just_too_late(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("delay", ms=str(int(ANSWER_SECONDS * 1000) - 1))
        assert (await world.pay()).outcome == "approved"
        await world.do("delay", ms=str(int(ANSWER_SECONDS * 1000) + 1))
        late = await world.pay()
        assert late.outcome == "unknown"
        await world.do("delay", ms="0")
        await asyncio.sleep(90)
        assert (await world.look(late.key)).outcome == "declined"
        assert world.broker.banks.lines["hanbit"].late_count >= 1 and world.shop() == 1_000


def test_an_answer_after_its_reversal_is_dropped(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("answer_after_reversal", count="1")
        key = world.key()
        assert (await world.pay(key=key)).outcome == "unknown"
        await asyncio.sleep(15)
        assert (await world.look(key)).outcome == "declined" and world.shop() == 0
        assert world.broker.banks.lines["hanbit"].late_count == 1


def test_doubled_and_crossed_answers(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("double_answers", count="1")
        assert (await world.pay(amount=100)).outcome == "approved"
        await world.do("cross_answers")
        both = await asyncio.gather(world.pay(amount=200), world.pay(amount=300))
        assert [each.amount for each in both] == [200, 300]
        assert world.shop() == 600


def test_an_answer_with_a_wrong_code_is_no_answer(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("wrong_codes", count="1")
        lost = await world.pay()
        assert lost.outcome == "unknown"
        await asyncio.sleep(15)
        assert (await world.look(lost.key)).outcome == "declined" and world.shop() == 0


def test_a_reversal_goes_before_the_next_request_and_is_repeated(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("lose_answers", count="3")
        lost, waiting = world.key(), world.key()
        assert (await world.pay(key=lost)).outcome == "unknown"
        refused = await world.pay(key=waiting)
        assert (refused.outcome, refused.code) == ("not_sent", "CRD-08")
        await asyncio.sleep(90)
        assert (await world.pay(key=waiting)).outcome == "approved", (
            "the same key may be tried again"
        )
        heard = [word for word in world.words() if word.startswith("got_") and word != "got_0800"]
        assert heard == ["got_0200", "got_0420", "got_0421", "got_0421", "got_0200"]


def test_the_bank_down_and_back(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("pull_cable")
        await asyncio.sleep(1)
        down = await world.pay()
        assert (down.outcome, down.code) == ("not_sent", "CRD-07")
        await world.do("plug_cable")
        await asyncio.sleep(70)
        assert (await world.pay(key=down.key)).outcome == "approved"


def test_the_line_breaks_while_a_bank_thinks(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("delay", ms="5000")
        asked = asyncio.get_running_loop().create_task(world.pay())
        await asyncio.sleep(1)
        await world.do("pull_cable")
        lost = await asked
        assert lost.outcome == "unknown" and world.shop() == 1_000
        await world.do("delay", ms="0")
        await world.do("plug_cable")
        await asyncio.sleep(90)
        assert (await world.look(lost.key)).outcome == "declined" and world.shop() == 0


def test_a_bank_that_is_switched_off_and_on_wants_a_new_sign_on(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("pull_cable")
        await world.do("restart")
        await world.do("plug_cable")
        await asyncio.sleep(10)
        assert (await world.pay()).outcome == "approved"


def test_a_bank_that_has_forgotten_us_behind_its_line_is_signed_on_to_again(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("restart")
        refused = await world.pay()
        assert (refused.outcome, refused.code) == ("declined", "CRD-04")
        await asyncio.sleep(1)
        assert (await world.pay()).outcome == "approved"
        await world.do("lose_answers", count="1")
        lost = await world.pay()
        await world.do("restart")
        await asyncio.sleep(90)
        assert (await world.look(lost.key)).code == "CRD-06", (
            "its reversal got through all the same"
        )


def test_a_void_a_refund_and_no_more_than_was_paid(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid = await world.pay(amount=5_000)
        module = world.broker.shelf["card"]

        async def order(operation, key, payment, amount):
            made = Order(operation=operation, key=key, payment=payment, store="S01", terminal="01",
                         amount=Money(amount, KRW))  # fmt: skip
            return await world.run(world.broker._caller.call(module, made))

        back = await order(Operation.REFUND, "r1", paid.key, 2_000)
        assert back.amount == Money(2_000, KRW) and world.shop() == 3_000
        assert await order(Operation.REFUND, "r1", paid.key, 2_000) == back
        assert (await order(Operation.REFUND, "r2", paid.key, 3_001)).code == "PAY-12"
        assert (await order(Operation.VOID, "v1", paid.key, 5_000)).code == "PAY-12"
        other = await world.pay(amount=700)
        assert (await order(Operation.VOID, "v2", other.key, 700)).amount == Money(700, KRW)
        assert (await order(Operation.VOID, "v2", other.key, 700)).amount == Money(700, KRW)
        assert world.shop() == 3_000
        assert (await order(Operation.VOID, "v3", "nobody", 700)).code == "PAY-09"
        assert (await order(Operation.CAPTURE, "c0", other.key, 700)).code == "PAY-04"

        promise = await world.pay(amount=9_000, capture="later")
        assert promise.outcome == "approved" and world.shop() == 3_000
        captured = await order(Operation.CAPTURE, "c1", promise.key, 8_000)
        assert captured.amount == Money(8_000, KRW) and world.shop() == 11_000
        assert await order(Operation.CAPTURE, "c1", promise.key, 8_000) == captured
        assert (await order(Operation.REFUND, "r3", promise.key, 8_000)).amount.minor == 8_000


def test_a_transfer_by_account_and_pin(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid = await world.transfer(amount=4_000)
        assert paid.outcome == "approved" and paid.told["code"] == "00"
        assert (await world.transfer(amount=4_000, pin="0000")).code == "CRD-18"
        assert world.shop() == 4_000


def test_a_transfer_of_what_the_passbook_has_not_signed_asks_no_bank(tmp_path):
    """Another amount, account or payment than the order's, or a PIN that it does not speak of."""

    @story(tmp_path)
    async def _(world):
        told = [
            await world.transfer(ordered=4_001),
            await world.transfer(reference=b"another."),
            await world.transfer(currency=840),
            await world.transfer(pin=""),
            await world.transfer(card=passbook(account="110550660770")),
        ]
        assert {(each.outcome, each.code) for each in told} == {("declined", "CRD-25")}
        assert world.rows() == {} and world.shop() == 0


def test_an_order_of_another_passbook_is_refused_by_the_bank(tmp_path):
    @story(tmp_path)
    async def _(world):
        strange = await world.transfer(amount=4_000, card=passbook(foreign=True))
        assert (strange.outcome, strange.code) == ("declined", "CRD-10")
        assert world.shop() == 0


def test_a_transfer_that_was_lost_goes_back_and_one_goes_back_in_part(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("lose_answers", count="1")
        lost = await world.transfer(amount=4_000)
        assert lost.outcome == "unknown"
        await asyncio.sleep(15)
        assert (await world.look(lost.key)).code == "CRD-06" and world.shop() == 0
        paid = await world.transfer(amount=4_000)
        module = world.broker.shelf["transfer"]
        back = Order(operation=Operation.REFUND, key="r1", payment=paid.key, store="S01",
                     terminal="01", amount=Money(1_500, KRW))  # fmt: skip
        given = await world.run(world.broker._caller.call(module, back))
        assert given.amount.minor == 1_500 and world.shop() == 2_500


def test_who_asks_later_is_told_what_a_slip_says(tmp_path):
    """The bank's code, reference number and name are durable; what was for the chip alone is not."""

    @story(tmp_path)
    async def _(world):
        paid = await world.pay()
        assert set(paid.told) == {"code", "rrn", "bank", "number"} and len(paid.told["rrn"]) == 12
        assert (await world.look(paid.key)).told == paid.told
        assert paid.told["number"] == str(CardNumber(b.CREDIT))
        refused = await world.pay(b.STOLEN)
        assert (await world.look(refused.key)).told == refused.told
        assert refused.told["code"] == "43" and refused.told["bank"] == "hanbit"
        world.here.kill()
        world.here.start()
        await asyncio.sleep(5)
        assert (await world.look(paid.key)).told == paid.told
        said = [e.detail for e in world.twin.history if e.what == "got_0200"]
        assert paid.told["rrn"].endswith(said[0])


def test_a_chips_sequence_number_goes_as_three_digits(tmp_path):
    @story(tmp_path)
    async def _(world):
        assert (await world.pay(sequence="1")).outcome == "approved"


@pytest.mark.parametrize("point", [*BankPoint, DeskPoint.INTENT, DeskPoint.CALL, DeskPoint.ANSWERED,
                                   DeskPoint.RESULT])  # fmt: skip
@pytest.mark.parametrize("fault", ["", "lose_answers"])
def test_killed_at_every_place(tmp_path, point, fault):
    """The broker dies; what it had asked is undone or known, and bank and broker agree."""
    told = point in (BankPoint.TELL, BankPoint.TOLD)

    @story(tmp_path)
    async def _(world):
        if fault or told:
            await world.do("lose_answers", count="1")
        key = world.key()
        world.here.kill_at(point)
        await world.pay(key=key)
        if told:
            await asyncio.sleep(60)
        assert not world.here.running or (fault and point == BankPoint.ANSWERED), "it was reached"
        world.here.spare()
        world.here.start()
        await asyncio.sleep(700)
        found = await world.look(key)
        assert isinstance(found, PaymentAnswer) and found.outcome in (
            "approved",
            "declined",
            "not_sent",
        )
        assert world.shop() == (1_000 if found.outcome == "approved" else 0)
        await world.pay(amount=50)
        await asyncio.sleep(60)
        assert (await world.pay(amount=50)).outcome == "approved"


def test_offline_is_off_unless_the_shop_says_so(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("pull_cable")
        await asyncio.sleep(1)
        assert (await world.pay()).outcome == "not_sent"
        await world.do("plug_cable")


OFFLINE = {
    "hanbit": {"cards": ["9900"], "accounts": ["110"],
               "offline": {"sale": 5_000, "count": 2, "total": 8_000, "age_s": 600}},
}  # fmt: skip


def test_offline_within_its_bounds_and_told_later(tmp_path):
    @story(tmp_path, OFFLINE)
    async def _(world):
        await world.do("pull_cable")
        await asyncio.sleep(1)
        assert (await world.pay(amount=5_001)).code == "CRD-07", "above one sale's bound"
        first = await world.pay(amount=5_000)
        assert first.outcome == "approved" and first.reference.startswith("OFF")
        assert (await world.pay(amount=3_001)).outcome == "not_sent", "above the sum"
        assert (await world.pay(amount=100, entry="stripe")).outcome == "not_sent", "only a chip"
        assert (await world.pay(amount=3_000)).outcome == "approved"
        assert (await world.pay(amount=1)).outcome == "not_sent", "above the count"
        await world.do("plug_cable")
        await asyncio.sleep(120)
        assert world.shop() == 8_000 and set(world.rows().values()) == {"approved"}


def test_offline_ends_with_the_age_of_what_waits(tmp_path):
    @story(tmp_path, OFFLINE)
    async def _(world):
        await world.do("pull_cable")
        await asyncio.sleep(1)
        assert (await world.pay(amount=100)).outcome == "approved"
        await asyncio.sleep(590)
        assert (await world.pay(amount=100, key="S01-01-20260101-0091-a")).outcome == "approved"
        await world.do("plug_cable")
        await asyncio.sleep(120)
        await world.do("pull_cable")
        await asyncio.sleep(1)
        assert (await world.pay(amount=100)).outcome == "approved"
        await asyncio.sleep(601)
        assert (await world.pay(amount=100)).outcome == "not_sent"
        await world.do("plug_cable")


def test_what_the_bank_refuses_afterwards_the_shop_bears(tmp_path):
    @story(tmp_path, OFFLINE)
    async def _(world):
        await world.do("pull_cable")
        await asyncio.sleep(1)
        taken = await world.pay(b.STOLEN, 2_000)
        assert taken.outcome == "approved"
        await world.do("plug_cable")
        await asyncio.sleep(120)
        found = await world.look(taken.key)
        assert (found.outcome, found.code) == ("declined", "CRD-27")
        assert world.shop() == 0


def test_totals_agree_at_the_end_of_the_day(tmp_path):
    @story(tmp_path)
    async def _(world):
        for amount in (1_000, 2_500):
            await world.pay(amount=amount)
        await world.do("lose_answers", count="2")
        await world.pay(amount=700)
        waits = await world.run(world.broker.banks.settle("hanbit", "S01", "01", "KRW"))
        assert not waits.agreed and "reversal" in waits.waits
        await asyncio.sleep(60)
        settled = await world.run(world.broker.banks.settle("hanbit", "S01", "01", "KRW"))
        assert settled.agreed and settled.ours == settled.theirs, settled
        assert settled.ours[2:4] == (3, 1) and settled.ours[6:] == (4_200, 700)
        await world.pay(amount=10)
        again = await world.run(world.broker.banks.settle("hanbit", "S01", "01", "KRW"))
        assert again.agreed and again.ours[6] == 10, "the next batch began"


def test_a_lost_answer_to_totals_is_asked_for_again(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.pay(amount=1_000)
        await world.do("lose_answers", count="1")
        asked = await world.run(world.broker.banks.settle("hanbit", "S01", "01", "KRW"))
        assert not asked.agreed and asked.waits
        await asyncio.sleep(60)
        await world.pay(amount=10)
        again = await world.run(world.broker.banks.settle("hanbit", "S01", "01", "KRW"))
        assert again.agreed and again.ours[6] == 10, (again, world.twin.history)
