"""Members: what is kept of a person, what the office may do, and what a till is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ips.members import MemberAdd, MemberAdjust, MemberNot, MemberNow, MemberStop, members
from ips.office import ModuleChange, perform
from protocols.broker import PaymentRequest
from protocols.members import is_card, is_number, masked_name, number_of, read_named
from tests.ips.test_front import Shop, shop  # noqa: F401  the fixture
from tests.support.broker_terminal import Terminal

PHONE = "010-1234-5678"


async def entered(shop: Shop, **changes: str) -> MemberNow:  # noqa: F811
    fields = {"name": "김영수", "phone": PHONE, "actor": "park"} | changes
    done = await perform(shop.broker, MemberAdd(**fields))
    assert isinstance(done, MemberNow), done
    return done


async def asked(shop: Shop, named: str) -> list[dict[str, object]]:  # noqa: F811
    body = json.dumps({"named": named}).encode()
    signed = shop.headers("POST", "/v1/members", body)
    reply = await shop.client.post("/v1/members", content=body, headers=signed)
    assert reply.status_code == 200, reply.text
    found = reply.json()["members"]
    assert isinstance(found, list)
    return found


@pytest.fixture
async def terminal(shop: Shop) -> Terminal:  # noqa: F811
    terminal = Terminal()
    await shop.enrol(terminal)
    await shop.session(terminal)
    return terminal


async def test_nothing_of_a_person_is_kept_but_what_may_be_shown(shop: Shop) -> None:  # noqa: F811
    """No file of the broker's has the name or the number, in whatever form."""
    await entered(shop)
    [row] = members(shop.broker.reader)
    assert (row.name, row.tail, len(row.phone)) == ("김*수", "5678", 32)
    kept = b"".join(path.read_bytes() for path in shop.broker.folder.glob("broker.sqlite*"))
    for secret in ("김영수", "01012345678", PHONE):
        assert secret.encode() not in kept


async def test_card_telephone_and_four_digits_find_the_member(
    shop: Shop,  # noqa: F811
    terminal: Terminal,
) -> None:
    """One for what is whole; all who have the digits, to choose from."""
    one = await entered(shop)
    other = await entered(shop, name="이민지", phone="01999995678")
    told = {"number": one.number, "shown": "김*수 (5678)", "points": 0}
    assert await asked(shop, one.number) == await asked(shop, one.number[1:]) == [told]
    assert await asked(shop, PHONE) == await asked(shop, "01012345678") == [told]
    assert {row["number"] for row in await asked(shop, "5678")} == {one.number, other.number}
    assert await asked(shop, "0000") == await asked(shop, "01000000000") == []


@pytest.mark.parametrize("named", ["", "123", "M123456789", "abc", "0212345678", "9" * 20])
async def test_what_is_no_name_is_refused_without_repeating_it(
    shop: Shop,  # noqa: F811
    terminal: Terminal,
    named: str,
) -> None:
    """A telephone that was mistyped is not in an answer that somebody logs."""
    body = json.dumps({"named": named}).encode()
    signed = shop.headers("POST", "/v1/members", body)
    reply = await shop.client.post("/v1/members", content=body, headers=signed)
    assert reply.status_code == 400
    assert len(named) < 4 or named not in reply.text


async def test_points_by_hand_have_a_reason_and_are_never_taken_where_none_are(
    shop: Shop,  # noqa: F811
) -> None:
    """Logged with who and why; an account is not overdrawn, not even by the office."""
    one = await entered(shop)

    async def adjust(points: int, reason: str = "card forgotten") -> object:
        deed = MemberAdjust(number=one.number, points=points, reason=reason, actor="park")
        return await perform(shop.broker, deed)

    assert isinstance(await adjust(500, " "), MemberNot)
    assert isinstance(await adjust(0), MemberNot)
    given = await adjust(500)
    assert isinstance(given, MemberNow) and given.points == 500
    assert isinstance(await adjust(-501), MemberNot)
    taken = await adjust(-200)
    assert isinstance(taken, MemberNow) and taken.points == 300
    log = shop.broker.reader.ask(
        "SELECT actor, before, after FROM administration WHERE deed = 'member.adjust'"
    )
    assert log == [
        ("park", "0", "500 (card forgotten)"),
        ("park", "500", "300 (card forgotten)"),
    ]


async def test_two_members_never_have_one_telephone_or_card(shop: Shop) -> None:  # noqa: F811
    await entered(shop, number="M123456782")
    for phone, number in ((PHONE, ""), ("", "123456782"), ("", "M123456783"), ("021234567", "")):
        deed = MemberAdd(name="x", phone=phone, number=number, actor="park")
        assert isinstance(await perform(shop.broker, deed), MemberNot)
    assert len(members(shop.broker.reader)) == 1


async def test_stopped_member_spends_nothing(shop: Shop, terminal: Terminal) -> None:  # noqa: F811
    """A lost card: the till is told, and whoever asks all the same is declined."""
    one = await entered(shop)
    await perform(shop.broker, ModuleChange(module="points", verb="activate", actor="park"))
    await perform(
        shop.broker, MemberAdjust(number=one.number, points=500, reason="x", actor="park")
    )
    for stop, outcome in ((True, "declined"), (False, "approved")):
        await perform(shop.broker, MemberStop(number=one.number, stop=stop, actor="park"))
        [row] = await asked(shop, one.number)
        assert row.get("stopped", False) is stop
        request = PaymentRequest(
            key=f"main-t01-20260417-000{1 + stop}-a",
            module="points",
            amount=100,
            store="main",
            terminal=terminal.name,
            fields={"member": one.number},
        )
        told = await shop.broker.desk().pay(request)
        assert getattr(told, "outcome", "") == outcome, told


@given(st.integers(0, 99_999_999))
def test_number_is_told_from_its_neighbours(serial: int) -> None:
    """One wrong digit is never another member."""
    number = number_of(serial)
    assert is_card(number) and read_named(number[1:]).text == number
    for place in range(1, len(number)):
        wrong = str((int(number[place]) + 1) % 10)
        assert not is_number(number[:place] + wrong + number[place + 1 :])


@given(st.text(max_size=40))
def test_any_text_is_a_member_or_none(text: str) -> None:
    try:
        named = read_named(text)
    except ValueError as error:
        assert len(text) < 4 or text not in str(error)
    else:
        assert named.text not in repr(named)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("김영수", "김*수"),
        ("김수", "김*"),
        ("독고영재", "독**재"),
        ("Kim Yeongsu", "K***u"),
        ("", ""),
    ],
)
def test_name_is_masked(name: str, kept: str) -> None:
    assert masked_name(name) == kept
