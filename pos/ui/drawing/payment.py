"""The right pane while a card pays: what is due, what the card holds, and how far it has come.

    전자화폐 결제
    청구               15,390
    카드 잔액          42,000
    결제 뒤            26,610

    [v] 1 카드 확인
    [-] 2 비밀번호                  - not wanted by this card for this amount
    [>] 3 이체 중         4초       > runs, and for how long
    [ ] 4 상점 수령 확인
    [ ] 5 저장

    ##########---------------

The steps stand where they are; a tick changes one row.
"""

from typing import Final

from pos.messages import clip
from pos.ui.drawing.money import amount_text
from pos.ui.grid import BLANK, Ink, Row, pair, row
from pos.ui.labels import label
from pos.view import PaymentStep, PaymentView, TillView
from protocols.ports import NANOSECONDS_PER_SECOND

STEPS: Final = tuple(PaymentStep)
SECONDS_SHOWN_MAX: Final = 999


def draw_payment(
    view: TillView, payment: PaymentView, width: int, height: int, now_ns: int
) -> tuple[Row, ...]:
    """Return the pane's content: at most `height` rows of `width` cells."""
    rows = [
        pair(label("total", view.language), label("pieces", view.language, view.pieces), width),
        row(label("payment.title", view.language, payment.method), Ink.STRONG),
        BLANK,
        _money(view, "payment.asked", payment.amount, width, Ink.STRONG),
        *_balance(view, payment, width),
        BLANK,
        *_below(view, payment, width, now_ns),
    ]
    return tuple(rows[:height])


def _below(view: TillView, payment: PaymentView, width: int, now_ns: int) -> list[Row]:
    """Return how far it has come; or what there is to choose from."""
    if payment.choices:
        asked = row(label("payment.choose", view.language), Ink.STRONG)
        listed = enumerate(payment.choices, 1)
        return [asked, BLANK, *(row(clip(f"{n} {text}", width)) for n, text in listed)]
    steps = [_step(view, payment, step, width, now_ns) for step in STEPS]
    return [*steps, BLANK, row(_bar(payment, width))]


def _money(view: TillView, name: str, minor: int, width: int, ink: Ink = Ink.PLAIN) -> Row:
    return pair(label(name, view.language), amount_text(view, minor), width, ink)


def _balance(view: TillView, payment: PaymentView, width: int) -> list[Row]:
    """Return what the card holds and will hold, once it has said so."""
    if not payment.carded:
        return []
    if payment.balance is None:
        return [pair(label("payment.balance", view.language), "-", width), BLANK]
    after = max(0, payment.balance - payment.amount)
    return [
        _money(view, "payment.balance", payment.balance, width),
        _money(view, "payment.after", after, width),
    ]


def _step(view: TillView, payment: PaymentView, step: PaymentStep, width: int, now_ns: int) -> Row:
    beyond = not payment.carded and step in (PaymentStep.MOVING, PaymentStep.RECEIVED)
    name = label(f"payment.{'bank.' if beyond else ''}{step.value}", view.language)
    text = f"{_mark(payment, step)} {STEPS.index(step) + 1} {name}"
    if step is not payment.step:
        return row(text, Ink.PLAIN if step in payment.passed else Ink.DIM)
    seconds = max(0, now_ns - payment.since_ns) // NANOSECONDS_PER_SECOND
    shown = label("payment.seconds", view.language, min(seconds, SECONDS_SHOWN_MAX))
    return pair(text, shown, width, Ink.STRONG)


def _mark(payment: PaymentView, step: PaymentStep) -> str:
    if step is payment.step:
        return "[>]"
    if step in payment.passed:
        return "[v]"
    return "[-]" if STEPS.index(step) < STEPS.index(payment.step) else "[ ]"


def _bar(payment: PaymentView, width: int) -> str:
    done = width * STEPS.index(payment.step) // len(STEPS)
    return "#" * done + "-" * (width - done)
