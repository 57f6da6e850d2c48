"""Signing on, locking, handing over: who works at the till, in every record, and what a stranger can do."""

import asyncio

import msgspec
import pytest

from pos.headless import Report, Run, answer
from pos.messages import notice
from pos.view import Purpose, Stage
from protocols.documents import Policy
from protocols.facts import (
    ClerkTotals,
    SaleClosed,
    ShiftClosed,
    StaffRefused,
    StaffSigned,
)
from protocols.staff import Staff
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.pos.conftest import PassBy
from tests.support.counter_till import Bench, Counter, Starting, start_till
from tests.support.staff import KIM, LEE, PARK, STAFF, employ, put_policy

MILK = "8801115114154"


def signed(counter: Counter) -> list[tuple[str, str, str]]:
    """Return (act, person, before) of every signing."""
    return [(f.act, f.person, f.before) for f in counter.facts() if isinstance(f, StaffSigned)]


def purpose(counter: Counter) -> Purpose | None:
    asking = counter.till.view.asking
    return None if asking is None else asking.purpose


def actors(counter: Counter, kind: str) -> list[str]:
    return [record.actor for record in counter.records() if record.kind == kind]


async def test_nobody_sells_before_somebody_has_signed_on(start: Starting) -> None:
    """Every command is answered alike; goods are not sold, and it is told."""
    counter = await start(staff=STAFF, sign_on="")
    assert purpose(counter) is Purpose.SIGN_ON
    assert counter.till.view.clerk == ""

    for entry in ("OS", "CA", "NS:x", "XR", "SO", "LK", "SI", "RP", "MN"):
        said = await counter.key(entry)
        assert said is not None and said.code == "USR-07", entry
    said = await counter.key(MILK)
    assert said == notice("USR-08", "ko", code=MILK)
    assert await counter.key("CL") is None
    report = await answer(counter.till, Report(form="x"))
    assert (report.done, report.code) == (False, "USR-07")

    assert counter.facts() == []
    assert purpose(counter) is Purpose.SIGN_ON


@pytest.mark.parametrize("entries", [("7PN:4711",), ("STAFF0007", "PN:4711")])
async def test_who_signs_on_is_the_actor_of_what_follows(
    start: Starting, entries: tuple[str, ...]
) -> None:
    """By number or by badge; in the journal, on the screen, on paper."""
    counter = await start(staff=STAFF, sign_on="")

    said = await counter.key(*entries)

    assert said == notice("signed_on", "ko", name="김영희")
    assert counter.facts() == [StaffSigned(act="on", person="7", role="clerk")]
    assert counter.till.view.clerk == "김영희" and counter.till.view.asking is None
    await counter.key("OS", MILK, "CA")
    assert actors(counter, SaleClosed.kind) == ["7"]
    assert counter.till.register.name_of("7") == "김영희"


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("7PN:4712", "USR-03"),
        ("7PN:", "USR-03"),
        ("9PN:8520", "USR-02"),
        ("STAFF0009", "USR-02"),
        ("8PN:4711", "USR-01"),
        ("PN:4711", "USR-01"),
    ],
)
async def test_who_cannot_prove_it_is_not_let_in(start: Starting, entry: str, code: str) -> None:
    """A dismissed person's try is in the journal; nobody is signed on."""
    counter = await start(staff=STAFF, sign_on="")

    said = await counter.key(entry)

    assert said is not None and said.code == code
    assert signed(counter) == []
    noted = [fact for fact in counter.facts() if isinstance(fact, StaffRefused)]
    expected = [StaffRefused(person="9", reason="inactive")] if code == "USR-02" else []
    assert noted == expected
    assert actors(counter, StaffRefused.kind) == ["till"] * len(expected)


async def test_a_locked_till_keeps_its_sale_and_lets_nothing_happen(start: Starting) -> None:
    """The basket stands; the PIN alone goes on with it, in as many keys as it has."""
    counter = await start(staff=STAFF)
    await counter.key("OS", MILK)

    await counter.key("LK")

    assert purpose(counter) is Purpose.UNLOCK
    assert [row.name for row in counter.till.view.lines] == ["서울우유 1L"]
    for entry in ("CA", "VS:x", "-", "NS:x", MILK):
        said = await counter.key(entry)
        assert said is not None and said.code in ("USR-07", "USR-08")
    asking = counter.till.view.asking
    assert asking is not None and asking.who == "김영희", "whose PIN goes on is not asked again"

    said = await counter.key("PN:4711")
    assert said == notice("signed_on", "ko", name="김영희")
    await counter.key("CA")
    assert signed(counter) == [("on", "7", ""), ("lock", "7", ""), ("unlock", "7", "")]
    assert counter.facts()[2] == StaffSigned(act="lock", person="7", role="clerk", sale=1)


async def test_another_may_take_over_a_locked_till(start: Starting) -> None:
    """Esc asks who; the sale goes on under the one who is there."""
    counter = await start(staff=STAFF)
    await counter.key("OS", MILK, "LK", "CL")
    asking = counter.till.view.asking
    assert asking is not None and (asking.who, asking.what) == ("", "김영희")

    said = await counter.key("3PN:8520")

    assert said == notice("handed_over", "ko", before="김영희", name="박민수")
    await counter.key("CA")
    assert actors(counter, SaleClosed.kind) == ["3"]
    assert signed(counter)[-1] == ("on", "3", "7")


@pytest.mark.parametrize("entries", [("SI", "3PN:8520"), ("STAFF0003", "PN:8520")])
async def test_a_hand_over_names_both(start: Starting, entries: tuple[str, ...]) -> None:
    """By the menu and a number, or by the other's badge at any time."""
    counter = await start(staff=STAFF)
    await counter.key("OS")

    await counter.key(*entries)

    assert signed(counter)[-1] == ("on", "3", "7")
    assert counter.till.view.clerk == "박민수"


async def test_a_hand_over_is_called_off_by_esc(start: Starting) -> None:
    counter = await start(staff=STAFF)
    await counter.key("OS", "SI")
    assert purpose(counter) is Purpose.HAND_OVER

    await counter.key("CL")

    assert (purpose(counter), counter.till.view.clerk) == (None, "김영희")
    assert len(signed(counter)) == 1


async def test_ones_own_badge_changes_nothing_and_goods_come_before_badges(start: Starting) -> None:
    """Whose code is also an item's is an item, where nobody was asked for."""
    clash = msgspec.structs.replace(PARK, badge=MILK)
    counter = await start(staff=Staff(people=[KIM, clash]))
    await counter.key("OS")

    own = await counter.key("STAFF0007")
    assert own is not None and own.code == "USR-13"
    await counter.key(MILK)

    assert (counter.till.view.pieces, purpose(counter)) == (1, None)


async def test_signing_off_needs_a_finished_sale(start: Starting) -> None:
    """What is in the basket is somebody's."""
    counter = await start(staff=STAFF)
    await counter.key("OS", MILK)

    held = await counter.key("SO")
    assert held is not None and held.code == "USR-09"
    await counter.key("CA", "SO")

    assert purpose(counter) is Purpose.SIGN_ON
    assert signed(counter)[-1] == ("off", "7", "")
    assert counter.till.view.clerk == ""


@pytest.mark.parametrize("entry", ["SI", "SO", "LK"])
async def test_without_a_staff_list_there_is_nobody_to_sign(start: Starting, entry: str) -> None:
    """The clerk of the configuration works, as before."""
    counter = await start()
    await counter.key("OS")

    said = await counter.key(entry)

    assert said is not None and said.code == "USR-10"
    assert (purpose(counter), counter.till.view.clerk) == (None, "김영희")
    assert not counter.till.view.staffed


async def test_who_is_signed_on_and_a_lock_outlive_a_sudden_end(start: Starting) -> None:
    """A pulled plug opens no locked till, and signs nobody off."""
    counter = await start(staff=STAFF)
    await counter.key("OS", MILK)
    again = await start(staff=STAFF, sign_on="")
    assert (again.till.view.clerk, purpose(again)) == ("김영희", None)

    await again.key("LK")
    locked = await start(staff=STAFF, sign_on="")
    assert purpose(locked) is Purpose.UNLOCK
    said = await locked.key("CA")
    assert said is not None and said.code == "USR-07"

    await locked.key("PN:4711", "CA", "SO")
    off = await start(staff=STAFF, sign_on="")
    assert purpose(off) is Purpose.SIGN_ON


@pytest.mark.parametrize(
    "people",
    [[PARK], [msgspec.structs.replace(KIM, active=False), PARK], [msgspec.structs.replace(KIM, pin=""), PARK]],
    ids=["gone", "inactive", "no pin"],
)  # fmt: skip
async def test_who_is_dismissed_while_signed_on_is_out_at_once(
    start: Starting, people: list
) -> None:
    """The new list comes from the office: the sale stays, the next one goes on with it."""
    counter = await start(staff=STAFF)
    await counter.key("OS", MILK)
    employ(counter.store, Staff(people=people))

    await counter.till.load_goods()

    assert counter.till.view.notice == notice("USR-12", "ko", name="김영희")
    assert purpose(counter) is Purpose.SIGN_ON
    out = counter.records()[-1]
    assert out.actor == "till"
    assert counter.facts()[-1] == StaffSigned(
        act="off", person="7", role="clerk", reason="dismissed", sale=1
    )
    said = await counter.key("CA")
    assert said is not None and said.code == "USR-07"
    await counter.key("3PN:8520", "CA")
    assert actors(counter, SaleClosed.kind) == ["3"]


async def test_a_new_pin_counts_at_a_till_that_is_locked(start: Starting) -> None:
    """The old one was told to somebody, and opens nothing from the moment the new list is here."""
    counter = await start(staff=STAFF)
    await counter.key("OS", "LK")
    renewed = msgspec.structs.replace(KIM, pin=PARK.pin)
    employ(counter.store, Staff(people=[renewed, PARK]))
    await counter.till.load_goods()

    old = await counter.key("PN:4711")
    assert old is not None and old.code == "USR-03"
    await counter.key("PN:8520")

    assert (purpose(counter), counter.till.view.clerk) == (None, "김영희")


async def test_a_supervisor_dismissed_after_their_badge_allows_nothing(start: Starting) -> None:
    """Named before the new list, proved after it."""
    counter = await start(staff=STAFF)
    await counter.key("OS", "5000CO:x", "STAFF0003")
    employ(counter.store, Staff(people=[KIM, LEE]))
    await counter.till.load_goods()

    said = await counter.key("PN:8520")

    assert said is not None and said.code == "USR-01"
    assert actors(counter, "cash.moved") == []


async def test_a_changed_role_counts_at_once(start: Starting) -> None:
    """Promoted in the office, and no longer asked."""
    counter = await start(staff=STAFF)
    await counter.key("OS")
    said = await counter.key("5000CO:x")
    assert said is not None and said.code == "RGT-02"
    await counter.key("CL")
    promoted = msgspec.structs.replace(KIM, role="supervisor", name="김영희 주임")
    employ(counter.store, Staff(people=[promoted, PARK]))

    await counter.till.load_goods()

    assert counter.till.view.clerk == "김영희 주임"
    done = await counter.key("5000CO:x")
    assert done is not None and not done.code


async def test_a_first_staff_list_asks_who_is_there(start: Starting) -> None:
    """A till that sold under its configuration's clerk: the sale stays, somebody signs on."""
    counter = await start()
    await counter.key("OS", MILK)
    employ(counter.store)

    await counter.till.load_goods()

    assert purpose(counter) is Purpose.SIGN_ON
    await counter.key("7PN:4711", "CA")
    assert actors(counter, SaleClosed.kind) == ["7"]


async def test_a_drawer_of_ones_own_is_nobody_elses(start: Starting) -> None:
    """Where the policy says so; a supervisor may, and after the Z anybody."""
    also = msgspec.structs.replace(KIM, number=8, name="정수빈", badge="")
    counter = await start(staff=Staff(people=[KIM, also, PARK]))
    put_policy(counter.store, Policy(drawer_shared=False))
    await counter.till.load_goods()
    await counter.key("OS", MILK, "CA")

    said = await counter.key("SI", "8PN:4711")
    assert said == notice("USR-14", "ko", name="김영희")
    await counter.key("3PN:8520")
    assert counter.till.view.clerk == "박민수"
    await counter.key("0CN", "CZ:x", "SI", "8PN:4711")
    assert counter.till.view.clerk == "정수빈"


async def test_x_and_z_say_who_sold_what(start: Starting) -> None:
    """Three people at one drawer; a voided sale counts for who voided it."""
    counter = await start(staff=STAFF)
    await counter.key("OS", MILK, "CA", f"2*{MILK}", "CA")
    await counter.key("SI", "3PN:8520", MILK, "CA", MILK, "VS:x")
    paper = counter.till.x_paper()
    assert paper is not None
    x = msgspec.msgpack.decode(paper.body, type=ShiftClosed)

    again = await start(staff=STAFF)
    await again.key("0CN", "CZ:x")

    z = again.facts()[-1]
    assert isinstance(z, ShiftClosed)
    assert z.by_clerk == x.by_clerk
    assert z.by_clerk == [
        ClerkTotals(person="3", name="박민수", sales=1, gross=2_980, voids=1),
        ClerkTotals(person="7", name="김영희", sales=2, gross=8_940),
    ]
    assert (z.sales, z.gross, z.voids) == (3, 11_920, 1), "the parts are the whole"


async def test_the_screen_speaks_the_language_of_who_is_signed_on(start: Starting) -> None:
    """Receipts go on speaking the store's."""
    english = msgspec.structs.replace(PARK, language="en", name="M.PARK")
    counter = await start(staff=Staff(people=[KIM, english]))
    await counter.key("OS", MILK)
    assert counter.till.view.language == "ko"

    said = await counter.key("SI", "3PN:8520")

    assert said == notice("handed_over", "en", before="김영희", name="M.PARK")
    view = counter.till.view
    assert (view.language, view.lines[0].name) == ("en", "Seoul Milk 1L")
    assert counter.till.register.setup.language == "ko"


async def test_a_command_without_a_screen_signs_on_and_off(start: Starting) -> None:
    counter = await start(staff=STAFF, sign_on="")

    refused = await answer(counter.till, Run(entries=["OS"]))
    assert (refused.done, refused.code) == (False, "USR-07")
    on = await answer(counter.till, Run(entries=["SI", "7PN:4711"]))
    assert on.done, on
    assert (await answer(counter.till, Run(entries=["OS"]))).done
    off = await answer(counter.till, Run(entries=["SO"]))

    assert off.done, off
    assert purpose(counter) is Purpose.SIGN_ON


async def test_a_takeover_stays_while_the_till_is_locked(start: Starting) -> None:
    """Money in doubt is in sight; whoever signs on goes on with it."""
    counter = await start(staff=STAFF)
    await counter.key("OS", MILK)
    doubt = notice("PUR-07", "ko")
    counter.till.tell(doubt)

    await counter.key("LK", "7PN:4712")

    assert counter.till.view.notice == doubt
    await counter.key("PN:4711")
    assert purpose(counter) is None


async def test_a_broken_store_stops_signing_on_too(start: Starting) -> None:
    """Nobody works who is not in the journal."""
    counter = await start(staff=STAFF, sign_on="")
    counter.store.database.rows("PRAGMA query_only = ON")
    said = await counter.key("7PN:4711")
    assert said is not None and said.code == "JNL-01"
    assert counter.till.view.stage is Stage.STOPPED

    counter.store.database.rows("PRAGMA query_only = OFF")
    await counter.key("7PN:4711")

    assert counter.till.view.clerk == "김영희"
    assert signed(counter) == [("on", "7", "")]


@pytest.mark.parametrize("minutes", [0, 5])
def test_an_idle_till_locks_itself_when_the_policy_says_so(tmp_path, minutes: int) -> None:
    """In virtual time: not a second before, and never while something is done."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = await start_till(tmp_path, clock, PassBy(), Bench(), staff=STAFF)
        put_policy(counter.store, Policy(lock_idle_minutes=minutes))
        await counter.till.load_goods()
        await counter.key("OS", MILK)
        for _ in range(3):
            await asyncio.sleep(299)
            assert purpose(counter) is None
            await counter.key(MILK)
        await asyncio.sleep(299)
        assert purpose(counter) is None
        await asyncio.sleep(2)
        if not minutes:
            assert purpose(counter) is None
        else:
            assert purpose(counter) is Purpose.UNLOCK
            assert counter.facts()[-1] == StaffSigned(
                act="lock", person="7", role="clerk", reason="idle", sale=1
            )
            before = len(counter.facts())
            await asyncio.sleep(3_600)
            assert len(counter.facts()) == before, "it is locked once"
            await counter.key("PN:4711")
            await asyncio.sleep(301)
            assert purpose(counter) is Purpose.UNLOCK
        await counter.till.stop()

    run(story)
