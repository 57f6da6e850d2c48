"""The reports of a shift: X reads, Z closes.

A Z has the next number without a gap and carries what is still open: records that wait, attempts in
doubt, questions of the broker. It is printed offline too and never skips them (clerk-and-courier.md
2.3 rules 4 and 7). An X shows no expected cash: the count stays blind.
"""

from protocols.facts import ShiftClosed
from receipts.document import Block, Document, Feed, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import heading, paper, row, who
from receipts.forms.wording import WORDS, method_name


def x_report(figures: ShiftClosed, context: ReceiptContext) -> Document:
    """Return the figures so far; nothing is reset, `figures.z` and the count mean nothing here."""
    words = WORDS[context.language]
    return paper(
        f"{words.x_title} {context.store_name}",
        context,
        [_numbers(figures, context), heading(words.x_title)],
        _sales(figures, context),
        _methods(figures, context),
        _clerks(figures, context),
        _moves(figures, context),
        _open_records(figures, context),
    )


def z_report(closed: ShiftClosed, context: ReceiptContext) -> Document:
    """Return the closed shift with its number, the count and what was over or short."""
    words = WORDS[context.language]
    title = words.z_title_of.format(f"{closed.z:04d}")
    return paper(
        f"{title} {context.store_name}",
        context,
        [_numbers(closed, context), heading(title)],
        _sales(closed, context),
        _methods(closed, context),
        _clerks(closed, context),
        [*_moves(closed, context), *_count(closed, context)],
        _open_records(closed, context),
        [Text(text=f"{words.supervisor}:"), Feed(lines=2)],
    )


def _numbers(figures: ShiftClosed, context: ReceiptContext) -> Block:
    return who(context, f"{WORDS[context.language].shift} {figures.shift:04d}")


def _sales(figures: ShiftClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    return [
        row(words.sales, words.count_of.format(figures.sales)),
        row(words.gross, context.money(figures.gross), bold=True),
        row(words.net, context.money(figures.net)),
        row(words.vat_of.format(context.vat_percent), context.money(figures.vat)),
        row(words.exempt, context.money(figures.exempt)),
        row(words.discount, context.money(-figures.discounts)),
        row(words.refunds, context.money(-figures.refunds)),
        row(words.voids, words.count_of.format(figures.voids)),
        *_corrections(figures, context),
        *_points(figures, context),
    ]


def _points(figures: ShiftClosed, context: ReceiptContext) -> list[Block]:
    """Return the members' part; nothing where there was none."""
    words = WORDS[context.language]
    if not (figures.members or figures.points_back):
        return []
    return [
        row(words.member_sales, words.count_of.format(figures.members)),
        row(words.points_earned, f"{figures.points_earned:,}"),
        row(words.points_back, f"{-figures.points_back:,}"),
    ]


def _corrections(figures: ShiftClosed, context: ReceiptContext) -> list[Block]:
    """Return what was put right, as far as anything was."""
    words = WORDS[context.language]
    counts = (
        (words.tender_voids, figures.tender_voids),
        (words.tender_changes, figures.tender_changes),
        (words.undone, figures.undone),
    )
    return [row(word, words.count_of.format(count)) for word, count in counts if count]


def _methods(figures: ShiftClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    blocks: list[Block] = [Text(text=words.by_method, bold=True)]
    for method, amount in sorted(figures.by_method.items()):
        blocks.append(
            row(
                f"  {method_name(method, context.language, context.methods)}", context.money(amount)
            )
        )
    if figures.terminal_total is not None:
        blocks.append(row(f"  {words.terminal_total}", context.money(figures.terminal_total)))
        differs = figures.terminal_total - max(0, figures.by_method.get("terminal", 0))
        if differs:
            blocks.append(row(f"  {words.terminal_differs}", context.money(differs), bold=True))
    return blocks


def _clerks(figures: ShiftClosed, context: ReceiptContext) -> list[Block]:
    """Return who sold what; nothing where whoever stands on the paper sold it all."""
    words = WORDS[context.language]
    people = figures.by_clerk
    if [person.name for person in people] in ([], [context.clerk]):
        return []
    blocks: list[Block] = [Text(text=words.by_clerk, bold=True)]
    for person in people:
        count = words.count_of.format(person.sales)
        blocks.append(row(f"  {person.name} {count}", context.money(person.gross)))
        if person.refunds:
            blocks.append(row(f"    {words.refunds}", context.money(-person.refunds)))
        if person.voids:
            blocks.append(row(f"    {words.voids}", words.count_of.format(person.voids)))
    return blocks


def _moves(figures: ShiftClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    return [
        Text(text=words.drawer, bold=True),
        row(f"  {words.float_amount}", context.money(figures.float_amount)),
        row(f"  {words.cash_in}", context.money(figures.cash_in)),
        row(f"  {words.cash_out}", context.money(-figures.cash_out)),
        row(f"  {words.drops}", context.money(-figures.drops)),
    ]


def _count(closed: ShiftClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    blocks: list[Block] = [
        row(f"  {words.cash_sales}", context.money(closed.by_method.get("cash", 0))),
        row(f"  {words.expected}", context.money(closed.expected)),
        row(f"  {words.counted}", context.money(closed.counted)),
    ]
    if closed.over_short:
        word = words.over if closed.over_short > 0 else words.short
        blocks.append(row(f"  {word}", context.money(closed.over_short), bold=True))
    else:
        blocks.append(row(f"  {words.exact}", context.money(0)))
    if closed.reason:
        blocks.append(Text(text=f"  {words.reason}: {closed.reason}"))
    return blocks


def _open_records(figures: ShiftClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    counts = (
        (words.unsent, figures.unsent),
        (words.in_doubt, figures.in_doubt),
        (words.questioned, figures.questioned),
    )
    return [
        Text(text=words.records, bold=True),
        *(row(f"  {word}", words.count_of.format(n), bold=bool(n)) for word, n in counts),
    ]
