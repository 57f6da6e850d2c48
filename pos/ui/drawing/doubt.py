"""The takeover of a payment in doubt: the only screen that Esc does not leave.

    !! 확인 필요  PUR-07
    카드가 이체 도중에 빠졌습니다. 같은 카드를 다시 꽂으세요

       금액        15,390          거래키  S1-01-20260417-0128-a
       고객 카드   빠져나감 (26,610 남음) - 카드가 마지막으로 보낸 값
       우리 금고   아직 받지 못함
       상태        [ 미확정 ]  돈은 사라지지 않았습니다. 한쪽에 남아 있습니다.

    손님께 말씀드리세요
       "같은 카드를 꽂으세요. 두 번 빠져나가지 않습니다."

    다음 중 하나를 하세요
       [Enter] 같은 카드를 다시 꽂고 이어서 하기  (권장, 남은 시간 04:41)
       [F8] 다른 결제로 받고 이 건은 '미확정'으로 보관  (책임자 확인)
       [F7] 판매 취소하고 '미확정'으로 보관  (책임자 확인)

Nothing is said that nobody knows. What a side has not said is "not known", whatever is likely.
Source: clerk-and-courier.md 5.1.
"""

from collections.abc import Sequence

from pos.keymap import Binding, Keymap
from pos.messages import Language, clip
from pos.ui.drawing.money import amount_text
from pos.ui.grid import BLANK, Ink, Row, fit, row
from pos.ui.labels import label
from pos.view import DoubtView, Side, TillView
from protocols.ports import NANOSECONDS_PER_SECOND

_NAME_CELLS = 15


def draw_doubt(
    view: TillView, doubt: DoubtView, below: Sequence[Row], width: int, height: int
) -> tuple[Row, ...]:
    """Return the takeover's rows between status line and entry; below: choices, or who is asked for."""
    language = view.language
    bar = row("=" * width, Ink.ALERT)
    rows: list[Row] = [
        bar,
        row(clip(f"  {label('takeover.title', language)}  {doubt.said.code}", width), Ink.ALERT),
        row(clip(f"  {doubt.said.banner}", width), Ink.STRONG),
        bar,
        BLANK,
        *_facts(view, doubt, width),
        BLANK,
        row(f"  {label('takeover.tell', language)}"),
        row(
            clip(f'     "{doubt.said.display}. {label("doubt.once", language)}"', width), Ink.STRONG
        ),
        BLANK,
    ]
    rows += below
    return tuple(rows[:height])


def checking(doubt: DoubtView, language: Language, now_ns: int) -> str:
    """Return what the till does about it by itself, for the entry row."""
    if doubt.asking:
        return label("doubt.asking", language)
    if now_ns >= doubt.until_ns:
        return label("doubt.waits", language)
    if not doubt.checks:
        return label("doubt.begins", language)
    return label("doubt.checking", language, doubt.checks)


def _facts(view: TillView, doubt: DoubtView, width: int) -> list[Row]:
    language = view.language
    key = f"{label('doubt.key', language)}  {doubt.key}"
    amount = fit(f"{amount_text(view, doubt.amount)}  {doubt.method}", 24)
    way = "doubt.back" if doubt.back else "doubt"
    card = label(f"{way}.card.{doubt.card.value}", language)
    if doubt.balance is not None:
        # Of a card that has not said what it did, the balance is what it had before.
        name = "doubt.before" if doubt.card is Side.UNKNOWN else "doubt.left"
        card = f"{card} {label(name, language, amount_text(view, doubt.balance))}"
    state = f"{label('doubt.unknown', language)}  {label('doubt.safe', language)}"
    sides = [
        _fact("doubt.card", card, language, width),
        _fact("doubt.shop", label(f"{way}.shop.{doubt.shop.value}", language), language, width),
    ]
    return [
        _fact(
            "doubt.back.amount" if doubt.back else "doubt.amount",
            f"{amount}  {key}",
            language,
            width,
        ),
        *(sides if doubt.carded else []),
        _fact("doubt.state", state, language, width, Ink.STRONG),
    ]


def _fact(name: str, value: str, language: Language, width: int, ink: Ink = Ink.PLAIN) -> Row:
    return row(clip(f"     {fit(label(name, language), _NAME_CELLS)}{value}", width), ink)


def choices(
    doubt: DoubtView, keymap: Keymap, language: Language, width: int, now_ns: int
) -> list[Row]:
    """Return the keys that end a doubt, the recommended one first."""
    left = max(0, doubt.until_ns - now_ns) // NANOSECONDS_PER_SECOND
    time = label("doubt.time", language, f"{left // 60:02}:{left % 60:02}")
    best = time if left else label("doubt.best", language)
    supervisor = label("doubt.supervisor", language)
    keys = (
        ("doubt.resume" if doubt.wants_card else "doubt.again", Binding.COMMIT, best),
        ("doubt.back.park" if doubt.back else "doubt.park", Binding.CARD, supervisor),
        *(() if doubt.back else (("doubt.park_void", Binding.RETURN, supervisor),)),
    )
    return [
        row(f"  {label('takeover.keys', language)}"),
        *(
            row(
                clip(f"     {label(name, language, keymap.label(binding))}  {note}", width),
                Ink.STRONG,
            )
            for name, binding, note in keys
        ),
        BLANK,
        row(clip(f"  {label('doubt.esc', language)}", width), Ink.DIM),
    ]
