"""SIGKILL to a real till at every named place: nothing lost, nothing doubled, the chain whole.

The till is `ips-pos script` on a folder, with a receipt printer, drawer and display on real ptys. It is
killed at a place, started again, and lets the same clerk go on; what was acknowledged before the kill
must be there, and at most the one step after it (environment.md 14: the durable, unacknowledged step
is the normal case). Paper is counted on the twin: one original at most, every other one marked.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from pos.host import HostClock
from pos.points import Point
from pos.store.store import FILE_NAME, Store
from pos.store.verify import Sound, verify
from protocols.facts import (
    AttemptClosed,
    CashMoved,
    DrawerOpened,
    Fact,
    ReceiptCopied,
    RefundClosed,
    SaleClosed,
    SaleHeld,
    SaleRecalled,
    SaleVoided,
    ShiftClosed,
    ShiftCounted,
    ShiftOpened,
    StaffSigned,
    TenderVoided,
    TerminalNoted,
    decode_fact,
)
from protocols.journal import Record, decode_record
from tests.support.staff import write_staff
from tests.support.till_forks import Run, TillForks

pytestmark = pytest.mark.system

GOODS = """\
sku,barcodes,name_ko,name_en,price,tax
milk,8801115114154,서울우유 1L,Seoul Milk 1L,2980,과세
ramen,8801043015929,신라면 5입,Shin Ramyun 5p,4100,과세
"""
MILK, RAMEN = "8801115114154", "8801043015929"


@dataclass
class Bench:
    """The virtual equipment as a process, on ptys."""

    folder: Path
    url: str = ""
    token: str = ""
    devices: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Bench":
        announced, announce = os.pipe()
        parent, self._leash = os.pipe()
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "sim.stage.cli", "up", "--preset", "counter",
                "--folder", str(self.folder),
                "--announce-fd", str(announce), "--parent-fd", str(parent),
            ],
            pass_fds=(announce, parent), start_new_session=True,
        )  # fmt: skip
        os.close(announce)
        os.close(parent)
        with os.fdopen(announced) as stream:
            told = json.loads(stream.readline())
        self.url, self.token, self.devices = told["url"], told["token"], told["devices"]
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._leash)
        self._process.wait(30)

    def paper(self) -> str:
        """Return everything that the printer has printed so far."""
        with httpx.Client(trust_env=False, timeout=10) as client:
            answer = client.get(
                f"{self.url}/devices/printer/paper",
                headers={"authorization": f"Bearer {self.token}", "accept": "text/plain"},
            )
        answer.raise_for_status()
        return answer.text


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("b") / "run") as running:
        yield running


@pytest.fixture(scope="module")
def forks(tmp_path_factory) -> Iterator[TillForks]:
    with TillForks(tmp_path_factory.mktemp("f")) as running:
        yield running


@dataclass
class Shop:
    """One folder with goods, under a store name that no other run has."""

    folder: Path
    store: str
    forks: TillForks

    def prepare(self, bench: Bench) -> "Shop":
        self.folder.mkdir()
        (self.folder / "goods.csv").write_text(GOODS, encoding="utf-8")
        self.config = self.folder / "pos.toml"
        self.config.write_text(
            f'folder = "till"\n[store]\nid = "{self.store}"\n[devices]\n'
            f'printer = "{bench.devices["printer"]}"\n'
            f'line_display = "{bench.devices["line_display"]}"\n'
        )
        assert self.run("catalogue", "import", str(self.folder / "goods.csv")).status == 0
        return self

    def key(self, *entries: str, fault: str = "") -> Run:
        script = self.folder / "entries"
        script.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
        return self.run("script", str(script), fault=fault)

    def records(self) -> list[Record]:
        with Store(self.folder / "till" / FILE_NAME, clock=HostClock()) as store:
            assert isinstance(verify(store), Sound)
            return [decode_record(data) for data in store.records(0)]

    def facts(self) -> list[Fact]:
        return [decode_fact(record.kind, record.body) for record in self.records()]

    def run(self, *arguments: str, fault: str = "") -> Run:
        return self.forks.run("--config", str(self.config), *arguments, fault=fault)


@dataclass(frozen=True)
class Case:
    """What is done when the till dies, what it leaves in the journal, how the clerk goes on."""

    action: tuple[str, ...]
    kind: type[Fact]
    finish: tuple[str, ...]
    """What completes the action when it is found undone."""
    before: tuple[str, ...] = ()
    lines: int = 0
    """In the basket at the end."""


SALE = Case((MILK, f"2*{RAMEN}", "20.CA"), SaleClosed, ("20.CA",), ("OS",))
CASES = {
    Point.BEFORE_OPEN_SHIFT: Case(("50.OS",), ShiftOpened, ("50.OS",)),
    Point.AFTER_OPEN_SHIFT: Case(("50.OS",), ShiftOpened, ("50.OS",)),
    Point.BEFORE_APPEND_ATTEMPT: Case((MILK, "1.CA"), SaleClosed, ("CA",), ("OS",)),
    Point.AFTER_APPEND_ATTEMPT: Case((MILK, "1.CA"), SaleClosed, ("CA",), ("OS",)),
    Point.BEFORE_APPEND_SALE: SALE,
    Point.AFTER_APPEND_SALE: SALE,
    Point.BEFORE_KICK_DRAWER: SALE,
    Point.AFTER_KICK_DRAWER: SALE,
    Point.BEFORE_PRINT: SALE,
    Point.AFTER_PRINT_SENT: SALE,
    Point.AFTER_PRINTED: SALE,
    Point.BEFORE_APPEND_VOID: Case((MILK, "VS:x"), SaleVoided, ("VS:x",), ("OS",)),
    Point.AFTER_APPEND_VOID: Case((MILK, "VS:x"), SaleVoided, ("VS:x",), ("OS",)),
    Point.BEFORE_APPEND_HOLD: Case((MILK, "HO"), SaleHeld, ("HO",), ("OS",)),
    Point.AFTER_APPEND_HOLD: Case((MILK, "HO"), SaleHeld, ("HO",), ("OS",)),
    Point.BEFORE_APPEND_RECALL: Case(
        ("RC", "1RC"), SaleRecalled, ("RC", "1RC"), ("OS", MILK, "HO"), 1
    ),
    Point.AFTER_APPEND_RECALL: Case(
        ("RC", "1RC"), SaleRecalled, ("RC", "1RC"), ("OS", MILK, "HO"), 1
    ),
    Point.BEFORE_MOVE_CASH: Case(("5.CI:x",), CashMoved, ("5.CI:x",), ("OS",)),
    Point.AFTER_MOVE_CASH: Case(("5.CI:x",), CashMoved, ("5.CI:x",), ("OS",)),
    Point.BEFORE_OPEN_DRAWER: Case(("NS:x",), DrawerOpened, ("NS:x",), ("OS",)),
    Point.AFTER_OPEN_DRAWER: Case(("NS:x",), DrawerOpened, ("NS:x",), ("OS",)),
    Point.BEFORE_APPEND_COPY: Case(("RP",), ReceiptCopied, ("RP",), ("OS", MILK, "CA")),
    Point.AFTER_APPEND_COPY: Case(("RP",), ReceiptCopied, ("RP",), ("OS", MILK, "CA")),
    Point.BEFORE_COUNT_SHIFT: Case(("0CN",), ShiftCounted, ("0CN",), ("OS",)),
    Point.AFTER_COUNT_SHIFT: Case(("0CN",), ShiftCounted, ("0CN",), ("OS",)),
    Point.BEFORE_CLOSE_SHIFT: Case(("CZ",), ShiftClosed, ("CZ",), ("OS", "0CN")),
    Point.AFTER_CLOSE_SHIFT: Case(("CZ",), ShiftClosed, ("CZ",), ("OS", "0CN")),
}
UNDONE = {
    Point.BEFORE_OPEN_SHIFT,
    Point.BEFORE_APPEND_ATTEMPT,
    Point.AFTER_APPEND_ATTEMPT,
    Point.BEFORE_APPEND_SALE,
    Point.BEFORE_APPEND_VOID,
    Point.BEFORE_APPEND_HOLD,
    Point.BEFORE_APPEND_RECALL,
    Point.BEFORE_MOVE_CASH,
    Point.BEFORE_OPEN_DRAWER,
    Point.BEFORE_APPEND_COPY,
    Point.BEFORE_COUNT_SHIFT,
    Point.BEFORE_CLOSE_SHIFT,
}
"""Where the action's own fact cannot be durable yet."""
SCANS = (Point.BEFORE_APPEND_BASKET, Point.AFTER_APPEND_BASKET)
X_REPORTS = (Point.BEFORE_APPEND_NOTE, Point.AFTER_APPEND_NOTE)
SIGNS = (Point.BEFORE_SIGN, Point.AFTER_SIGN)
UPLOADS = (Point.BEFORE_UPLOAD, Point.AFTER_UPLOAD_SENT, Point.AFTER_ACKNOWLEDGE)


def test_every_place_has_its_kill() -> None:
    assert {*CASES, *SCANS, *X_REPORTS, *SIGNS, *UPLOADS} == set(Point)


def papers(bench: Bench, shop: Shop) -> tuple[int, int]:
    """Return how many whole receipts of the shop's sale came out: (originals, copies)."""
    slips = [slip for slip in bench.paper().split("8<") if f"[QR {shop.store}-01-" in slip]
    copies = sum("재발행" in slip for slip in slips)
    return len(slips) - copies, copies


@pytest.mark.parametrize("point", CASES, ids=lambda point: point.value)
def test_a_kill_loses_and_doubles_nothing(
    bench: Bench, forks: TillForks, tmp_path: Path, point: Point
) -> None:
    """I9, T1: killed at this place, started again, the action has happened exactly once."""
    case = CASES[point]
    shop = Shop(tmp_path / "s", f"K{list(CASES).index(point):03d}", forks).prepare(bench)
    if case.before:
        assert shop.key(*case.before).status == 0

    killed = shop.key(*case.action, fault=point.value)
    assert killed.status == -9, killed.complaint

    done = [fact for fact in shop.facts() if isinstance(fact, case.kind)]
    assert len(done) == (0 if point in UNDONE else 1)
    again = shop.key(*(() if done else case.finish), "CL")
    assert again.status == 0, again
    assert again.lines[-1]["view"]["lines"] == case.lines

    facts = shop.facts()
    assert sum(isinstance(fact, case.kind) for fact in facts) == 1
    assert sum(isinstance(f, TerminalNoted) and f.note == "restart" for f in facts) == 1
    assert shop.key("CL").lines[-1]["view"]["paper_waiting"] == 0
    if case.kind is SaleClosed:
        _one_sale(facts)
        originals, copies = papers(bench, shop)
        assert originals <= 1
        assert originals + copies >= 1


CORRECTIONS = {
    "a payment voided": (
        Case((MILK, "1.CA", "VT"), TenderVoided, ("VT",), ("OS",), 1),
        (Point.BEFORE_APPEND_VOID, Point.AFTER_APPEND_VOID),
    ),
    "a closed sale voided": (
        Case(("VF",), RefundClosed, ("GB",), ("OS", MILK, "CA")),
        (Point.BEFORE_APPEND_SALE, Point.AFTER_APPEND_SALE, Point.BEFORE_KICK_DRAWER),
    ),
}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_a_kill_in_a_correction_gives_back_once(
    bench: Bench, forks: TillForks, tmp_path: Path, name: str
) -> None:
    """I9: what was half done is gone on with, what was done stays done; the drawer's sum is right."""
    case, points = CORRECTIONS[name]
    for number, point in enumerate(points):
        store = f"C{list(CORRECTIONS).index(name)}{number}"
        shop = Shop(tmp_path / point.value, store, forks).prepare(bench)
        assert shop.key(*case.before).status == 0
        killed = shop.key(*case.action, fault=point.value)
        assert killed.status == -9, killed.complaint
        done = [fact for fact in shop.facts() if isinstance(fact, case.kind)]
        assert len(done) == (0 if point.value.startswith("before_append") else 1)
        again = shop.key(*(() if done else case.finish), "CL")
        assert again.lines[-1]["view"]["lines"] == case.lines
        assert sum(isinstance(fact, case.kind) for fact in shop.facts()) == 1
        shop.key("VS", "0CN", "CZ:x")
        [z] = [fact for fact in shop.facts() if isinstance(fact, ShiftClosed)]
        assert z.expected == 0


def staffed(shop: Shop) -> Shop:
    """Give a shop its people; clerk 7 is signed on and the shift is open."""
    assert shop.run("staff", "import", str(write_staff(shop.folder / "staff.json"))).status == 0
    assert shop.key("7PN:4711", "OS").status == 0
    return shop


def untold(*runs: Run) -> bool:
    """Tell whether no PIN stands in what was printed."""
    told = "".join(json.dumps(run.lines) + run.complaint for run in runs)
    return not any(pin in told for pin in ("4711", "8520"))


@pytest.mark.parametrize("point", [Point.BEFORE_MOVE_CASH, Point.AFTER_MOVE_CASH])
def test_a_kill_under_an_approval_leaves_nothing_or_both_people(
    bench: Bench, forks: TillForks, tmp_path: Path, point: Point
) -> None:
    """4a: what waits for an approval is in memory alone; what was done names who did and who allowed it."""
    shop = staffed(Shop(tmp_path / "s", f"A{point.value[0]}", forks).prepare(bench))

    killed = shop.key("5.CI:x", "3PN:8520", fault=point.value)

    assert killed.status == -9
    done = point is Point.AFTER_MOVE_CASH
    moved = [(r.actor, r.approver) for r in shop.records() if r.kind == CashMoved.kind]
    assert moved == ([("7", "3")] if done else [])
    stale = shop.key("3PN:8520")
    assert stale.lines[-1]["notice"]["code"] == "RGT-05", "nothing waits any more"
    assert stale.lines[-1]["entry"] == "3PN:***"
    assert untold(killed, stale)


@pytest.mark.parametrize("entries", [("LK",), ("SI", "3PN:8520"), ("SO",)], ids=" ".join)
@pytest.mark.parametrize("point", SIGNS, ids=lambda point: point.value)
def test_a_kill_while_signing_leaves_who_was_there_or_who_came(
    bench: Bench, forks: TillForks, tmp_path: Path, point: Point, entries: tuple[str, ...]
) -> None:
    """Who is signed on, and whether the till is locked, is what the journal says: nothing between."""
    name = f"P{point.value[0]}{entries[0]}"
    shop = staffed(Shop(tmp_path / "s", name, forks).prepare(bench))
    before = len(shop.facts())

    killed = shop.key(*entries, fault=point.value)
    assert killed.status == -9 and untold(killed)

    again = shop.key(MILK)
    done = point is Point.AFTER_SIGN
    signed = [fact for fact in shop.facts()[before:] if isinstance(fact, StaffSigned)]
    assert len(signed) == done
    shut_out = done and entries[0] != "SI"
    assert again.lines[-1]["view"]["lines"] == (0 if shut_out else 1)
    assert (again.lines[-1]["notice"] or {}).get("code", "") == ("USR-08" if shut_out else "")
    if not shut_out:
        assert shop.key("CA").status == 0
        *_, sale = (record for record in shop.records() if record.kind == SaleClosed.kind)
        assert sale.actor == ("3" if done else "7")


def _one_sale(facts: list[Fact]) -> None:
    [sale] = [fact for fact in facts if isinstance(fact, SaleClosed)]
    attempts = [fact for fact in facts if isinstance(fact, AttemptClosed)]
    assert sum(tender.amount for tender in sale.tenders) == sale.total
    assert sum(attempt.amount for attempt in attempts) == sale.total
    assert len({tender.attempt for tender in sale.tenders}) == len(sale.tenders)


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("point", SCANS, ids=lambda point: point.value)
def test_a_kill_loses_no_scan(
    bench: Bench, forks: TillForks, tmp_path: Path, point: Point, nth: int
) -> None:
    """Every scan that was acknowledged is in the basket; at most the one after it, too."""
    place = nth + 10 * SCANS.index(point)
    shop = Shop(tmp_path / "s", f"S{place:03d}", forks).prepare(bench)
    assert shop.key("OS").status == 0

    killed = shop.key(MILK, MILK, RAMEN, "CA", fault=f"{point.value}:{nth}")
    assert killed.status == -9
    acknowledged = sum("entry" in line for line in killed.lines)
    again = shop.key("CL")

    pieces = again.lines[-1]["view"]["pieces"]
    assert acknowledged == nth - 1
    assert pieces == (acknowledged if point is Point.BEFORE_APPEND_BASKET else acknowledged + 1)


@pytest.mark.parametrize("point", X_REPORTS, ids=lambda point: point.value)
def test_a_kill_at_an_x_changes_no_figure(
    bench: Bench, forks: TillForks, tmp_path: Path, point: Point
) -> None:
    shop = Shop(tmp_path / "s", f"X{X_REPORTS.index(point)}", forks).prepare(bench)
    assert shop.key("OS", MILK, "CA").status == 0

    assert shop.key("XR", fault=point.value).status == -9
    assert shop.key("0CN", "CZ:x").status == 0

    [z] = [fact for fact in shop.facts() if isinstance(fact, ShiftClosed)]
    assert (z.gross, z.expected, z.z) == (2_980, 2_980, 1)


def test_a_till_killed_at_every_step_of_a_day_still_balances(
    bench: Bench, forks: TillForks, tmp_path: Path
) -> None:
    """One folder, killed again and again at the places of a sale; the day's sum is what was sold."""
    shop = Shop(tmp_path / "s", "DAY", forks).prepare(bench)
    assert shop.key("50.OS").status == 0
    places = (*SCANS, *(place for place, case in CASES.items() if case is SALE))
    for number, point in enumerate(places, 1):
        shop.key(MILK, "10.CA", fault=point.value)
        line = shop.key("CL").lines[-1]
        sold = sum(isinstance(fact, SaleClosed) for fact in shop.facts())
        assert sold + (line["view"]["lines"] > 0) <= number
        if line["view"]["lines"]:
            assert shop.key("10.CA").status == 0

    facts = shop.facts()
    sales = [fact for fact in facts if isinstance(fact, SaleClosed)]
    assert [sale.sale for sale in sales] == list(range(1, len(sales) + 1))
    assert shop.key(f"{50_000 + sum(sale.total for sale in sales)}x1CN", "CZ").status == 0
    keys = re.findall(r"거래키 +(\S+)", bench.paper())
    assert {key for key in keys if key.startswith("DAY-")} == {
        tender.attempt for sale in sales for tender in sale.tenders
    }


@pytest.mark.parametrize(
    "point",
    [Point.AFTER_APPEND_SALE, Point.BEFORE_PRINT, Point.AFTER_PRINT_SENT, Point.AFTER_PRINTED],
    ids=lambda point: point.value,
)
def test_a_kill_keeps_the_link_of_an_e_receipt(
    bench: Bench, forks: TillForks, tmp_path: Path, point: Point
) -> None:
    """4e: whatever came out before the kill and whatever comes after it name one and the same page."""
    name = f"L{list(CASES).index(point):03d}"
    shop = Shop(tmp_path / "s", name, forks).prepare(bench)
    policy = shop.folder / "policy.toml"
    policy.write_text('receipt_link = "https://receipts.example.kr"')
    assert shop.run("policy", "import", str(policy)).status == 0

    assert shop.key("OS", MILK, "CA", fault=point.value).status == -9
    assert shop.key("1RP").status == 0

    [token] = [fact.link for fact in shop.facts() if isinstance(fact, SaleClosed)]
    slips = [slip for slip in bench.paper().split("8<") if f"[QR {name}-01-" in slip]
    links = [re.findall(r"/r/([\w-]+)\]", re.sub(r"\s", "", slip)) for slip in slips]
    assert links and all(each == [token] for each in links)
