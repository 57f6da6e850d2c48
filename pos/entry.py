"""The one grammar of what is keyed: screen, headless commands, macros and tests all go through it.

A function key appends its verb to whatever stands in the entry line, so a programmable keyboard may
send the same text. Verbs are the trade's two letters (CORE-POS where it has one), in either case:

    8801115114154            sell it               3*8801115114154   three      0.512*CODE   by weight
    nQT    quantity of the selected line           VL  void the selected line    VD  void the last
    VS[:reason]   void the sale                    nUP nDN  move the selection
    [n]VT[:cash]  take the n-th payment out of the sale, or the last; its money goes back
    VF[:sale[ reason]]  void a closed sale of this shift, by code or number; the last one
    [n]CT[:sale[ reason]]  replace its n-th payment, or the only one: the new one is taken next
    nDI    off the selected line: n per cent up to 100, else that much money; 0DI takes it away
    nDS    off the whole sale, the same            nDX  the line's newest discount was meant for the sale
    amountPR:reason  another price for the line    0PR  the catalogue's again
    HO[:label]  hold the basket                    RC  the held ones       nRC  go on with the n-th
    nQK    the n-th quick key    nTD    test the n-th device
    RT:receipt    goods of that sale come back     RT  without a receipt
    nRL    its line n comes back whole, or not after all             RL  the selected one, then the money
    n*RL   n of the selected line                  RE  nothing comes back
    GB     the money goes back as it was paid      GB:cash  another way
    TL or +  subtotal, and back                    nQC or +n  the n-th quick amount
    [amount]CA  cash    [amount]CD card    [amount]EC e-cash    [amount]TR transfer    and whatever
           two letters another tender that is installed names (pos.tenders)
    MB:number  whose points: card, telephone, its last four digits (numberMB too)    nMB  the n-th of
           several    MB  nobody's         [amount]PT  pay with them, with as many as there are
    CR:number  whose cash receipt: phone, business or card number (numberCR too)    CR  none
    RS     find out what became of payments in doubt
    KT KV  park the payment in doubt: take another tender, or void the sale      PS  print how it stands
    EB ES  balance of a customer's card, its statement      amountEL  load it for cash
    [amount]EF:KEY[ reason]  give an e-cash payment back      [amount]ED  deposit the shop's e-cash
    ?text or textFI   find                         nPK or #n   take the n-th found item
    [amount]OS  open the shift with a float        50000x2,1000x7CN  what was counted    0CN  nothing
    CZ[:reason]   close the shift with its Z       XR  print the X
    amountCI:reason  cash in    amountCO:reason  cash out    amountDR:reason  drop to the safe
    NS:reason    open the drawer without a sale    [n]RP   reprint    [n]GR  gift receipt
    [n]DP  the slip of a payment that was refused
    NP WP  the customer wants no paper, or paper     [n]QR  the link of a sale's e-receipt
    SI SO LK   sign on or hand over, sign off, lock          TM  to the training counter, and back
    [person]PN:pin   number or badge, and PIN, where the till asks who somebody is
    MN QU DV HP SL   menu, queue, devices, help, back to the sale          CL  clear

In amounts a trailing point stands for three noughts (10. is 10,000) where the currency has no
decimals; else it is the decimal point. What is no verb is a code. A code that reads like a verb with
its number must be found by name.
A PIN is never shown or echoed, of a cash receipt's or a member's number its last four digits: whoever repeats an entry repeats `masked(entry)`.
Source: clerk-and-courier.md 5.3; CORE-POS command grammar (1.1).
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from pos import commands
from pos.cash_receipt import read_number
from pos.commands import Command
from protocols.members import read_named
from protocols.money import KRW, Currency

ENTRY_MAX: Final = 160
"""Characters of one entry; the longest honest one is a count of many denominations."""
TENDER_VERBS: Final = MappingProxyType(
    {"CA": "cash", "CD": "card", "EC": "purse", "TR": "transfer", "PT": "points"}
)
"""The trade's own words, known whether or not a till has them: where it has not, it says so."""


class EntryError(ValueError):
    """What was keyed means nothing; `code` and `blanks` are of the message table."""

    def __init__(self, code: str, /, **blanks: str | int) -> None:
        super().__init__(f"{code} {blanks}")
        self.code = code
        self.blanks = blanks


def parse_entry(
    text: str, currency: Currency = KRW, tenders: Mapping[str, str] = TENDER_VERBS
) -> Command:
    """Return the command that an entry asks for. Raises: EntryError.

    `tenders` is which tender two letters name: what the till offers, the trade's own otherwise.
    """
    text = text.strip()
    if not text:
        raise EntryError("ENT-02", text="")
    if len(text) > ENTRY_MAX:
        raise EntryError("ENT-06", limit=ENTRY_MAX)
    command = _sign(text) or _verb(text, currency, tenders)
    return _code(text) if command is None else command


_PN: Final = r"(?:PN|[ㅔㅖ]ㅜ)"
_CR: Final = r"(?:CR|MB|ㅊ[ㄱㄲ]|ㅡㅠ)"
"""The letters on their keys, also with the keyboard in Hangul: it is no entry then, and still a secret."""
_SECRET: Final = re.compile(rf"([^:]*?{_PN}\s*:).*", re.DOTALL | re.IGNORECASE)
_NUMBER: Final = re.compile(
    rf"([^:]*?{_CR}\s*:)(.*)()|()([\d\s-]+)({_CR}\s*)", re.DOTALL | re.IGNORECASE
)
_SHOWN: Final = 4


def masked(text: str) -> str:
    """Return an entry as it may be shown, logged and echoed: a PIN in it is three stars."""
    if match := _SECRET.fullmatch(text):
        return match[1] + "***"
    if match := _NUMBER.fullmatch(text):
        before, number, after = (part for part in match.groups() if part is not None)
        hidden = max(0, len(number) - _SHOWN)
        return before + "*" * hidden + number[hidden:] + after
    return text


_VERB: Final = re.compile(
    r"(?P<operand>[^:]*?)(?P<verb>[A-Za-z]{2})(?::(?P<reason>.*))?", re.DOTALL
)
_AMOUNT: Final = re.compile(r"\d{1,15}(?P<thousands>\.*)|\d{0,12}\.\d{1,3}", re.ASCII)
_COUNT: Final = re.compile(r"\d{1,5}", re.ASCII)
_QUANTITY: Final = re.compile(r"(\d{1,6})(?:\.(\d{1,3}))?", re.ASCII)
_PIECES: Final = re.compile(r"(\d{1,9})[xX](\d{1,6})", re.ASCII)
_CODE: Final = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)


def _sign(text: str) -> Command | None:
    """Return what an entry that begins with a sign means, or None."""
    match text[0], text[1:]:
        case "+", "":
            return commands.Subtotal()
        case "+", rest:
            return commands.QuickCash(_whole(rest))
        case "-", "":
            return commands.VoidLine()
        case "?", rest:
            return commands.Find(rest.strip())
        case "#", rest:
            return commands.Pick(_whole(rest))
        case _:
            return None


def _verb(text: str, currency: Currency, tenders: Mapping[str, str]) -> Command | None:
    """Return what an entry that ends in a verb means; None when it does not or has a code before it."""
    match = _VERB.fullmatch(text)
    if match is None:
        return None
    operand, verb, reason = match["operand"].strip(), match["verb"].upper(), match["reason"]
    if verb == "FI" and reason is None:
        return commands.Find(operand)
    if verb == "PN" and reason is not None:
        return commands.Prove(operand, reason.strip())
    if verb == "CR" and not (operand and reason):
        return _cash_receipt(operand or reason or "")
    if verb == "MB" and not (operand and reason):
        return _member(operand or reason or "")
    if verb == "CN" and reason is None and operand:
        return commands.CountShift(_denominations(operand))
    if verb == "VF" and not operand:
        return commands.VoidClosed(*_named(reason))
    if verb == "CT" and (not operand or _COUNT.fullmatch(operand)):
        return commands.ChangeTender(_whole(operand or "0"), *_named(reason))
    if verb == "VT" and (not operand or _COUNT.fullmatch(operand)):
        return commands.VoidTender(_whole(operand or "0"), (reason or "").strip())
    if reason is None and not operand and verb in _PLAIN:
        return _PLAIN[verb]
    if not operand and verb in _REASONED:
        return _REASONED[verb]((reason or "").strip())
    if verb == "RL" and operand.endswith("*") and reason is None:
        return commands.ReturnLine(0, _thousandths(operand.removesuffix("*")))
    if verb in _COUNTED and reason is None:
        return _COUNTED[verb](_whole(operand)) if _COUNT.fullmatch(operand) else None
    if verb in _PRINTED and reason is None:
        what = _PRINTED[verb]
        if not operand:
            return commands.Reprint(what=what)
        return commands.Reprint(_whole(operand), what) if _COUNT.fullmatch(operand) else None
    if verb == "QR" and reason is None and (not operand or _COUNT.fullmatch(operand)):
        return commands.ShowLink(_whole(operand) if operand else None)
    if verb in _DISCOUNTS and reason is None:
        return _discount(operand, verb, currency)
    if verb == "QT" and reason is None:
        return commands.SetQuantity(_thousandths(operand)) if _QUANTITY.fullmatch(operand) else None
    if operand and not _AMOUNT.fullmatch(operand):
        return None
    amount = _amount(operand, currency) if operand else None
    method = TENDER_VERBS.get(verb) or tenders.get(verb)
    if method is not None and reason is None:
        return commands.Pay(method, amount)
    return _with_amount(verb, amount, reason)


def _named(text: str | None) -> tuple[str, str]:
    """Return the sale and the reason of an entry; a dash stands for the last sale."""
    sale, _, reason = (text or "").strip().partition(" ")
    return "" if sale == "-" else sale, reason.strip()


def _with_amount(verb: str, amount: int | None, reason: str | None) -> Command | None:
    if verb == "OS" and reason is None:
        return commands.OpenShift(amount or 0)
    if verb == "ED" and reason is None:
        return commands.DepositPurse(amount)
    if verb == "EF" and reason is not None:
        key, _, why = reason.strip().partition(" ")
        return commands.RefundPurse(key, amount, why.strip()) if key else None
    if amount is None:
        return None
    match verb:
        case "EL" if reason is None:
            return commands.LoadPurse(amount)
        case "PR":
            return commands.SetPrice(amount, (reason or "").strip())
        case "CI":
            return commands.MoveCash("in", amount, reason or "")
        case "CO":
            return commands.MoveCash("out", amount, reason or "")
        case "DR":
            return commands.MoveCash("drop", amount, reason or "")
        case _:
            return None


_PRINTED: Final[dict[str, Literal["receipt", "gift", "refusal"]]] = {
    "RP": "receipt",
    "GR": "gift",
    "DP": "refusal",
}
_PLAIN: Final[dict[str, Command]] = {
    "VL": commands.VoidLine(),
    "VD": commands.VoidLast(),
    "TL": commands.Subtotal(),
    "XR": commands.ReadX(),
    "RS": commands.Resume(),
    "RC": commands.Recall(),
    "RL": commands.ReturnLine(),
    "RE": commands.EndReturn(),
    "KT": commands.Park("tender"),
    "KV": commands.Park("void"),
    "PS": commands.PrintSituation(),
    "EB": commands.ReadPurse(),
    "ES": commands.ReadPurse(statement=True),
    "NP": commands.ChoosePaper(wanted=False),
    "WP": commands.ChoosePaper(wanted=True),
    "CL": commands.Cancel(),
    "TM": commands.Train(),
    "SI": commands.SignOn(),
    "SO": commands.SignOff(),
    "LK": commands.Lock(),
    "UP": commands.Select(-1),
    "DN": commands.Select(1),
    "MN": commands.Show("menu"),
    "QU": commands.Show("queue"),
    "DV": commands.Show("devices"),
    "HP": commands.Show("help"),
    "SL": commands.Show("sale"),
}
_REASONED: Final[dict[str, Callable[[str], Command]]] = {
    "VS": commands.VoidSale,
    "CZ": commands.CloseShift,
    "NS": commands.OpenDrawer,
    "HO": commands.Hold,
    "RT": commands.BeginReturn,
    "GB": commands.GiveBack,
}
_COUNTED: Final[dict[str, Callable[[int], Command]]] = {
    "QC": commands.QuickCash,
    "PK": commands.Pick,
    "QK": commands.Quick,
    "RC": commands.Recall,
    "RL": commands.ReturnLine,
    "TD": commands.TestDevice,
    "UP": lambda by: commands.Select(-by),
    "DN": commands.Select,
}


_DISCOUNTS: Final = frozenset({"DI", "DS", "DX"})
_PERCENT_MAX: Final = 100
WORDS: Final = frozenset(
    {
        *(*_PLAIN, *_REASONED, *_COUNTED, *_DISCOUNTS),
        *(
            "FI",
            "CN",
            "CR",
            "MB",
            "RP",
            "GR",
            "QT",
            "VT",
            "VF",
            "CT",
            "OS",
            "CI",
            "CO",
            "DR",
            "PR",
            "EL",
            "ED",
            "EF",
        ),
    }
)
"""Every verb that is no tender's."""


def _discount(operand: str, verb: str, currency: Currency) -> Command | None:
    """Return a discount: a whole number up to 100 is per cent, any other amount is money."""
    if not _AMOUNT.fullmatch(operand):
        return None
    whole, instead = verb != "DI", verb == "DX"
    if operand.isdecimal() and int(operand) <= _PERCENT_MAX:
        return commands.Discount(percent=int(operand), whole=whole, instead=instead)
    return commands.Discount(amount=_amount(operand, currency), whole=whole, instead=instead)


def _cash_receipt(number: str) -> Command:
    try:
        return read_number(number)
    except ValueError as error:
        raise EntryError("ENT-13") from error


def _member(named: str) -> Command:
    if len(named) == 1 and named.isdecimal() and named.isascii():
        return commands.TakeMember(choice=int(named))
    try:
        return commands.TakeMember(read_named(named).text if named.strip() else "")
    except ValueError as error:
        raise EntryError("ENT-14") from error


def _code(text: str) -> Command:
    quantity, star, code = text.rpartition("*")
    if star and not code:
        raise EntryError("ENT-02", text=masked(text))
    if not _CODE.fullmatch(code.strip()):
        raise EntryError("ENT-02", text=masked(text))
    return commands.Scan(code.strip(), _thousandths(quantity) if star else 1000)


def _whole(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise EntryError("ENT-01", text=text)
    return int(text)


def _thousandths(text: str) -> int:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise EntryError("ENT-01", text=text)
    return int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0"))


def _amount(text: str, currency: Currency) -> int:
    match = _AMOUNT.fullmatch(text)
    assert match is not None, "the caller has matched it"
    if currency.exponent == 0:
        thousands: str | None = match["thousands"]
        if thousands is None:
            raise EntryError("ENT-01", text=text)
        return int(text.rstrip(".") + "000" * len(thousands))
    whole, _, part = text.partition(".")
    if len(part) > currency.exponent or "." in part:
        raise EntryError("ENT-01", text=text)
    return int((whole or "0") + part.ljust(currency.exponent, "0"))


def _denominations(text: str) -> dict[int, int]:
    if text == "0":
        return {}
    counted: dict[int, int] = {}
    for part in text.split(","):
        match = _PIECES.fullmatch(part.strip())
        if match is None:
            raise EntryError("ENT-01", text=part)
        face = int(match[1])
        counted[face] = counted.get(face, 0) + int(match[2])
    return counted
