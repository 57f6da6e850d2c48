"""A trading day, played: the float, a hundred sales, the troubles of a day, the count, and the books.

Every step is real: goods are scanned by the virtual scanner over its pty, receipts come out of the
virtual printer's paper, the till's journal goes to the broker over HTTP. In the middle the paper runs
out, the broker is killed and comes back, and the till is killed with a basket open. Every fifth customer pays by
card where the till has its broker. At the end five accounts are laid side by side (what the customers paid,
the till's journal, the paper, the broker's ledger, the bank's books), and only if they agree to the won the
last line is `books balance`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251 - the day is drawn from its own seed
from typing import Any, Final

from protocols.money import KRW, Money
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.stage.counter import Counter
from sim.stage.shop import STORE, TERMINAL, Shop

SALES: Final = 100
FLOAT: Final = 200_000
PAPER_OUT_AT: Final = 30
PAPER_BACK_AT: Final = 36
BROKER_GONE_AT: Final = 50
BROKER_BACK_AT: Final = 65
TILL_KILLED_AT: Final = 80
CARD_EVERY: Final = 5
CARD: Final = "bank-credit"
CARD_WANTED: Final = "카드"
"""What the customer's display says when a card may be swiped."""
OVER_LIMIT: Final = "CRD-16"
SHOWN_SECONDS: Final = 20.0
BANK: Final = "hanbit"
QUIET_SECONDS: Final = 180.0
"""How long what waits may take: a whole day's paper at the speed of a printer, on a busy machine."""
PRINTER_PERCENT: Final = "300"
"""A brisk printer, 450 mm a second, so that a hundred receipts do not make the day a long one."""
_NOTES: Final = (50_000, 10_000, 5_000, 1_000)
_PIECES: Final = (50_000, 10_000, 5_000, 1_000, 500, 100, 50, 10)


_CUT: Final = re.compile(r"^[- ]+8<[- ]+$", re.MULTILINE)
"""How the virtual printer's paper shows a cut."""
_KEY: Final = re.compile(rf"{STORE}-{TERMINAL}-\d{{8}}-\d{{4}}-[a-z]+")
"""An attempt key, as every receipt shows it."""


class DayError(Exception):
    """The day did not go as it must; the message says what disagrees."""


@dataclass(slots=True)
class _Book:
    """What the players of the day know by themselves, apart from all programs."""

    sales: int = 0
    taken: int = 0
    """Minor units that stayed in the shop."""
    cards: int = 0
    """Sales of them that a bank has approved."""
    by_card: int = 0
    """Minor units of those."""
    receipts: int = 0
    """Sales whose key is on a piece of paper; a copy, marked as one, counts with its original."""


class Day:
    """Plays one day in a shop."""

    def __init__(
        self, folder: Path, *, clock: Clock, seed: int, sales: int, say: Callable[[str], None]
    ) -> None:
        self._shop = Shop(folder, clock=clock)
        self._clock = clock
        self._random = Random(seed)
        self._sales = sales
        self._say = say
        self._book = _Book()
        self._counter: Counter | None = None
        self._goods: list[str] = []
        self._before = ((0, 0), 0, 0, 0)

    def play(self) -> None:
        """Play it to the end. Raises: DayError, ChildError, BenchError."""
        try:
            self._say(
                "opening the shop: broker, banks, printer, drawer, display, scanner, stripe reader"
            )
            self._shop.open()
            self._goods = self._barcodes()
            self._before = self._broker_says()
            self._shop.do("printer", "speed", percent=PRINTER_PERCENT)
            self._open_till()
            self._till.enter(f"{FLOAT}OS")
            for number in range(1, self._sales + 1):
                self._trouble(number)
                self._sell(number)
                if number % 10 == 0:
                    self._say(f"{number} sales, {Money(self._book.taken, KRW).format()} won taken")
            self._settle_down()
            self._count()
            self._till.end()
            self._show_paper()
            self._balance()
        finally:
            if self._counter is not None and self._counter.process.poll() is None:
                self._counter.kill()
            self._shop.close()

    @property
    def _till(self) -> Counter:
        assert self._counter is not None, "the till is not open"
        return self._counter

    def _open_till(self) -> None:
        log = self._shop.places.root / "till.log"
        config = self._shop.places.till_config
        self._counter = Counter(config, log=log, clock=self._clock)
        self._till.until("devices", lambda view: _well(view, "printer") and _well(view, "scanner"))

    def _barcodes(self) -> list[str]:
        goods = Path(__file__).parents[2] / "pos" / "data" / "goods.csv"
        rows = goods.read_text("utf-8").splitlines()[1:]
        fields = [row.split(",") for row in rows]
        return [row[1].split()[0] for row in fields if row[1] and row[6] == "ea"]

    def _trouble(self, number: int) -> None:
        """What goes wrong before this sale."""
        scale = self._sales / SALES
        if number == int(PAPER_OUT_AT * scale):
            self._shop.do("printer", "paper_out")
            self._say("the printer is out of paper; selling goes on")
        elif number == int(PAPER_BACK_AT * scale):
            waiting = self._till.view["paper_waiting"]
            self._shop.do("printer", "load_paper")
            self._till.until(
                "waiting receipts", lambda view: not view["paper_waiting"], QUIET_SECONDS
            )
            self._say(f"paper is back; {waiting} receipts that waited have come out")
        elif number == int(BROKER_GONE_AT * scale):
            self._shop.kill_broker()
            self._say("the broker is gone (SIGKILL); selling goes on")
        elif number == int(BROKER_BACK_AT * scale):
            waiting = self._till.view["waiting"]
            self._shop.start_broker()
            self._say(f"the broker is back; {waiting} records wait for it")

    def _sell(self, number: int) -> None:
        basket = [self._random.choice(self._goods) for _ in range(self._random.randint(1, 6))]
        for index, code in enumerate(basket, 1):
            pieces = self._till.view["pieces"]
            self._shop.do("scanner", "scan", code=code)
            self._till.until(
                f"scan of {code}",
                lambda view, at=pieces: view["pieces"] > at,  # type: ignore[misc]
            )
            if number == int(TILL_KILLED_AT * self._sales / SALES) and index == len(basket):
                self._kill_till()
        due = self._till.view["due"]
        self._book.sales += 1
        self._book.taken += due
        if number % CARD_EVERY == 0 and self._till.view["link"] == "online" and self._swipe(due):
            return
        tendered = self._hand_over(due)
        answer = self._till.enter(f"{tendered}CA")
        view = answer["view"]
        if view["due"] or view["last_change"] != tendered - due:
            raise DayError(f"sale {number}: paid {tendered} for {due}, and the till says {answer}")

    def _swipe(self, due: int) -> bool:
        """Pay by a card's stripe, signed for; a card that has paid for many days is at its limit."""
        self._till.send("CD")
        self._until_shown(CARD_WANTED)
        self._shop.do("stripe_reader", "swipe", card=CARD)
        answer = self._till.answer("CD")
        if answer["notice"] is not None and answer["notice"]["code"] == OVER_LIMIT:
            return False
        if answer["view"]["lines"]:
            raise DayError(f"no card paid {due}, and the till says {answer}")
        self._book.cards += 1
        self._book.by_card += due
        return True

    def _until_shown(self, word: str) -> None:
        """Wait until the customer's display says so. Raises: DayError."""
        deadline_ns = self._clock.monotonic_ns() + int(SHOWN_SECONDS * NANOSECONDS_PER_SECOND)
        while word not in (shown := " ".join(map(str, self._shop.state("line_display").values()))):
            if self._clock.monotonic_ns() > deadline_ns:
                raise DayError(f"the customer's display shows no {word}, but {shown}")

    def _kill_till(self) -> None:
        before = self._till.view
        self._till.kill()
        self._open_till()
        after = self._till.until("the basket", lambda view: view["pieces"] == before["pieces"])
        if after["total"] != before["total"]:
            raise DayError(f"the basket was {before['total']} and is {after['total']}")
        self._say("the till was killed with a basket open (SIGKILL); not one scan is lost")

    def _hand_over(self, due: int) -> int:
        """Return what a customer puts down: exact, or rounded up to a note."""
        note = self._random.choice((10, *_NOTES))
        return -(-due // note) * note

    def _settle_down(self) -> None:
        """Wait until nothing is on its way any more."""
        self._till.until("receipts", lambda view: not view["paper_waiting"], QUIET_SECONDS)
        self._till.until("uploads", lambda view: not view["waiting"], QUIET_SECONDS)

    def _count(self) -> None:
        """Count the drawer blind, and close; what is expected is shown only after the count."""
        left = FLOAT + self._book.taken - self._book.by_card
        counted = []
        for piece in _PIECES:
            pieces, left = divmod(left, piece)
            counted.append(f"{piece}x{pieces}")
        view = self._till.enter(",".join(counted) + "CN")["view"]
        if view["expected"] != view["counted"]:
            raise DayError(f"counted {view['counted']}, expected {view['expected']}")
        self._till.enter("CZ")
        self._settle_down()
        self._say("the shift is counted and closed")

    def _show_paper(self) -> None:
        """Print three of the day's receipts and the Z, from the printer's paper."""
        papers = [text.strip("\n") for text in _CUT.split(self._shop.paper()) if text.strip()]
        z = papers.pop()
        self._book.receipts = len({key for text in papers for key in _KEY.findall(text)})
        for text in (papers[0], papers[len(papers) // 2], papers[-1], z):
            self._say("\n" + text)

    def _balance(self) -> None:
        """Lay the accounts side by side. Raises: DayError where they differ."""
        settled, safe, drawer, total = self._broker_says()
        before = self._before
        still_open = json.loads(self._shop.broker("inquire", "open", "--json"))
        ledger = json.loads(self._shop.broker("audit", "ledger", "--json"))
        chain = json.loads(self._shop.broker("audit", "chain", "--json"))
        verified = json.loads(self._shop.till("journal", "verify", "--json"))
        findings = sum(len(audit["findings"]) for audit in (*ledger, *chain))
        bank = json.loads(self._shop.broker("bank", "settle", BANK, "--json"))
        book = self._book
        cash = book.taken - book.by_card
        rows: list[tuple[str, Any, Any]] = [
            ("sales with a receipt on paper", book.receipts, book.sales),
            ("sales settled at the broker", settled[0] - before[0][0], book.sales),
            ("won settled at the broker", settled[1] - before[0][1], book.taken),
            ("payments still open", still_open["count"], 0),
            ("won in the safe after the Z, by the ledger", safe - before[1], cash),
            ("won left in the drawer, by the ledger", drawer, 0),
            ("payments of the day at the bank", bank["theirs"][2], book.cards),
            ("won of them at the bank", bank["theirs"][6], book.by_card),
            ("ledger: the sum of all accounts", total, 0),
            ("ledger and chains: findings of the audit", findings, 0),
            ("journal records at the broker", chain[0]["checked"], verified["records"]),
        ]
        self._say("")
        for name, found, expected in rows:
            self._say(f"  {name:<40} {found:>12,}   {'' if found == expected else expected}")
        wrong = [name for name, found, expected in rows if found != expected]
        if wrong:
            raise DayError(f"the books do not balance: {', '.join(wrong)}")
        self._say("books balance")

    def _broker_says(self) -> tuple[tuple[int, int], int, int, int]:
        """Return ((payments settled, their won), won in the safe, in drawers, over all accounts)."""
        settled = json.loads(self._shop.broker("inquire", "settled", "--json"))
        accounts = json.loads(self._shop.broker("accounts", "--json"))
        safe, drawer, everything = (
            sum(row["balance"] for row in accounts if row["account"].startswith(name))
            for name in ("safe/", "till/", "")
        )
        return (settled["count"], settled["totals"].get("KRW", 0)), safe, drawer, everything


def _well(view: dict[str, Any], role: str) -> bool:
    return view["devices"].get(role) in ("O", "!")
