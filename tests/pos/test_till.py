"""The till through its one door: commands in, views and durable facts out."""

import asyncio

import pytest

from pos.catalogue_file import import_catalogue
from pos.entry import parse_entry
from pos.equipment import Came, Kick
from pos.rights import Role
from pos.store.errors import StoreError
from pos.store.verify import Sound, verify
from pos.till import COMMANDS_WAITING_MAX
from pos.view import DeviceView, Lamp, Stage
from protocols.facts import (
    AttemptClosed,
    ReceiptCopied,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    TerminalNoted,
)
from tests.support.counter_till import Bench, Starting


async def test_a_cash_sale_from_scan_to_paper(start: Starting) -> None:
    """T1: goods, cash, change, and the receipt at the same moment."""
    counter = await start()
    await counter.key("50.OS", "8801115114154", "2*8801043015929")
    assert counter.till.view.total == 11_180
    assert [row.quantity for row in counter.till.view.lines] == ["1", "2"]

    notice = await counter.key("20.CA")
    await counter.settle()

    assert notice is not None
    assert "8,820" in notice.banner
    view = counter.till.view
    assert (view.stage, view.lines, view.last_change) == (Stage.ENTRY, (), 8_820)
    *_, attempt, sale = counter.facts()
    assert isinstance(attempt, AttemptClosed)
    assert isinstance(sale, SaleClosed)
    assert (sale.sale, sale.total, sale.net, sale.vat) == (1, 11_180, 10_164, 1_016)
    [tender] = sale.tenders
    assert tender.attempt == "S1-01-20260417-0001-a"
    assert (tender.amount, tender.tendered, tender.change) == (11_180, 20_000, 8_820)
    assert counter.bench.printed == [b"sale 1 copy 0"]
    assert view.paper_waiting == 0


async def test_done_is_shown_only_after_the_sale_is_durable_and_before_the_drawer(
    start: Starting, places
) -> None:
    """Law 2: durable, then "done", then drawer, display, paper; in this order."""
    counter = await start()
    await counter.key("OS", "8801115114154")
    order: list[str] = []

    def look(view) -> None:
        if view.notice is not None and "완료" in view.notice.banner and "done" not in order:
            assert isinstance(counter.facts()[-1], SaleClosed)
            order.extend(["done", *counter.bench.told[-1:]])

    counter.bench.told.clear()
    counter.till.watch(look)
    await counter.key("CA")
    await counter.settle()

    assert order == ["done"]
    assert [told for told in counter.bench.told if "|" not in told] == ["kick", "print"]
    sale = places.reached.index("after_append_sale")
    assert sale < places.reached.index("before_kick_drawer") < places.reached.index("before_print")


async def test_a_stuck_drawer_and_a_dead_printer_stop_no_sale(start: Starting) -> None:
    bench = Bench(kicked=Kick.STUCK, came=[Came.NOT_OUT])
    counter = await start(bench)

    await counter.key("OS", "8801115114154", "CA")
    await counter.settle()

    assert counter.till.view.notice is not None
    assert counter.till.view.notice.code == "DRW-02"
    assert counter.till.view.paper_waiting == 1
    assert isinstance(counter.facts()[-1], SaleClosed)


async def test_a_waiting_paper_comes_out_when_the_printer_is_well_again(start: Starting) -> None:
    counter = await start(Bench(came=[Came.NOT_OUT]))
    await counter.key("OS", "8801115114154", "CA")
    await counter.settle()
    assert counter.bench.printed == []

    counter.till.set_device(DeviceView("printer", "P", "tcp://x", Lamp.OK, ""))
    await counter.settle()

    assert counter.bench.printed == [b"sale 1 copy 0"]
    assert counter.till.view.paper_waiting == 0


async def test_a_paper_that_nobody_knows_of_is_left_to_the_clerk(start: Starting) -> None:
    counter = await start(Bench(came=[Came.UNSURE]))
    await counter.key("OS", "8801115114154", "CA")
    await counter.settle()

    assert counter.till.view.notice is not None
    assert counter.till.view.notice.code == "PRN-06"
    await counter.key("RP")
    await counter.settle()
    assert counter.bench.printed == [b"sale 1 copy 1"]
    assert isinstance(counter.facts()[-1], ReceiptCopied)


async def test_a_copy_stands_in_the_journal_before_it_is_printed(start: Starting) -> None:
    """Who asked for a reprint is known even where its paper never comes out."""
    counter = await start(Bench(came=[Came.OUT, Came.NOT_OUT]))
    await counter.key("OS", "8801115114154", "CA")
    await counter.settle()

    await counter.key("RP")

    assert counter.facts()[-1] == ReceiptCopied(sale=1, copy=1)
    assert counter.till.view.paper_waiting == 1
    kept = counter.store.papers.of_sale("20260417", 1)
    assert kept is not None and kept.sequence == 3, "the copy shows the sale's own record"


async def test_an_unknown_barcode_is_told_and_nothing_else_changes(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8801115114154")

    scanned = await counter.key("8800000000008")
    mistyped = await counter.key("8800000000001")
    keyed = await counter.key("77")

    assert scanned is not None and scanned.code == "SCN-01"
    assert mistyped is not None and mistyped.code == "SCN-03"
    assert keyed is not None and keyed.code == "ENT-03"
    assert counter.till.view.total == 2_980


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        (["8801115114154"], "SHF-01"),
        (["OS", "OS"], "SHF-02"),
        (["OS", "CA"], "PAY-01"),
        (["OS", "+"], "PAY-01"),
        (["OS", "8801115114154", "0CA"], "PAY-06"),
        (["OS", "8801115114154", "8801043015929CA"], "PAY-03"),
        (["OS", "8801115114154", "CD"], "CRD-55"),
        (["OS", "8801115114154", "+9"], "PAY-07"),
        (["OS", "8801115114154", "0CN"], "SHF-03"),
        (["OS", "8801115114154", "CZ"], "SHF-03"),
        (["OS", "CZ"], "SHF-04"),
        (["OS", "0CN", "8801115114154"], "SHF-06"),
        (["OS", "1000x1CN", "CZ"], "SHF-05"),
        (["OS", "NS"], "ENT-12"),
        (["OS", "5000CO"], "ENT-12"),
        (["OS", "VD"], "ENT-08"),
        (["OS", "-"], "ENT-07"),
        (["OS", "2QT"], "ENT-07"),
        (["OS", "VS"], "ENT-08"),
        (["OS", "?없는것"], "FND-01"),
        (["OS", "#1"], "ENT-10"),
        (["OS", "RP"], "RPT-01"),
        (["OS", "9RP"], "RPT-02"),
        (["XR"], "SHF-01"),
    ],
)
async def test_what_cannot_be_is_told_by_code(
    start: Starting, entries: list[str], code: str
) -> None:
    counter = await start()

    notice = await counter.key(*entries)

    assert notice is not None
    assert notice.code == code


async def test_a_sale_in_two_payments_and_one_transaction(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8809000000018")

    part = await counter.key("10.CA")
    assert part is not None
    assert counter.till.view.due == 25_000
    await counter.key("30.CA")

    *_, first, second, sale = counter.facts()
    assert isinstance(sale, SaleClosed)
    assert [(t.attempt[-1], t.amount, t.change) for t in sale.tenders] == [
        ("a", 10_000, 0),
        ("b", 25_000, 5_000),
    ]
    assert isinstance(first, AttemptClosed) and isinstance(second, AttemptClosed)
    assert (sale.exempt, sale.net) == (35_000, 0)


async def test_a_part_payment_is_still_there_after_a_sudden_end(start: Starting, tmp_path) -> None:
    counter = await start()
    await counter.key("OS", "8809000000018", "10.CA")

    again = await start()

    assert (again.till.view.due, again.till.view.tendered) == (25_000, 10_000)
    await again.key("25.CA")
    assert isinstance(again.facts()[-1], SaleClosed)


async def test_a_voided_sale_gives_cash_back_and_stays_in_the_journal(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8809000000018", "10.CA")
    counter.bench.told.clear()

    await counter.key("VS:돈이 모자람")
    await counter.settle()

    *_, returned, voided = counter.facts()
    assert isinstance(returned, AttemptClosed)
    assert (returned.outcome, returned.code) == ("declined", "returned")
    assert isinstance(voided, SaleVoided)
    assert (voided.reason, voided.total) == ("돈이 모자람", 35_000)
    assert "kick" in counter.bench.told
    await counter.key("8801115114154", "CA")
    sale = counter.facts()[-1]
    assert isinstance(sale, SaleClosed)
    assert sale.sale == 2


async def test_more_than_can_be_chosen_is_said_and_not_picked_unseen(start: Starting) -> None:
    """Nine have a digit: the tenth cannot be picked by its number, and the clerk is told to write more."""
    names = "".join(f"n{number},,라면 {number},Ramen {number},1000,taxed\n" for number in range(12))
    goods = f"sku,barcodes,name_ko,name_en,price,tax\n{names}".encode()
    counter = await start()
    import_catalogue(counter.store.database, goods, date="20260417", now_ns=1)
    await counter.till.load_goods()
    await counter.key("OS")
    said = await counter.key("?라면")
    assert said is not None and "9" in said.banner and "F6" in said.banner
    assert len(counter.till.view.found) == 9
    said = await counter.key("#10")
    assert said is not None and said.code == "ENT-10"


async def test_lines_are_voided_found_and_picked(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8801115114154", "8801043015929", "VD")
    assert [row.voided for row in counter.till.view.lines] == [False, True]

    await counter.key("?ㅅㄹㅁ")
    assert [found.name for found in counter.till.view.found] == ["신라면 5입"]
    await counter.key("#1")

    assert counter.till.view.total == 2_980 + 4_100
    assert counter.till.view.stage is Stage.ENTRY


async def test_subtotal_offers_quick_cash(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8801115114154", "3*8801043015929", "+")
    view = counter.till.view
    assert (view.stage, view.quick_cash) == (Stage.SUBTOTAL, (15_280, 16_000, 20_000, 50_000))

    await counter.key("+3")

    assert counter.till.view.last_change == 4_720


async def test_a_day_from_float_to_z(start: Starting) -> None:
    counter = await start()
    await counter.key("50.OS", "8801115114154", "CA", "5000CO:퀵", "100.CI:잔돈")
    assert counter.till.view.expected is None

    await counter.key("50000x2,10000x4,5000x1,1000x2CN")
    view = counter.till.view
    assert (view.stage, view.expected, view.counted) == (Stage.COUNTED, 147_980, 147_000)
    notice = await counter.key("CZ:거스름 실수")
    await counter.settle()

    z = counter.facts()[-1]
    assert isinstance(z, ShiftClosed)
    assert (z.z, z.over_short, z.cash_in, z.cash_out, z.unsent) == (1, -980, 100_000, 5_000, 6)
    assert notice is not None
    assert counter.till.view.stage is Stage.CLOSED
    assert counter.bench.printed[-1] == b"z 0 copy 0"
    await counter.key("OS", "8801115114154", "CA")
    sale = counter.facts()[-1]
    assert isinstance(sale, SaleClosed)
    assert (sale.shift, sale.sale) == (2, 2)


async def test_the_business_date_holds_past_midnight(start: Starting, clock) -> None:
    counter = await start()
    await counter.key("OS")
    clock.advance(24 * 3600)

    await counter.key("8801115114154", "CA")

    sale = counter.facts()[-1]
    assert isinstance(sale, SaleClosed)
    assert sale.tenders[0].attempt == "S1-01-20260417-0001-a"


async def test_a_clerk_without_the_right_is_told_which(start: Starting) -> None:
    counter = await start(role=Role.CLERK)
    await counter.key("OS")

    notice = await counter.key("5000CO:퀵")

    assert notice is not None
    assert notice.code == "RGT-01"
    assert "입금/출금" in notice.banner


async def test_a_till_without_printer_keeps_its_receipts(start: Starting) -> None:
    counter = await start(printer=False)

    await counter.key("OS", "8801115114154", "CA")

    assert counter.till.view.paper_waiting == 0
    notice = await counter.key("RP")
    assert notice is not None
    assert notice.code == "PRN-08"
    assert counter.store.papers.of_sale("20260417", 1) is not None


async def test_a_till_without_catalogue_says_so(start: Starting) -> None:
    counter = await start(goods=False)

    notice = await counter.key("OS", "8801115114154")

    assert notice is not None
    assert notice.code == "CAT-01"


async def test_a_sudden_end_loses_no_scan_and_is_journalled(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8801115114154", "3*8801043015929", "VD")

    again = await start()

    assert again.till.view.lines == counter.till.view.lines
    assert again.till.view.notice is not None
    assert again.till.view.notice.code == "JNL-02"
    note = again.facts()[-1]
    assert isinstance(note, TerminalNoted)
    assert note.detail["basket_events"] == "4"
    assert isinstance(verify(again.store), Sound)


async def test_a_paper_that_was_being_sent_comes_out_as_a_copy(start: Starting) -> None:
    """Two originals of one sale never exist: what may have come out comes out marked."""
    counter = await start(Bench(came=[Came.NOT_OUT]))
    await counter.key("OS", "8801115114154", "CA")
    await counter.settle()
    counter.store.database.execute("UPDATE paper SET state = 'sending'")

    again = await start()
    await again.settle()

    assert again.bench.printed == [b"sale 1 copy 1"]
    assert ReceiptCopied(sale=1, copy=1, reason="restart") in again.facts()


async def test_an_orderly_end_leaves_nothing_to_recover(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8801115114154", "CA")
    await counter.settle()
    await counter.till.stop()

    again = await start()

    assert again.till.view.notice is None


async def test_selling_stops_when_the_journal_cannot_be_written_and_goes_on_after(
    start: Starting,
) -> None:
    """JNL-01: nothing is sold that is not stored; once the disk is well, nothing was lost."""
    counter = await start()
    await counter.key("OS", "8801115114154")
    counter.store.database.rows("PRAGMA query_only = ON")

    for entry in ("8801043015929", "CA", "CL"):
        notice = await counter.key(entry)
        assert notice is not None
        assert notice.code == "JNL-01"
        assert counter.till.view.stage is Stage.STOPPED
        assert counter.till.view.total == 2_980

    counter.store.database.rows("PRAGMA query_only = OFF")
    await counter.key("8801043015929", "CA")
    sale = counter.facts()[-1]
    assert isinstance(sale, SaleClosed)
    assert sale.total == 7_080
    assert isinstance(verify(counter.store), Sound)


async def test_a_forged_journal_stops_the_till_at_its_next_start(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8801115114154", "CA")
    counter.store.database.execute("DROP TRIGGER record_is_never_changed")
    counter.store.database.execute("UPDATE record SET hash = zeroblob(32) WHERE sequence = 2")

    with pytest.raises(StoreError, match="record 2 is not what was written"):
        await start()


async def test_a_burst_of_scans_is_taken_to_the_last_one(start: Starting) -> None:
    """Nothing is debounced, nothing is dropped; beyond the limit the sender is told."""
    counter = await start()
    await counter.key("OS")
    scan = parse_entry("8801115114154")

    notices = await asyncio.gather(
        *(counter.till.execute(scan) for _ in range(COMMANDS_WAITING_MAX + 1))
    )

    assert counter.till.view.pieces == COMMANDS_WAITING_MAX
    assert [notice.code for notice in notices if notice] == ["SCN-08"]


async def test_a_restarted_till_still_tells_how_the_last_sale_ended(start: Starting) -> None:
    """JNL-02 has the clerk compare it with the receipt, and the change may still have to be counted out."""
    counter = await start()
    await counter.key("50.OS", "8801115114154", "10.CA", "8801043015929", "10.CA")
    counter.store.close()

    again = await start()

    view = again.till.view
    assert view.notice is not None and view.notice.code == "JNL-02"
    assert (view.last_sale, view.last_change, view.last_balance) == ("0417-0002 현금", 5_900, None)


async def test_a_new_shift_knows_no_last_sale_after_a_restart(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", "8801115114154", "CA", "2980x1CN", "CZ")
    assert counter.till.view.stage is Stage.CLOSED
    counter.store.close()

    assert (await start()).till.view.last_sale == ""
