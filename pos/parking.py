"""Sets a payment in doubt aside, so that its sale can go on; a supervisor's decision.

A parked attempt stays in doubt, in the queue and on the Z. Should it prove paid while its sale is still
open, it stands in the sale; afterwards it is the customer's money and goes back (decisions.md "A parked
attempt"). The customer gets a slip with the key by which everybody will find it.
"""

from dataclasses import dataclass, replace
from typing import Literal

from pos.doubted import Doubted, look
from pos.points import ATTEMPT
from pos.register import Register
from pos.selling import Selling
from pos.store.journal import Draft
from pos.store.papers import Paper
from pos.tenders.agreement import holds_money
from pos.view import Notice
from protocols.facts import AttemptParked
from receipts.forms.situation import Situation


@dataclass(frozen=True, slots=True)
class Parking:
    """Carries out what a person decides about the payment that holds the counter."""

    register: Register
    selling: Selling

    async def park(self, instead: Literal["tender", "void"]) -> Notice:
        """Set it aside; pay its sale another way, or give the sale up. Raises: StoreError."""
        register = self.register
        doubted = register.doubted
        if doubted is None:
            return register.say("no_doubts")
        set_aside, slip = (
            parked(register, doubted, instead),
            situation(register, doubted, parked=True),
        )
        if instead == "void" and register.has_sale():
            refused = self.selling.refuses_to_give_up()
            if refused is not None:
                return refused
            reason = f"parked {doubted.doubt.key}"
            await self.selling.give_up(reason, first=[set_aside], papers=[slip])
        else:
            await register.append([set_aside], ATTEMPT, papers=[slip])
        await look(register)
        code = "sale_parked" if instead == "void" else "PUR-26"
        return register.say(code, amount=doubted.doubt.fact.amount, key=doubted.doubt.key)

    async def print_situation(self) -> Notice:
        """Print how it stands. Raises: StoreError."""
        register = self.register
        if register.doubted is None:
            return register.say("no_doubts")
        await register.print_paper(situation(register, register.doubted, parked=False))
        return register.say("situation_printed")


def parked(register: Register, doubted: Doubted, instead: Literal["tender", "void"]) -> Draft:
    """Return the record that sets an attempt in doubt aside."""
    fact, intent = doubted.doubt.fact, doubted.doubt.intent
    set_aside = AttemptParked(
        sale=fact.sale,
        method=fact.method,
        amount=fact.amount,
        instead=instead,
        service=fact.service,
    )
    draft = register.draft(set_aside, amount=fact.amount, attempt=doubted.doubt.key)
    return replace(draft, business_date=intent.business_date, references=dict(intent.references))


def situation(register: Register, doubted: Doubted, *, parked: bool) -> Paper:
    """Return the slip that says how it stands, for the customer."""
    fact = doubted.doubt.fact
    shown = Situation(
        sale=fact.sale,
        method=fact.method,
        attempt=doubted.doubt.key,
        amount=fact.amount,
        happened=register.say(doubted.code).banner,
        card=doubted.sides.card.value,
        balance=doubted.sides.balance,
        shop=doubted.sides.shop.value,
        parked=parked,
        carded=holds_money(register.tenders.tender(fact.method)),
        back=fact.service == "void",
    )
    return register.paper("situation", shown)
