"""What a scenario's world begins with, read from its `given`: only what differs is written down.

given.cards.customer-1 = { balance = 1_000, pin_above = 500 }     fields as in sim/cards/issue.py
given.cards.stranger = { foreign = true }                         another issuer's card
given.printer = { profile = "no-print-done" }                     a device's table as in a plan
given.scanner = { absent = true }
given.customer = { kind = "hybrid_reader" }                       a chip and stripe reader on a serial line
given.till = { printer_proof = "status" }                         keys of [devices] of ips-pos
given.cards.credit-1 = {}                                         a payment card or passbook of the set payment
given.banks.hanbit = { offline = { sale = 5_000 } }               a bank, as in the broker's configuration
given.payment_terminal = {}                                       a stand-alone payment terminal
given.members.M123456782 = 1_000                                  a shop with points, and who has some
given.shift = "closed"                                            or the float, in minor units
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from ips.bank.wiring import BankConfig
from pos.config import DevicesTable
from protocols.members import is_card
from sim.cards.emv_issue import EmvSet
from sim.cards.issue import CardSet, CardSetError, CardWish, checked
from sim.cards.passbook_issue import PassbookSet
from sim.stage.plan import DevicePlan, PlanError, device_plan
from sim.stage.scenario.words import nearest
from sim.stage.world.bank_cards import shipped
from sim.stage.world.banks import BANKS, HANBIT, WIRING
from sim.stage.world.equipment import (
    DEVICES,
    PAYMENT_TERMINAL,
    PIN_PAD,
    SHOP,
    SLOTS,
    TwinWish,
    wish,
)
from sim.stage.world.given import FLOAT, Given, TillWish

_ADDRESSES: Final = {
    *("printer", "line_display", "scanner", "stripe_reader", "pin_pad", "payment_terminal"),
    *("customer_card", "shop_card"),
}
"""The world knows these; a scenario does not."""
Where = Callable[..., str]
"""Returns "FILE:LINE: " of a path below given."""


class GivenError(ValueError):
    """The world cannot begin so. The message begins with file and line."""


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    language: Literal["ko", "en"] = "en"
    shift: int | Literal["closed"] = FLOAT
    joined: bool = True
    members: dict[str, int] = {}
    till: dict[str, Any] = {}
    cards: dict[str, dict[str, Any]] = {}
    printer: dict[str, Any] = {}
    line_display: dict[str, Any] = {}
    banks: dict[str, dict[str, Any]] | None = None
    pin_pad: dict[str, Any] | None = None
    payment_terminal: dict[str, Any] | None = None
    scanner: dict[str, Any] = {}
    stripe_reader: dict[str, Any] = {}
    customer: dict[str, Any] = {}
    shop: dict[str, Any] = {}


def read_given(table: dict[str, Any], where: Where) -> Given:
    """Return what a world begins with. Raises: GivenError."""
    known = [field.encode_name for field in msgspec.structs.fields(_Given)]
    for key in table:
        if key not in known:
            raise GivenError(f"{where(key)}given has no {key!r}; {nearest(key, known)}")
    try:
        given = msgspec.convert(table, _Given)
    except msgspec.ValidationError as error:
        raise GivenError(f"{where()}given: {error}") from error
    cards, foreign = _cards(given.cards, where)
    equipment, told = _equipment(given, where)
    return Given(
        tills=(
            TillWish(
                language=given.language,
                # What a device's profile asks of the till, unless the scenario says otherwise.
                devices={**told, **_till(given.till, where)},
                joined=given.joined,
                equipment=equipment,
                float_amount=None if given.shift == "closed" else given.shift,
            ),
        ),
        cards=cards,
        foreign=foreign,
        banks=_banks(given.banks, where),
        members=_members(given.members, where),
    )


def _till(table: dict[str, Any], where: Where) -> Mapping[str, Any]:
    fields = [field.encode_name for field in msgspec.structs.fields(DevicesTable)]
    known = [name for name in fields if name not in _ADDRESSES]
    for key in table:
        if key not in known:
            raise GivenError(
                f"{where('till', key)}given.till has no {key!r}; {nearest(key, known)}"
            )
    try:
        msgspec.convert(table, DevicesTable)
    except msgspec.ValidationError as error:
        raise GivenError(f"{where('till')}given.till: {error}") from error
    return table


def _members(table: dict[str, int], where: Where) -> Mapping[str, int]:
    for number, points in table.items():
        if not is_card(number) or points < 0:
            place = where("members", number)
            raise GivenError(
                f"{place}{number} = {points}: a member's card and points, none below 0"
            )
    return table


def _banks(
    tables: dict[str, dict[str, Any]] | None, where: Where
) -> Mapping[str, Mapping[str, Any]] | bool:
    if tables is None:
        return False
    known = [field.encode_name for field in msgspec.structs.fields(BankConfig)]
    for name, table in tables.items():
        if name not in BANKS:
            raise GivenError(f"{where('banks', name)}no bank {name!r}; {nearest(name, BANKS)}")
        for key in table:
            if key not in known or key == "address":
                raise GivenError(
                    f"{where('banks', name, key)}a bank has no {key!r}; {nearest(key, known[1:])}"
                )
        try:
            msgspec.convert({"address": name, **table}, BankConfig)
        except msgspec.ValidationError as error:
            raise GivenError(f"{where('banks', name)}given.banks.{name}: {error}") from error
    return {name: {**WIRING[name], **table} for name, table in (tables or {HANBIT: {}}).items()}


def _equipment(given: _Given, where: Where) -> tuple[dict[str, TwinWish], dict[str, Any]]:
    """Return the twins, and what their profiles ask of the till's configuration."""
    wishes, told = {}, dict[str, Any]()
    for name in (*DEVICES, PIN_PAD, PAYMENT_TERMINAL):
        # A shop that takes payment cards has a PIN pad; any other where it is named, as a terminal is.
        missing = name == PAYMENT_TERMINAL or (name == PIN_PAD and given.banks is None)
        usual: dict[str, Any] | None = None if missing else {}
        wanted = getattr(given, name)
        if wanted is None and usual is None:
            continue
        table = dict(wanted or {})
        if table.pop("absent", False) is True:
            continue
        plan = _plan(name, table, where)
        told |= plan.till
        wishes[name] = TwinWish(
            options=plan.options,
            kind=plan.kind.name,
            line=plan.line,
            faults=plan.faults,
            pace=plan.pace,
            start=plan.start,
        )
    return wishes, told


def _plan(name: str, table: dict[str, Any], where: Where) -> DevicePlan:
    standard = wish(name)
    told = {"kind": "smart_card" if name in SLOTS else name} | table
    if "line" not in told and "profile" not in told:
        told["line"] = {"baud": standard.line.baud}
    if name == SHOP:
        told["options"] = {"inserted": SHOP} | told.get("options", {})
    try:
        return device_plan(name, told, f"{where(name)}given.{name}")
    except PlanError as error:
        raise GivenError(str(error)) from error


def _cards(tables: dict[str, dict[str, Any]], where: Where) -> tuple[CardSet, frozenset[str]]:
    standard = Given().cards
    known = [field.encode_name for field in msgspec.structs.fields(CardWish)]
    wishes, foreign = dict(standard.cards), set()
    payment = {label: table for label, table in tables.items() if label in shipped().labels()}
    made = _payment_cards(standard, payment, where)
    for number, (label, table) in enumerate(tables.items(), 1):
        if label in payment:
            continue
        fields = dict(table)
        if fields.pop("foreign", False) is True:
            foreign.add(label)
        for key in fields:
            if key not in known:
                place = where("cards", label, key)
                raise GivenError(f"{place}a card has no {key!r}; {nearest(key, known)}")
        before = wishes.get(label)
        base = {"name": f"MORE{number:04d}"} if before is None else msgspec.to_builtins(before)
        try:
            wishes[label] = msgspec.convert(base | fields, CardWish)
        except msgspec.ValidationError as error:
            raise GivenError(f"{where('cards', label)}given.cards.{label}: {error}") from error
    made = msgspec.structs.replace(made, cards=wishes)
    try:
        return checked(made, f"{where('cards')}given"), frozenset(foreign)
    except CardSetError as error:
        raise GivenError(str(error)) from error


def _payment_cards(standard: CardSet, tables: dict[str, dict[str, Any]], where: Where) -> CardSet:
    """Return a set with payment cards and passbooks, each as it is shipped but for what is written."""
    known_ones = shipped()
    emv: dict[str, Any] = {}
    books: dict[str, Any] = {}
    for label, table in tables.items():
        chip = label in known_ones.emv.cards
        before = known_ones.emv.cards[label] if chip else known_ones.passbook.cards[label]
        kind = type(before)
        known = [field.encode_name for field in msgspec.structs.fields(kind)]
        for key in table:
            if key not in known:
                place = where("cards", label, key)
                raise GivenError(f"{place}{label} has no {key!r}; {nearest(key, known)}")
        try:
            wish = msgspec.convert(msgspec.to_builtins(before) | table, kind)
        except msgspec.ValidationError as error:
            raise GivenError(f"{where('cards', label)}given.cards.{label}: {error}") from error
        (emv if chip else books)[label] = wish
    return msgspec.structs.replace(
        standard, emv=EmvSet(cards=emv), passbook=PassbookSet(cards=books)
    )
