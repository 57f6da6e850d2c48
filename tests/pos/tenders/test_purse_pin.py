"""E-cash whose purse wants its PIN: entered on a keypad before anything is intended, or nothing moves.

T5; PUR-02 to PUR-05. Headless, in virtual time; whatever the till has written is searched for digits.
"""

import asyncio
from pathlib import Path

import pytest

from pos import commands
from pos.view import PaymentStep, Stage
from protocols.facts import AttemptOpened, SaleClosed
from protocols.purse.image import Life, Parameters, encode_image
from protocols.secure_pin import PinSW
from tests.pos.tenders.test_purse import (
    CUSTOMER_NAME,
    MILK,
    PRICE,
    SHOP_NAME,
    Counter,
    both,
    play,
)
from tests.support.purse_slots import MemorySlots
from tests.support.purses import purse, remembers

RIGHT, WRONG = "1234", "9753"


def guarded(*keys: str | PinSW, **image: object) -> MemorySlots:
    """Return a counter with a keypad, and a customer whose purse wants its PIN for everything."""
    card = purse(CUSTOMER_NAME, balance=10_000, parameters=Parameters(pin_above=0))
    card.memory.write(encode_image(remembers(card)._replace(**image)))
    slots = MemorySlots(card, purse(SHOP_NAME, balance=0, purse_class=1))
    slots.keys = list(keys)
    return slots


def customer(slots: MemorySlots):
    assert slots.card is not None
    return remembers(slots.card)


async def unpaid(counter: Counter, code: str) -> None:
    """Assert that the sale stands open, nothing moved and nothing was journalled of the attempt."""
    assert both(counter.slots) == (10_000, 0)
    assert counter.of(AttemptOpened) == [] and not await counter.till.register.doubts()
    assert counter.till.register.has_sale() and counter.till.register.stage is Stage.ENTRY
    await counter.key("CA")
    assert len(counter.of(SaleClosed)) == 1, code


def test_right_pin_pays_and_the_steps_show_it(tmp_path: Path) -> None:
    slots = guarded(RIGHT)

    async def story(counter: Counter) -> None:
        steps = []
        counter.till.watch(lambda view: steps.append(view.payment and view.payment.step))
        await counter.key(MILK, "EC")
        assert both(slots) == (10_000 - PRICE, PRICE)
        seen = [step for step in dict.fromkeys(steps) if step]
        assert seen[:3] == [PaymentStep.CARD, PaymentStep.PIN, PaymentStep.MOVING]

    play(tmp_path, story, slots)


def test_wrong_pin_is_told_with_the_tries_left_and_asked_again(tmp_path: Path) -> None:
    slots = guarded(WRONG, PinSW.TOO_SHORT_OR_LONG, RIGHT)

    async def story(counter: Counter) -> None:
        said = []
        counter.till.watch(lambda view: view.notice and said.append(view.notice))
        await counter.key(MILK, "EC")
        codes = list(dict.fromkeys(notice.code for notice in said))
        assert [code for code in codes if code in ("PUR-02", "PIN-06")] == ["PUR-02", "PIN-06"]
        [wrong] = {notice for notice in said if notice.code == "PUR-02"}
        assert "2번" in wrong.banner and wrong.display == "비밀번호를 다시"
        assert both(slots) == (10_000 - PRICE, PRICE) and customer(slots).tries == 3

    play(tmp_path, story, slots)


def test_third_wrong_pin_blocks_and_nothing_has_moved(tmp_path: Path) -> None:
    slots = guarded(WRONG, WRONG, WRONG)

    async def story(counter: Counter) -> None:
        said = await counter.key(MILK, "EC")
        assert said is not None and said.code == "PUR-05"
        assert customer(slots).tries == 0 and slots.keys == []
        again = await counter.key("EC")
        assert again is not None and again.code == "PUR-05", "no keypad is woken for a blocked PIN"
        await unpaid(counter, "PUR-05")

    play(tmp_path, story, slots)


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([PinSW.CANCELLED], "PIN-04"),
        ([PinSW.TIMEOUT], "PIN-05"),
        ([WRONG, PinSW.CANCELLED], "PIN-04"),
        ([PinSW.TOO_SHORT_OR_LONG] * 10, "PIN-06"),
        ([PinSW.STRUCTURE_WRONG], "PUR-11"),
    ],
)
def test_pin_that_is_not_given_is_a_sentence_and_nothing_moved(
    tmp_path: Path, keys: list[str | PinSW], code: str
) -> None:
    slots = guarded(*keys)

    async def story(counter: Counter) -> None:
        said = await counter.key(MILK, "EC")
        assert said is not None and (said.code, said.level) == (code, "B")
        await unpaid(counter, code)

    play(tmp_path, story, slots)


def test_locked_purse_is_unlocked_by_its_holder_and_pays(tmp_path: Path) -> None:
    slots = guarded(RIGHT, life=Life.LOCKED)

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "EC")
        assert both(slots) == (10_000 - PRICE, PRICE) and customer(slots).life == Life.ACTIVE

    play(tmp_path, story, slots)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_card_that_leaves_while_its_pin_is_compared_has_paid_nothing(
    tmp_path: Path, done: bool
) -> None:
    slots = guarded(RIGHT)
    slots.losses = {7: done}

    async def story(counter: Counter) -> None:
        said = await counter.key(MILK, "EC")
        assert said is not None and said.code == "RDR-03"
        await unpaid(counter, "RDR-03")

    play(tmp_path, story, slots)


def test_esc_says_that_only_the_customer_can_end_what_the_reader_asks(tmp_path: Path) -> None:
    slots = guarded(PinSW.TIMEOUT)

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        paying = asyncio.create_task(counter.key("EC"))
        await asyncio.sleep(5)
        said = await counter.till.execute(commands.Cancel())
        assert said is not None and said.code == "PIN-08"
        ended = await paying
        assert ended is not None and ended.code == "PIN-05"
        await unpaid(counter, "PIN-05")

    play(tmp_path, story, slots)


def test_no_digit_stands_in_anything_that_the_till_has_written(tmp_path: Path) -> None:
    """Journal, store and everything that a view showed, after a wrong and a right PIN."""
    slots = guarded(WRONG, RIGHT)
    shown: list[str] = []

    async def story(counter: Counter) -> None:
        counter.till.watch(lambda view: shown.append(repr((view.notice, view.payment))))
        await counter.key(MILK, "EC")

    play(tmp_path, story, slots)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SHOP_NAME.hex().encode() in written, "the search finds what is there"
    for digits in (RIGHT, WRONG):
        block = bytes.fromhex(f"24{digits}")
        assert not any(digits in text for text in shown)
        assert block not in written and block.hex().encode() not in written.lower()
        assert f'"{digits}"'.encode() not in written
