"""The till's state as one frozen snapshot for any skin, and as two lines for the customer.

Rows of lines that did not change are the same objects as in the view before, so a skin tells at a
glance which rows to draw, and a basket of 999 lines costs no more to show than its last scan.
"""

from collections.abc import Sequence
from datetime import datetime

from pos.doubted import shown as shown_doubt
from pos.e_receipts import on_paper
from pos.member_points import spent
from pos.messages import DISPLAY_CELLS, cells, clip
from pos.quick_cash import quick_cash
from pos.register import Register
from pos.returns import part_of
from pos.sale import lines_of, shown
from pos.sale_events import ChangeBegun
from pos.sale_state import SaleLine
from pos.store.held import HeldBasket
from pos.view import (
    AskingView,
    DeviceView,
    FoundView,
    HeldView,
    LineView,
    MemberView,
    Notice,
    QueueView,
    ReturnView,
    Stage,
    TillView,
)
from protocols.catalogue import Item
from protocols.money import Currency, Money
from protocols.points import earned
from protocols.ports import NANOSECONDS_PER_SECOND


class Viewer:
    """Makes the view; remembers only the rows that it made last."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[SaleLine, tuple[LineView, ...]]] = {}
        self._language = ""

    def view(
        self,
        register: Register,
        *,
        notice: Notice | None,
        asking: AskingView | None,
        page: str,
        devices: Sequence[DeviceView],
        queue: QueueView,
    ) -> TillView:
        """Return the till as it is now."""
        assert page in ("sale", "menu", "queue", "devices", "help", "link")
        sale, setup = register.sale, register.setup
        totals = sale.totals()
        lines, selected = self._lines(register)
        counted = register.shift.counted
        subtotal = register.stage is Stage.SUBTOTAL
        return TillView(
            lane=register.terminal,
            clerk=register.clerk.name,
            store=setup.store_name,
            language=register.language,
            currency=setup.currency,
            sale=register.sale_name(sale.number or register.next_sale)
            if register.business_date
            else "",
            stage=register.stage,
            page=page,  # type: ignore[arg-type]  # asserted above
            link=register.shown_link,
            paper=on_paper(register, sale),
            linked=register.linked,
            lines=lines,
            selected=selected,
            pieces=sale.pieces,
            total=totals.total if sale.changing is None else sale.changing.tender.amount,
            discount=totals.discount,
            net=totals.net,
            vat=totals.vat,
            exempt=totals.exempt,
            tendered=sum(held.tendered or held.amount for held in sale.tenders),
            due=sale.due,
            change=sum(held.change for held in sale.tenders),
            tenders=register.verbs,
            quick_cash=quick_cash(sale.due, setup.currency) if subtotal else (),
            card_slots=register.cards.configured,
            paid=tuple((register.method(held.method), held.amount) for held in sale.tenders),
            split=min(register.split, sale.due),
            found=tuple(
                _found(choice, item, register) for choice, item in enumerate(register.found, 1)
            ),
            returning=_returning(register),
            returning_of="" if sale.returning is None else sale.returning.original,
            returned=sale.returned,
            correcting="change" if sale.changing else "void" if sale.voiding else "",
            returned_at=register.returned_at,
            held=tuple(
                _held(choice, basket, register) for choice, basket in enumerate(register.held, 1)
            ),
            member=_member(register),
            members=tuple(
                MemberView(each.shown, each.points, stopped=each.stopped)
                for each in register.members
            ),
            quick=_quick(register),
            last_sale=_last(register),
            last_change=0 if register.last is None else register.last.change,
            last_balance=None if register.last is None else register.last.balance,
            payment=register.payment,
            doubt=shown_doubt(register),
            notice=notice,
            training=setup.training,
            switching=register.switching,
            staffed=bool(register.staff.people),
            asking=asking,
            devices=tuple(devices),
            queue=queue,
            paper_waiting=register.papers_waiting,
            expected=None if counted is None else register.shift.expected,
            counted=counted,
        )

    def _lines(self, register: Register) -> tuple[tuple[LineView, ...], int]:
        rows: list[LineView] = []
        kept: dict[int, tuple[SaleLine, tuple[LineView, ...]]] = {}
        selected = -1
        if register.language != self._language:
            self._language, self._rows = register.language, {}
        for at, line in enumerate(register.sale.lines):
            before = self._rows.get(at)
            if before is not None and before[0] is line:
                kept[at] = before
            else:
                kept[at] = (line, _rows(at + 1, line, register))
            if at == register.selected:
                selected = len(rows)
            rows.extend(kept[at][1])
        self._rows = kept
        if register.sale.reductions:
            rows.extend(_reductions(register))
        if register.sale.returned:
            rows.extend(_returned(register))
        if register.sale.changing is not None:
            rows.extend(_changing(register, register.sale.changing))
        return tuple(rows), selected


def display_lines(name: str, amount: int, register: Register) -> tuple[str, str]:
    """Return what the customer sees after a scan: the item with its price, the total."""
    currency = register.setup.currency
    label = "합계" if register.setup.language == "ko" else "TOTAL"
    return (
        _spread(name, Money(amount, currency).format()),
        _spread(label, Money(register.sale.due, currency).format()),
    )


def _spread(left: str, right: str) -> str:
    """Return both texts on one line of the display, the right one at its end."""
    left = clip(left, DISPLAY_CELLS - cells(right) - 1)
    return left + " " * (DISPLAY_CELLS - cells(left) - cells(right)) + right


def _rows(number: int, line: SaleLine, register: Register) -> tuple[LineView, ...]:
    currency, korean = register.setup.currency, register.language == "ko"
    row = LineView(
        number=number,
        name=line.goods.name_ko if korean else line.goods.name_en,
        quantity=shown(line.quantity),
        price=Money(line.unit_price, currency).format(),
        amount=Money(line.gross, currency).format(),
        exempt=line.goods.tax == "exempt",
        voided=line.voided,
    )
    if not line.discount or line.voided:
        return (row,)
    return row, _discount(line, currency, "할인" if korean else "Disc")


def _discount(line: SaleLine, currency: Currency, word: str) -> LineView:
    return LineView(
        number=0,
        name=f"{word} {line.percent}%" if line.percent else word,
        quantity="",
        price="",
        amount=Money(-line.discount, currency).format(),
    )


def _reductions(register: Register) -> list[LineView]:
    """Return what comes off the whole sale, under its lines."""
    currency, korean = register.setup.currency, register.setup.language == "ko"
    rows = []
    taken = register.sale.taken_off()
    for reduction, amount in zip(register.sale.reductions, taken, strict=True):
        name = reduction.name_ko if korean else reduction.name_en
        name = name or ("전체 할인" if korean else "Off the sale")
        rows.append(
            LineView(
                number=0,
                name=f"{name} {reduction.percent}%" if reduction.percent else name,
                quantity="",
                price="",
                amount=Money(-amount, currency).format(),
            )
        )
    return rows


def _changing(register: Register, change: ChangeBegun) -> list[LineView]:
    """Return the payment that is being replaced, and what stands instead so far."""
    currency, korean = register.setup.currency, register.language == "ko"
    old = change.tender
    rows = [(f"{'결제 변경' if korean else 'Change'} {register.method(old.method)}", -old.amount)]
    word = "새 결제" if korean else "Now"
    rows += [
        (f"{word} {register.method(each.method)}", each.amount) for each in register.sale.tenders
    ]
    return [
        LineView(
            number=0,
            name=name,
            quantity="",
            price="",
            amount=Money(amount, currency).format(),
        )
        for name, amount in rows
    ]


def _returned(register: Register) -> list[LineView]:
    """Return what comes back, under the lines that are sold."""
    back, currency = register.sale.returning, register.setup.currency
    assert back is not None
    korean = register.setup.language == "ko"
    word = "반품" if korean else "Back"
    return [
        LineView(
            number=0,
            name=f"{word} {line.goods.name_ko if korean else line.goods.name_en}",
            quantity=shown(-taken),
            price=Money(line.goods.unit_price, currency).format(),
            amount=Money(-back.worth(at), currency).format(),
        )
        for at, (line, taken) in enumerate(zip(back.lines, back.taken, strict=True))
        if taken
    ]


def _returning(register: Register) -> tuple[ReturnView, ...]:
    back, currency = register.sale.returning, register.setup.currency
    if back is None:
        return ()
    korean = register.setup.language == "ko"
    return tuple(
        ReturnView(
            choice=at + 1,
            name=line.goods.name_ko if korean else line.goods.name_en,
            quantity=shown(line.quantity),
            taken=shown(taken) if taken else "",
            amount=Money(part_of(line, taken or line.quantity), currency).format(),
        )
        for at, (line, taken) in enumerate(zip(back.lines, back.taken, strict=True))
    )


def _member(register: Register) -> MemberView | None:
    """Return whose sale it is, and what it earns as it stands."""
    sale, rule = register.sale, register.policy.points
    member = sale.member
    if member is None:
        return None
    return MemberView(
        shown=member.shown or f"*{member.number[-4:]}",
        points=None if member.points is None else member.points - spent(sale.tenders),
        earns=0 if rule is None else earned(rule, lines_of(sale), sale.tenders),
        stopped=member.stopped,
    )


def _held(choice: int, basket: HeldBasket, register: Register) -> HeldView:
    at = datetime.fromtimestamp(basket.held_ns // NANOSECONDS_PER_SECOND, register.setup.zone)
    _, terminal, date, _ = basket.hold.rsplit("-", 3)
    today = date == register.business_date
    return HeldView(
        choice=choice,
        time=f"{at:%H:%M}" if today else f"{date[4:6]}-{date[6:]}",
        terminal="" if terminal == register.terminal else terminal,
        label=basket.label,
        total=Money(basket.total, register.setup.currency).format(),
    )


def _quick(register: Register) -> tuple[str, ...]:
    if register.assortment is None:
        return ()
    korean = register.setup.language == "ko"
    return tuple(item.name_ko if korean else item.name_en for item in register.assortment.quick())


def _last(register: Register) -> str:
    """Return which sale the one before was, and how it was paid."""
    last = register.last
    if last is None:
        return ""
    methods = "+".join(register.method(each) for each in last.methods)
    return f"{register.sale_name(last.number)} {methods}".strip()


def _found(choice: int, item: Item, register: Register) -> FoundView:
    return FoundView(
        choice=choice,
        code=item.barcodes[0] if item.barcodes else item.sku,
        name=item.name_ko if register.language == "ko" else item.name_en,
        price=Money(item.price, register.setup.currency).format(),
    )
