"""Whatever a bank answers is a sentence of its own for the clerk, in both languages."""

import asyncio

import pytest

from ips.bank import codes
from ips.bank.codes import REFUSED, message_of
from ips.bank.module import UNREADABLE
from pos.messages import Money, messages
from protocols.iso8583.response import Response
from sim.clock import run
from tests.support.bank_world import bank_world

OFFICE = {Response.APPROVED, Response.OUT_OF_BALANCE}
"""Approved needs no sentence; totals that differ are the office's."""
REFUSALS = [code for code in Response if code not in OFFICE]


def test_each_code_has_a_sentence_and_no_two_have_the_same() -> None:
    table = messages()
    for language in ("ko", "en"):
        said = [table[message_of(code)].wordings[language].banner for code in REFUSALS]
        assert len(set(said)) == len(REFUSALS)


@pytest.mark.parametrize("code", REFUSALS)
def test_a_sentence_says_where_the_money_is_and_what_to_do(code: Response) -> None:
    message = messages()[message_of(code)]
    assert message.money is Money.NOT_MOVED
    assert all(wording.keys and wording.display for wording in message.wordings.values())


def test_a_code_that_nobody_knows_is_a_refusal() -> None:
    assert message_of("Z9") == message_of("") == REFUSED


def test_every_message_that_the_banks_side_names_is_in_the_table() -> None:
    named = {value for name, value in vars(codes).items() if name.isupper() and name[0] != "_"}
    assert named | {UNREADABLE} <= set(messages())


@pytest.mark.parametrize("code", [*REFUSALS, "Z9"])
def test_what_the_bank_says_reaches_the_till_and_moves_nothing(tmp_path, code) -> None:
    async def story(clock, _):
        async with bank_world(tmp_path, clock) as world:
            await world.do("decline", code=str(code))
            refused = await world.pay()
            assert (refused.outcome, refused.code) == ("declined", message_of(code))
            assert refused.told["code"] == code
            assert world.shop() == 0
            assert (await world.pay()).outcome == "approved", "the next one is judged again"
            await asyncio.sleep(1)
            world.agree()

    run(story)
