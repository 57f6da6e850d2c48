"""The desk: what a key press means here and now. Pure: state, view and key in; state and work out.

The entry line always has the focus, so every key comes here. A function key appends its verb to what
was keyed and the one grammar (pos.entry) reads it; nothing on the sale path is decided twice.

Where digits choose from a list (quick cash, found items, menu, reasons), one digit is held back for
CHOICE_SECONDS: a keyboard-wedge scanner types too, and the first digit of a barcode must not take a
payment. The screen runs that timer and calls `choose`.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pos import commands
from pos.commands import Command
from pos.entry import masked
from pos.keymap import QUICK, Binding
from pos.messages import notice
from pos.ui import forms
from pos.ui.answering import NOTHING_ANSWERED, Answering
from pos.ui.forms import Field, FieldKind, Form
from pos.ui.menu import menu_entry, usable
from pos.ui.training import Act, Choice, Section, TrainingPage
from pos.view import AskingView, Notice, Purpose, Stage, TillView

ENTRY_CHARACTERS_MAX: Final = 64
CHOICE_SECONDS: Final = 0.1

_LISTS: Final = (Stage.SUBTOTAL, Stage.FIND, Stage.RECALL, Stage.MEMBER)
"""Where a digit chooses."""

Grammar = Callable[[str, TillView], Command | Notice]
"""Reads an entry; a text it does not understand is answered with a message."""

VERBS: Final[dict[Binding, str]] = {
    Binding.QUANTITY: "QT",
    Binding.VOID_LINE: "VL",
    Binding.VOID_LAST: "VD",
    Binding.SUBTOTAL: "TL",
    Binding.CASH: "CA",
    Binding.ECASH: "EC",
    Binding.CARD: "CD",
    Binding.TRANSFER: "TR",
    Binding.REPRINT: "RP",
}
"""What a function key appends to the entry."""
_AT_A_TERMINAL: Final = "TE"
"""How a card is paid with at a stand-alone terminal."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Work: end the program."""


@dataclass(frozen=True, slots=True)
class LoadTraining:
    """Work: ask the virtual equipment what it can do."""


Work = Command | Act | Leave | LoadTraining
"""What the screen has to carry out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is on the desk and not in the till: half-typed text, an open form, a local message."""

    text: str = ""
    form: Form | None = None
    training: TrainingPage | None = None
    """The training panel, while it is shown."""
    note: Notice | None = None
    """A message of the desk's own; stands before the till's until the next key."""
    leaving: bool = False
    """Ctrl+C was pressed once."""
    answer: Answering = NOTHING_ANSWERED
    """What is keyed where the till asks for somebody; it leaves the entry alone."""
    half_page: int = 8
    given: str = ""
    """The discount that the key before gave a line: the same key again means the whole sale."""


@dataclass(frozen=True, slots=True)
class Step:
    """The desk after a key, and the work it caused."""

    desk: Desk
    work: tuple[Work, ...] = ()


def takeover(view: TillView) -> Notice | None:
    """Return the message that takes the whole screen; Esc does not close it."""
    if view.doubt is not None:
        return view.doubt.said
    return view.notice if view.notice is not None and view.notice.level == "C" else None


def taken(desk: Desk, view: TillView) -> Notice | None:
    """Return the takeover that is shown: the training panel, with which a card is put in, stands before
    that of a payment in doubt."""
    return None if desk.training is not None and view.doubt is not None else takeover(view)


def chooses(desk: Desk, view: TillView) -> bool:
    """Tell whether a single digit chooses from a list here."""
    if view.asking is not None:
        return False
    if desk.form is not None:
        return desk.form.field.kind in (FieldKind.REASON, FieldKind.CHOICE)
    if desk.training is not None:
        return desk.training.asking is None
    if view.page in ("menu", "devices") or view.stage in _LISTS:
        return True
    if view.stage is Stage.RETURN:
        return bool(view.returning)
    return view.stage is Stage.COUNTED and difference(view) != 0


def chooses_paper(view: TillView) -> bool:
    """Tell whether the reprint key says here if the open sale's receipt comes out on paper."""
    return view.linked and view.stage is Stage.SUBTOTAL


def difference(view: TillView) -> int:
    """Return counted minus expected cash; zero before the count."""
    return (view.counted or 0) - (view.expected or 0)


def press(
    desk: Desk, view: TillView, grammar: Grammar, binding: Binding | None, character: str | None
) -> Step:
    """Return what a key press does."""
    if binding is Binding.LEAVE:
        return _leave(desk, view)
    given = desk.given if binding is Binding.DISCOUNT and not desk.text else ""
    desk = replace(desk, note=None, leaving=False, given=given)
    if view.asking is not None:
        return _identify(desk, view.asking, view, binding, character)
    desk = unasked(desk, view)
    if taken(desk, view) is not None:
        return _decide(desk, view, binding)
    if view.stage is Stage.TENDER and binding is not None and not _may_while_paying(desk, binding):
        return Step(replace(desk, note=notice("PUR-24", view.language)))
    if _chosen_by_sign(desk, view, character):
        return _menu(desk, view, character or "")
    if binding is None:
        return _typed(desk, view, character)
    match binding:
        case Binding.ERASE:
            return Step(replace(desk, text=desk.text[:-1]))
        case Binding.CLEAR:
            return _clear(desk, view)
        case Binding.COMMIT:
            return _commit(desk, view, grammar)
        case Binding.TRAINING:
            return _toggle_training(desk)
        case _:
            return _function(desk, view, grammar, binding)


def choose(desk: Desk, view: TillView, grammar: Grammar) -> Step:
    """Carry out the choice of the single digit in the entry; anything else stays as it is."""
    if len(desk.text) != 1 or not desk.text.isdecimal() or not chooses(desk, view):
        return Step(desk)
    choice, desk = desk.text, replace(desk, text="")
    if desk.form is not None:
        return _answer(desk, view, grammar, choice)
    if desk.training is not None:
        return _train(desk, desk.training, view, choice)
    if view.page == "menu":
        return _menu(desk, view, choice)
    if view.page == "devices":
        return Step(desk, (commands.TestDevice(int(choice)),))
    match view.stage:
        case Stage.SUBTOTAL:
            return Step(desk, (commands.QuickCash(int(choice)),))
        case Stage.FIND | Stage.TENDER:
            return Step(desk, (commands.Pick(int(choice)),))
        case Stage.RECALL:
            return Step(desk, (commands.Recall(int(choice)),))
        case Stage.MEMBER:
            return Step(desk, (commands.TakeMember(choice=int(choice)),))
        case Stage.RETURN:
            return Step(desk, (commands.ReturnLine(int(choice)),))
        case _:
            return _answer(replace(desk, form=forms.close_shift()), view, grammar, choice)


def unasked(desk: Desk, view: TillView) -> Desk:
    """Return the desk without an answer that nobody asks for any more."""
    return desk if view.asking is not None else replace(desk, answer=NOTHING_ANSWERED)


def pasted(desk: Desk, view: TillView) -> Step | None:
    """Refuse pasted text where a PIN is keyed; None where it may be taken as typed."""
    if view.asking is None or not desk.answer.wants_pin(view.asking):
        return None
    return Step(replace(desk, note=notice("USR-06", view.language)))


def _identify(
    desk: Desk, asking: AskingView, view: TillView, binding: Binding | None, character: str | None
) -> Step:
    answer = desk.answer.pressed(asking, binding, character, view.language)
    match answer:
        case Answering():
            return Step(replace(desk, answer=answer))
        case Notice():
            return Step(replace(desk, note=answer))
        case _:
            return Step(replace(desk, answer=NOTHING_ANSWERED), (answer,))


def _decide(desk: Desk, view: TillView, binding: Binding | None) -> Step:
    """Take a key under a takeover: only what brings it to its end means anything."""
    if view.doubt is None:
        # Any command makes a stopped till try its store again; this one changes nothing else.
        return Step(desk, (commands.Cancel(),) if binding is Binding.COMMIT else ())
    match binding:
        case Binding.COMMIT if not view.doubt.asking:
            return Step(desk, (commands.Resume(),))
        case Binding.CARD:
            return Step(desk, (commands.Park("tender"),))
        case Binding.RETURN if not view.doubt.back:
            return Step(desk, (commands.Park("void"),))
        case Binding.REPRINT:
            return Step(desk, (commands.PrintSituation(),))
        case Binding.TRAINING:
            return _toggle_training(desk)
        case _:
            return Step(desk)


def _leave(desk: Desk, view: TillView) -> Step:
    if view.stage is Stage.TENDER:
        return Step(replace(desk, note=notice("SYS-02", view.language)))
    if view.asking is not None and view.asking.purpose is Purpose.UNLOCK:
        # Whoever is signed on has left the counter: what stands here is not another's to end.
        return Step(replace(desk, note=notice("USR-07", view.language)))
    if desk.leaving or (takeover(view) is not None and view.doubt is None):
        return Step(desk, (Leave(),))
    if view.lines:
        note = notice("SYS-03", view.language, count=len(view.lines))
    else:
        note = notice("SYS-01", view.language)
    return Step(replace(desk, note=note, leaving=True))


def _may_while_paying(desk: Desk, binding: Binding) -> bool:
    """Tell whether a key may be pressed while a payment runs: nothing begins behind it."""
    if binding in (Binding.CLEAR, Binding.ERASE, Binding.TRAINING):
        return True
    turns = (Binding.COMMIT, Binding.PAGE_UP, Binding.PAGE_DOWN)
    return desk.training is not None and binding in turns


def _typed(desk: Desk, view: TillView, character: str | None) -> Step:
    if character is None or not character.isprintable():
        return Step(desk)
    # Full-width digits and signs are what some input methods send; NFC joins decomposed syllables.
    text = unicodedata.normalize("NFC", desk.text + _narrow(character))
    if len(text) > ENTRY_CHARACTERS_MAX:
        note = notice("ENT-06", view.language, limit=ENTRY_CHARACTERS_MAX)
        return Step(replace(desk, note=note))
    return Step(replace(desk, text=text))


def _narrow(character: str) -> str:
    if unicodedata.east_asian_width(character) == "F":
        return unicodedata.normalize("NFKC", character)
    return character


def scanned(
    desk: Desk,
    view: TillView,
    grammar: Grammar,
    code: str,
    reading: commands.Reading = commands.Reading.FIRST,
) -> Step:
    """Return what a scanner's code does: a multiplier before it counts, other text is left alone."""
    desk = replace(desk, note=None, leaving=False)
    if view.asking is not None:
        return Step(replace(desk, answer=NOTHING_ANSWERED), (commands.Scan(code, reading=reading),))
    if taken(desk, view) is not None:
        return Step(desk)
    if desk.form is not None and desk.form.title == "form.return":
        return Step(replace(desk, form=None, text=""), (commands.BeginReturn(code),))
    if desk.form is not None and desk.form.field.name in ("field.receipt", "field.member"):
        return _answer(replace(desk, text=""), view, grammar, code)
    entry = desk.text + code if desk.text.upper().endswith("CR:") else code
    if ":" in entry and masked(entry) != entry:
        # A customer's cash-receipt card, or a keyboard that sends a whole entry as fast as a scanner:
        # what an entry hides is no code, and no message repeats it.
        return _read(desk, view, grammar, entry)
    if desk.text.endswith("*") and reading is not commands.Reading.MISREAD:
        return _read(desk, view, grammar, desk.text + code)
    if "*" in code:
        # No code of goods has one: it is a programmable keyboard, as fast as a scanner.
        step = _read(replace(desk, text=""), view, grammar, code)
        return replace(step, desk=replace(step.desk, text=desk.text))
    return Step(desk, (commands.Scan(code, reading=reading),))


def _chosen_by_sign(desk: Desk, view: TillView, character: str | None) -> bool:
    """Tell whether a keypad sign is a menu entry here, such as - for voiding the sale."""
    idle = desk.form is None and desk.training is None and not desk.text
    return idle and view.page == "menu" and menu_entry(character or "") is not None


def _clear(desk: Desk, view: TillView) -> Step:
    if desk.text:
        return Step(replace(desk, text=""))
    if view.stage is Stage.TENDER and desk.training is None:
        return Step(desk, (commands.Cancel(),))
    if desk.form is not None:
        back = desk.form.back() if desk.form.answers else None
        return Step(replace(desk, form=back))
    if desk.training is not None:
        return Step(replace(desk, training=desk.training.back()))
    if view.page != "sale":
        return Step(desk, (commands.Show("sale"),))
    return Step(desk, (commands.Cancel(),))


def _commit(desk: Desk, view: TillView, grammar: Grammar) -> Step:
    text = desk.text
    if desk.form is not None:
        return _answer(replace(desk, text=""), view, grammar, text)
    if desk.training is not None and desk.training.asking is not None:
        return _train(replace(desk, text=""), desk.training, view, text)
    if len(text) == 1 and text.isdecimal() and chooses(desk, view):
        return choose(desk, view, grammar)
    if view.stage is Stage.COUNTED:
        return _close(replace(desk, text=""), view, text)
    if view.stage is Stage.RETURN and view.returning and (not text or text.endswith("*")):
        return _read(desk, view, grammar, f"{text}RL")
    if not text and view.correcting == "change" and not view.due:
        return Step(desk, (commands.GiveBack(),))
    if not text and view.page == "queue" and (view.queue.in_doubt or view.queue.owed):
        return Step(desk, (commands.Resume(),))
    if not text:  # Scanners send stray Enters.
        return Step(desk)
    return _read(desk, view, grammar, text)


def _close(desk: Desk, view: TillView, reason: str) -> Step:
    if difference(view) and not reason:
        note = notice("SHF-05", view.language, difference=difference(view))
        return Step(replace(desk, note=note))
    return Step(desk, (commands.CloseShift(reason),))


def _read(desk: Desk, view: TillView, grammar: Grammar, text: str) -> Step:
    found = grammar(text, view)
    if isinstance(found, Notice):
        return Step(replace(desk, note=found))
    return Step(replace(desk, text=""), (found,))


def _answer(desk: Desk, view: TillView, grammar: Grammar, text: str) -> Step:
    assert desk.form is not None, "only an open form is answered"
    answer = desk.form.accept(text, view.language)
    if isinstance(answer, Form):
        return Step(replace(desk, form=answer))
    found = answer if isinstance(answer, Notice) else grammar(answer, view)
    if isinstance(found, Notice):
        return Step(replace(desk, note=found))
    return Step(replace(desk, form=None), (found,))


def _function(desk: Desk, view: TillView, grammar: Grammar, binding: Binding) -> Step:
    if desk.form is not None or (desk.training is not None and desk.training.asking is not None):
        return _in_form(desk, binding)
    match binding:
        case Binding.UP:
            return Step(desk, (commands.Select(-1),))
        case Binding.DOWN:
            return Step(desk, (commands.Select(1),))
        case Binding.PAGE_UP | Binding.PAGE_DOWN:
            return _page(desk, 1 if binding is Binding.PAGE_DOWN else -1)
        case Binding.MENU:
            page = commands.Show("help" if view.page == "menu" else "menu")
            return Step(replace(desk, training=None), (page,))
        case Binding.FIND:
            if desk.text:
                return Step(replace(desk, text=""), (commands.Find(desk.text),))
            return Step(replace(desk, form=forms.find_item()))
        case Binding.ECASH if view.split and not desk.text:
            # The purse was short: the same key takes what it has, the rest is paid another way.
            return Step(desk, (commands.Pay("purse", view.split),))
        case Binding.DISCOUNT:
            return _discount(desk, view, grammar)
        case Binding.PRICE:
            if not view.lines:
                return Step(replace(desk, note=notice("ENT-07", view.language)))
            return Step(replace(desk, form=forms.set_price(desk.text), text=""))
        case Binding.HOLD:
            return _hold(desk, view)
        case Binding.RETURN:
            return _return(desk, view, grammar)
        case Binding.MEMBER:
            return _member(desk, view, grammar)
        case _ if binding in QUICK:
            return Step(replace(desk, text=""), (commands.Quick(QUICK[binding]),))
        case Binding.DRAWER:
            return Step(replace(desk, form=forms.open_drawer(), text=""))
        case Binding.LOCK:
            return Step(replace(desk, text=""), (commands.Lock(),))
        case Binding.REPRINT if chooses_paper(view) and not desk.text:
            return Step(desk, (commands.ChoosePaper(wanted=not view.paper),))
        case Binding.VOID_LINE | Binding.VOID_LAST | Binding.SUBTOTAL if desk.text:
            # Their verbs take nothing before them: a half-typed entry would be read as a code.
            return Step(replace(desk, note=notice("ENT-09", view.language, text=desk.text)))
        case _:
            return _read(desk, view, grammar, desk.text + verb_of(binding, view))


def verb_of(binding: Binding, view: TillView) -> str:
    """Return what a function key appends to the entry; a card's, by whatever reads cards here."""
    if binding is Binding.CARD:
        roles = {device.role for device in view.devices}
        if "payment_terminal" in roles and not (view.card_slots or "stripe_reader" in roles):
            return _AT_A_TERMINAL
    return VERBS[binding]


def _discount(desk: Desk, view: TillView, grammar: Grammar) -> Step:
    """Give the line a discount; the same key again gives it to the whole sale instead."""
    if desk.text:
        step = _read(desk, view, grammar, f"{desk.text}DI")
        return Step(replace(step.desk, given=desk.text if step.work else ""), step.work)
    if desk.given:
        return _read(replace(desk, given=""), view, grammar, f"{desk.given}DX")
    if not view.lines:
        return Step(replace(desk, note=notice("ENT-07", view.language)))
    return Step(replace(desk, form=forms.discount()))


def _hold(desk: Desk, view: TillView) -> Step:
    """Hold the basket, or show what is held; shown, the same key goes back."""
    if view.lines:
        return Step(replace(desk, text=""), (commands.Hold(desk.text),))
    if view.stage is Stage.RECALL:
        return Step(desk, (commands.Cancel(),))
    return Step(desk, (commands.Recall(),))


def _return(desk: Desk, view: TillView, grammar: Grammar) -> Step:
    """Let goods come back: ask for the receipt; then back to what comes back; then give the money."""
    if desk.text:
        return _read(desk, view, grammar, f"RT:{desk.text}")
    if view.stage is Stage.RETURN or view.correcting:
        return Step(desk, (commands.GiveBack(),))
    if view.returned:
        return Step(desk, (commands.BeginReturn(),))
    return Step(replace(desk, form=forms.return_goods()))


def _member(desk: Desk, view: TillView, grammar: Grammar) -> Step:
    """Say whose sale it is; of a sale that has a member, ask what is to be done about it."""
    if desk.text:
        step = _read(desk, view, grammar, f"{desk.text}MB")
        # What was no number is not left to be seen, nor to be taken for goods.
        return replace(step, desk=replace(step.desk, text=""))
    form = forms.member() if view.member is None else forms.member_service()
    return Step(replace(desk, form=form))


def _in_form(desk: Desk, binding: Binding) -> Step:
    """Inside a form only Up means something: one question back. No key jumps out of it."""
    if binding is Binding.UP and desk.form is not None:
        return Step(replace(desk, form=desk.form.back(), text=""))
    return Step(desk)


def _page(desk: Desk, by: int) -> Step:
    if desk.training is not None:
        return Step(replace(desk, training=desk.training.turned(by)))
    return Step(desk, (commands.Select(by * desk.half_page),))


def _menu(desk: Desk, view: TillView, key: str) -> Step:
    entry = menu_entry(key)
    if entry is None:
        return Step(replace(desk, note=notice("ENT-10", view.language, choice=key)))
    if not usable(entry, view):
        return Step(replace(desk, note=_unusable(entry.name, view)))
    chosen = entry.choose(view)
    if isinstance(chosen, Form):
        return Step(replace(desk, form=chosen), (commands.Show("sale"),))
    if isinstance(chosen, commands.Show):
        return Step(desk, (chosen,))
    return Step(desk, (commands.Show("sale"), chosen))


def _unusable(name: str, view: TillView) -> Notice:
    match name:
        case "menu.hand_over" | "menu.off" | "menu.lock":
            return notice("USR-10", view.language)
        case _ if view.stage is Stage.CLOSED:
            return notice("SHF-01", view.language)
        case "menu.open":
            return notice("SHF-07", view.language)
        case "menu.close":
            return notice("SHF-03", view.language)
        case _:
            return notice("SHF-06", view.language)


def _toggle_training(desk: Desk) -> Step:
    if desk.training is not None:
        return Step(replace(desk, training=None))
    return Step(replace(desk, training=TrainingPage(), form=None), (LoadTraining(),))


def _train(desk: Desk, page: TrainingPage, view: TillView, text: str) -> Step:
    if page.asking is not None:
        chosen: Choice = page.asking.given(text)
    else:
        shown = page.shown()
        if not 1 <= int(text) <= len(shown):
            return Step(replace(desk, note=notice("ENT-10", view.language, choice=text)))
        chosen = shown[int(text) - 1]
    if isinstance(chosen, Section):
        return Step(replace(desk, training=page.entered(chosen)))
    if chosen.asked is not None:
        return Step(replace(desk, training=replace(page, asking=chosen)))
    return Step(replace(desk, training=replace(page, asking=None)), (chosen,))


def reason_field() -> Field:
    """Return the question the count screen asks when cash is over or short."""
    return forms.close_shift().field
