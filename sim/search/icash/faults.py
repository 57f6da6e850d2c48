"""Seeded faults of ICash: each breaks one rule, and the search must find it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocols.icash.details import NO_DETAILS
from protocols.icash.image import CardImage, ModuleImage, Status
from protocols.icash.rules import CardRules, ModuleRules
from sim.search.icash.world import IcashIssuerRules, IcashScope

_WORD: Final = 1 << 32
_DEFAULT: Final = IcashScope()


@dataclass(frozen=True, slots=True, kw_only=True)
class IcashFault:
    """One broken rule, or one size too small."""

    name: str
    card: Callable[[], CardRules] = CardRules
    module: Callable[[], ModuleRules] = ModuleRules
    issuer: Callable[[], IcashIssuerRules] = IcashIssuerRules
    scope: IcashScope = _DEFAULT


class _NoFunds(CardRules):
    def funds(self, balance: int, amount: int) -> bool:
        return amount > 0

    def debited(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        paid = super().debited(image, details, 0, slots)
        return paid._replace(balance=(image.balance - amount) % _WORD)


class _CardKeepsNumber(CardRules):
    def debited(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        return super().debited(image, details, amount, slots)._replace(number=image.number)


class _AnyOrder(CardRules):
    def genuine(self, expected: bytes, given: bytes) -> bool:
        return True


class _ReceiptBeforeCommit(CardRules):
    def debited(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        return image


class _DebitWithoutRecord(CardRules):
    def debited(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        return super().debited(image, details, amount, slots)._replace(records=image.records)


class _RecordWithoutDebit(CardRules):
    def debited(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        return super().debited(image, details, amount, slots)._replace(balance=image.balance)


class _LoadKeepsNumber(CardRules):
    def loaded(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        return super().loaded(image, details, amount, slots)._replace(loads=image.loads)


class _LoadBeforeCommit(CardRules):
    def loaded(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        return image


class _AnyReceipt(ModuleRules):
    def genuine(self, expected: bytes, given: bytes) -> bool:
        return True


class _CreditUnasked(ModuleRules):
    def is_pending(self, image: ModuleImage, details: bytes) -> bool:
        return True


class _StillPending(ModuleRules):
    def credited(self, image: ModuleImage, amount: int) -> ModuleImage:
        return image._replace(total=image.total + amount)


class _CreditBeforeCommit(ModuleRules):
    def credited(self, image: ModuleImage, amount: int) -> ModuleImage:
        return image._replace(status=Status.IDLE, pending=NO_DETAILS)


class _GivesUpForGood(ModuleRules):
    def given_up(self, image: ModuleImage) -> ModuleImage:
        return image._replace(status=Status.IDLE, pending=NO_DETAILS)


class _ModuleKeepsNumber(ModuleRules):
    def asked(self, image: ModuleImage, details: bytes) -> ModuleImage:
        return super().asked(image, details)._replace(number=image.number)


class _StaleOpening(ModuleRules):
    def is_next(self, module_number: int, next_number: int) -> bool:
        return True


class _LateStaysOpen(ModuleRules):
    def credited_late(self, image: ModuleImage, details: bytes, amount: int) -> ModuleImage:
        return image._replace(total=image.total + amount)


class _LateUnasked(ModuleRules):
    def is_open(self, image: ModuleImage, details: bytes) -> bool:
        return True


class _ClearsAll(ModuleRules):
    def cleared(self, image: ModuleImage, details: bytes) -> ModuleImage:
        return image._replace(open=())


class _OverwriteOldest(ModuleRules):
    def room_to_ask(self, image: ModuleImage, slots: int) -> bool:
        return True

    def given_up(self, image: ModuleImage) -> ModuleImage:
        given_up = super().given_up(image)
        return given_up._replace(open=given_up.open[-1:])


class _PayOnCard(IcashIssuerRules):
    def may_pay_back(self, *, card_has_record: bool, module_cleared: bool) -> bool:
        return card_has_record


class _PayOnModule(IcashIssuerRules):
    def may_pay_back(self, *, card_has_record: bool, module_cleared: bool) -> bool:
        return module_cleared


class _OrderTwice(IcashIssuerRules):
    def may_order_again(self, ordered: tuple[int, ...]) -> bool:
        return True


_LOADS: Final = IcashScope(loads=1)

ICASH_FAULTS: Final = (
    IcashFault(name="no funds needed", card=_NoFunds, scope=IcashScope(starts=3)),
    IcashFault(name="card uses a number twice", card=_CardKeepsNumber),
    IcashFault(name="card takes any order", card=_AnyOrder),
    IcashFault(name="S3 released before the commit", card=_ReceiptBeforeCommit),
    IcashFault(name="debit torn from its record", card=_DebitWithoutRecord),
    IcashFault(name="record torn from its debit", card=_RecordWithoutDebit),
    IcashFault(name="card remembers one debit only", scope=IcashScope(record_slots=1)),
    IcashFault(name="a load's number used twice", card=_LoadKeepsNumber, scope=_LOADS),
    IcashFault(name="L3 released before the commit", card=_LoadBeforeCommit, scope=_LOADS),
    IcashFault(name="module takes any receipt", module=_AnyReceipt),
    IcashFault(name="module credits what it did not ask for", module=_CreditUnasked),
    IcashFault(name="module waits on after a credit", module=_StillPending),
    IcashFault(name="module forgets to add the credit", module=_CreditBeforeCommit),
    IcashFault(name="module gives up and forgets", module=_GivesUpForGood),
    IcashFault(name="module uses a number twice", module=_ModuleKeepsNumber),
    IcashFault(name="an old opening is accepted", module=_StaleOpening),
    IcashFault(name="a late credit stays open", module=_LateStaysOpen),
    IcashFault(name="module credits late what is not open", module=_LateUnasked),
    IcashFault(name="clearing one purchase clears all", module=_ClearsAll),
    IcashFault(
        name="open purchases overwrite the oldest",
        module=_OverwriteOldest,
        scope=IcashScope(open_slots=1),
    ),
    IcashFault(name="issuer pays on the card's word", issuer=_PayOnCard),
    IcashFault(name="issuer pays on the module's word", issuer=_PayOnModule),
    IcashFault(
        name="host orders two amounts for one load",
        issuer=_OrderTwice,
        scope=IcashScope(loads=1, values=(1, 2)),
    ),
)
"""Every fault, in the order in which the evidence lists them."""
