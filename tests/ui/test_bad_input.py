"""Whatever is keyed into a field: it says what is wrong, keeps its place, and nothing is done."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pos.ui import forms
from pos.ui.forms import FieldKind, Form
from pos.view import Notice, Stage
from protocols.money import KRW
from tests.ui.scripted_till import ScriptedTill, counter_of, empty_view, sold_view
from tests.ui.stage import on_stage

FORMS: dict[str, Callable[[], Form]] = {
    "open": forms.open_shift,
    "in": forms.cash_in,
    "out": forms.cash_out,
    "drop": forms.cash_drop,
    "drawer": forms.open_drawer,
    "void": forms.void_sale,
    "close": forms.close_shift,
    "discount": forms.discount,
    "price": forms.set_price,
    "ecash": forms.card_service,
    "load": lambda: _chosen("3"),
    "refund": lambda: _chosen("4"),
    "deposit": lambda: _chosen("5"),
    "count": lambda: forms.count_cash(KRW),
}


def _chosen(service: str) -> Form:
    """Return the form of one of the services for cards."""
    form = forms.card_service().accept(service, "en")
    assert isinstance(form, Form)
    return form


WRONG = ("abc", "12a", "-5", "1,000", "1e9", "٣", "²", "ㄱㄴ", "9" * 40, "0x10", "5\x005", "*", ".")
"""Letters, signs, other alphabets' digits, numbers beyond all money."""


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("name", FORMS)
def test_no_number_field_takes_what_is_no_number(name: str, text: str) -> None:
    form = FORMS[name]()
    if form.field.kind in (FieldKind.REASON, FieldKind.TEXT, FieldKind.CODE):
        return
    answer = form.accept(text, "en")
    assert isinstance(answer, Notice), f"{text!r} was taken as {answer!r}"
    assert answer.code == ("ENT-10" if form.field.kind is FieldKind.CHOICE else "ENT-01")


@pytest.mark.parametrize("text", ["", "  ", "영수증", "S1 01", "a:b", "9" * 49, "٣", "-\x00"])
def test_receipt_that_is_no_code_is_asked_for_again(text: str) -> None:
    answer = _chosen("4").accept(text, "en")
    assert isinstance(answer, Notice) and answer.code == "RET-01"


@pytest.mark.parametrize("text", ["0", "9", "99999999999999999999"])
@pytest.mark.parametrize("name", ["drawer", "void", "close", "ecash"])
def test_a_reason_that_is_not_in_the_list_is_refused(name: str, text: str) -> None:
    answer = FORMS[name]().accept(text, "en")
    assert isinstance(answer, Notice) and answer.code == "ENT-10"


@pytest.mark.parametrize("text", ["", "   "])
def test_a_reason_is_never_nothing(text: str) -> None:
    answer = forms.open_drawer().accept(text, "en")
    assert isinstance(answer, Notice) and answer.code == "ENT-12"


@pytest.mark.parametrize("menu", ["1", "2", "3", "*"])
async def test_letters_in_a_field_on_the_screen_do_nothing_and_stay_asked(menu: str) -> None:
    view = empty_view("en", Stage.CLOSED) if menu == "1" else sold_view("en")
    till = ScriptedTill(view)
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f1")
        till.become(replace(view, page="menu"))
        await stage.press(menu)
        shown = list(till.commands)
        await stage.press("a", "b", "enter")
        await stage.shows("ENT-01")
        assert till.commands == shown
        assert stage.screen.desk.form is not None
