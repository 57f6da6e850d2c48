"""Forms: what the till must be told step by step before it can carry a command out.

A form is a value: `accept` takes what was keyed and answers with the form one field further, with
the finished entry, or with the message that says what was wrong. The finished entry is a text of the
one grammar (pos.entry), the same that a programmable keyboard or a script would send. A form is drawn
in the right pane and keyed in the entry line, so the basket stays in sight and nothing pops up.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from pos.messages import Language, notice
from pos.ui.labels import label
from pos.view import Notice
from protocols.money import Currency

# How much is too much is for the till to say; these keep an answer a number of the grammar.
_AMOUNT: Final = re.compile(r"\d{1,12}\.*|\d{0,9}\.\d{1,3}", re.ASCII)
_CODE: Final = re.compile(r"[A-Za-z0-9-]{1,48}", re.ASCII)
_PIECES: Final = re.compile(r"\d{1,6}", re.ASCII)

FACES: Final[dict[str, tuple[int, ...]]] = {
    "KRW": (50_000, 10_000, 5_000, 1_000, 500, 100, 50, 10),
    "JPY": (10_000, 5_000, 1_000, 500, 100, 50, 10, 5, 1),
    "USD": (10_000, 5_000, 2_000, 1_000, 500, 100, 25, 10, 5, 1),
    "EUR": (10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1),
}
"""Notes and coins in minor units, largest first; another currency is counted in one sum."""


class FieldKind(Enum):
    """What a field takes."""

    AMOUNT = "amount"
    """Minor units, at least 1."""
    FLOAT = "float"
    """Minor units; nothing is an answer too."""
    PIECES = "pieces"
    """How many notes or coins; nothing means none."""
    REASON = "reason"
    """A number from the list, or words."""
    CHOICE = "choice"
    """A number from the list."""
    CODE = "code"
    """Of a receipt, or a payment's key, or a sale's number."""
    TEXT = "text"
    NUMBER = "number"
    """A person's: of what is keyed only the last digits are seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question."""

    name: str
    """Its label (pos.ui.labels)."""
    kind: FieldKind
    face: int = 0
    """What one piece is worth, for pieces."""
    reasons: tuple[str, ...] = ()
    """Labels of what there is to choose from."""
    more: tuple[str, ...] = ()
    """What else there is, in words that are nobody's label: payments with their amounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Questions, the answers so far, and what becomes of them."""

    title: str
    fields: tuple[Field, ...]
    finish: "Callable[[tuple[str, ...]], str | Form]"
    """Makes the entry out of the answers, one a field; or the form that asks for the rest."""
    answers: tuple[str, ...] = ()

    @property
    def field(self) -> Field:
        """Return the question that is asked now."""
        return self.fields[len(self.answers)]

    def accept(self, text: str, language: Language) -> "Form | str | Notice":
        """Answer the present question."""
        answer = _answer(self.field, text.strip(), language)
        if isinstance(answer, Notice):
            return answer
        answers = (*self.answers, answer)
        return self.finish(answers) if len(answers) == len(self.fields) else self._with(answers)

    def back(self) -> "Form":
        """Return the form one question earlier; at the first one, unchanged."""
        return self._with(self.answers[:-1])

    def _with(self, answers: tuple[str, ...]) -> "Form":
        return replace(self, answers=answers)


def _answer(field: Field, text: str, language: Language) -> str | Notice:
    match field.kind:
        case FieldKind.TEXT:
            return text
        case FieldKind.NUMBER:
            return text if text else notice("ENT-14", language)
        case FieldKind.REASON:
            return _reason(field, text, language)
        case FieldKind.CHOICE:
            last = len(field.reasons) + len(field.more)
            listed = text.isascii() and text.isdecimal() and 1 <= int(text) <= last
            return text if listed else notice("ENT-10", language, choice=text)
        case FieldKind.CODE:
            return (
                text if _CODE.fullmatch(text) else notice("RET-01", language, receipt=text or "-")
            )
        case FieldKind.AMOUNT | FieldKind.FLOAT | FieldKind.PIECES:
            return _number(field, text, language)


def _reason(field: Field, text: str, language: Language) -> str | Notice:
    if not text:
        return notice("ENT-12", language)
    if not text.isdecimal():
        return text
    if not 1 <= int(text) <= len(field.reasons):
        return notice("ENT-10", language, choice=text)
    return label(field.reasons[int(text) - 1], language)


def _number(field: Field, text: str, language: Language) -> str | Notice:
    if not text and field.kind is not FieldKind.AMOUNT:
        return "0"
    pattern = _PIECES if field.kind is FieldKind.PIECES else _AMOUNT
    if not pattern.fullmatch(text):
        return notice("ENT-01", language, text=text)
    if field.kind is FieldKind.AMOUNT and not text.strip("0."):
        return notice("PAY-06", language)
    return text


def open_shift() -> Form:
    """Ask for the float."""
    return Form(
        title="form.open",
        fields=(Field(name="field.float", kind=FieldKind.FLOAT),),
        finish=lambda answers: f"{answers[0]}OS",
    )


def cash_in() -> Form:
    """Ask how much is paid in, and why."""
    return _cash("form.in", "CI", ("reason.float", "reason.change", "reason.other"))


def cash_out() -> Form:
    """Ask how much is paid out, and why."""
    reasons = ("reason.supplies", "reason.delivery", "reason.change", "reason.other")
    return _cash("form.out", "CO", reasons)


def cash_drop() -> Form:
    """Ask how much goes to the safe, and why."""
    return _cash("form.drop", "DR", ("reason.safe", "reason.other"))


def _cash(title: str, verb: str, reasons: tuple[str, ...]) -> Form:
    fields = (
        Field(name="field.amount", kind=FieldKind.AMOUNT),
        Field(name="field.reason", kind=FieldKind.REASON, reasons=reasons),
    )
    return Form(title=title, fields=fields, finish=lambda a: f"{a[0]}{verb}:{a[1]}")


def open_drawer() -> Form:
    """Ask why the drawer is opened without a sale."""
    return _why(
        "form.drawer",
        ("reason.change", "reason.check", "reason.mistake", "reason.other"),
        lambda answers: f"NS:{answers[0]}",
    )


def void_sale() -> Form:
    """Ask why the basket is given up."""
    return _why(
        "form.void",
        ("reason.left", "reason.mistake", "reason.money", "reason.other"),
        lambda answers: f"VS:{answers[0]}",
    )


def correct() -> Form:
    """Ask what of a closed sale is corrected, and of which."""
    field = Field(name="field.void", kind=FieldKind.CHOICE, reasons=("void.closed", "void.change"))
    return Form(title="form.correct", fields=(field,), finish=_correct)


def _correct(answers: tuple[str, ...]) -> str | Form:
    receipt = Field(name="field.receipt", kind=FieldKind.TEXT)
    reasons = Field(name="field.reason", kind=FieldKind.REASON, reasons=CORRECT_REASONS)
    if answers[0] == "1":
        return Form(
            title="form.void_closed",
            fields=(receipt, reasons),
            finish=lambda given: f"VF:{given[0] or '-'} {given[1]}",
        )
    return Form(
        title="form.change", fields=(receipt,), finish=lambda given: f"CT:{given[0] or '-'}"
    )


CORRECT_REASONS: Final = (
    "reason.mistake",
    "reason.unwanted",
    "reason.money",
    "reason.other",
)


def void(paid: tuple[str, ...]) -> Form:
    """Ask what is voided: the sale, or one of the payments that stand in it."""
    if not paid:
        return void_sale()
    field = Field(name="field.void", kind=FieldKind.CHOICE, reasons=("void.sale",), more=paid)
    return Form(title="form.void", fields=(field,), finish=_void)


def _void(answers: tuple[str, ...]) -> str | Form:
    choice = int(answers[0]) - 1
    return f"{choice}VT" if choice else void_sale()


CLOSE_REASONS: Final = (
    "reason.wrong_change",
    "reason.uncounted",
    "reason.mistake",
    "reason.other",
)


def close_shift() -> Form:
    """Ask why the count is not what was expected."""
    return _why("form.close", CLOSE_REASONS, lambda answers: f"CZ:{answers[0]}")


def _why(title: str, reasons: tuple[str, ...], finish: Callable[[tuple[str, ...]], str]) -> Form:
    field = Field(name="field.reason", kind=FieldKind.REASON, reasons=reasons)
    return Form(title=title, fields=(field,), finish=finish)


def discount() -> Form:
    """Ask how much comes off the selected line: per cent up to 100, or money."""
    return Form(
        title="form.discount",
        fields=(Field(name="field.discount", kind=FieldKind.FLOAT),),
        finish=lambda answers: f"{answers[0]}DI",
    )


PRICE_REASONS: Final = (
    "reason.label",
    "reason.damaged",
    "reason.short_date",
    "reason.promised",
    "reason.other",
)


def return_goods() -> Form:
    """Ask for the receipt: its code, the sale's number today, or nothing where there is none."""
    return Form(
        title="form.return",
        fields=(Field(name="field.receipt", kind=FieldKind.TEXT),),
        finish=lambda answers: f"RT:{answers[0]}" if answers[0] else "RT",
    )


_CARD_SERVICES: Final = (
    "service.balance",
    "service.statement",
    "service.load",
    "service.refund",
    "service.deposit",
)


def card_service() -> Form:
    """Ask what is to be done with e-cash beside payments, then for what that takes."""
    field = Field(name="field.service", kind=FieldKind.CHOICE, reasons=_CARD_SERVICES)
    return Form(title="form.ecash", fields=(field,), finish=_service)


def _service(answers: tuple[str, ...]) -> str | Form:
    title = _CARD_SERVICES[int(answers[0]) - 1]
    match title:
        case "service.balance":
            return "EB"
        case "service.statement":
            return "ES"
        case "service.load":
            field = Field(name="field.amount", kind=FieldKind.AMOUNT)
            return Form(title=title, fields=(field,), finish=lambda given: f"{given[0]}EL")
        case "service.refund":
            fields = (
                Field(name="field.receipt", kind=FieldKind.CODE),
                Field(name="field.some", kind=FieldKind.FLOAT),
                Field(name="field.reason", kind=FieldKind.REASON, reasons=REFUND_REASONS),
            )
            return Form(title=title, fields=fields, finish=_refund)
        case _:
            field = Field(name="field.some", kind=FieldKind.FLOAT)
            return Form(title=title, fields=(field,), finish=lambda given: f"{_some(given[0])}ED")


REFUND_REASONS: Final = ("reason.damaged", "reason.unwanted", "reason.mistake", "reason.other")


def _refund(answers: tuple[str, ...]) -> str:
    receipt, amount, reason = answers
    return f"{_some(amount)}EF:{receipt} {reason}"


def _some(amount: str) -> str:
    """Return an amount, or nothing where there is none: then it is all."""
    return amount if amount.strip("0.") else ""


def set_price(price: str = "") -> Form:
    """Ask for the selected line's new price, where it was not keyed before, and why."""
    form = Form(
        title="form.price",
        fields=(
            Field(name="field.price", kind=FieldKind.AMOUNT),
            Field(name="field.reason", kind=FieldKind.REASON, reasons=PRICE_REASONS),
        ),
        finish=lambda answers: f"{answers[0]}PR:{answers[1]}",
    )
    return replace(form, answers=(price,)) if price else form


def member() -> Form:
    """Ask whose sale it is."""
    return Form(
        title="form.member",
        fields=(Field(name="field.member", kind=FieldKind.NUMBER),),
        finish=lambda answers: f"MB:{answers[0]}",
    )


_MEMBER_SERVICES: Final = ("member.spend", "member.another", "member.nobody")


def member_service() -> Form:
    """Ask what is to be done about the sale's member."""
    field = Field(name="field.service", kind=FieldKind.CHOICE, reasons=_MEMBER_SERVICES)
    entries = {"member.spend": "PT", "member.nobody": "MB"}
    return Form(
        title="form.member",
        fields=(field,),
        finish=lambda answers: entries.get(_MEMBER_SERVICES[int(answers[0]) - 1]) or member(),
    )


def find_item() -> Form:
    """Ask for a name, a code or initial consonants."""
    return Form(
        title="form.find",
        fields=(Field(name="field.find", kind=FieldKind.TEXT),),
        finish=lambda answers: f"?{answers[0]}",
    )


def count_cash(currency: Currency) -> Form:
    """Ask for the pieces of every face value; a currency without a table is counted in one sum."""
    faces = FACES.get(currency.code, ())
    if not faces:
        return Form(
            title="form.count",
            fields=(Field(name="field.cash", kind=FieldKind.PIECES, face=1),),
            finish=lambda answers: f"1x{answers[0]}CN",
        )

    def finish(answers: tuple[str, ...]) -> str:
        pieces = zip(faces, map(int, answers), strict=True)
        return (",".join(f"{face}x{count}" for face, count in pieces if count) or "0") + "CN"

    fields = tuple(Field(name="field.pieces", kind=FieldKind.PIECES, face=face) for face in faces)
    return Form(title="form.count", fields=fields, finish=finish)
