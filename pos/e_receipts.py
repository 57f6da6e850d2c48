"""E-receipts at the counter: with paper or without, and the link on the screen for a telephone to read.

    policy receipt_paper   always   paper, unless the customer wants none (NP)
                           asked    none, unless the customer wants it (WP)

Without paper the link of the sale stands on the screen until the next key or scan. Its receipt is kept
all the same: F11 prints it. Who shows the link of an earlier sale stands in the journal, as who prints a copy.
"""

from dataclasses import dataclass

import msgspec

from pos.points import BASKET, COPY
from pos.register import Register
from pos.sale_events import PaperChosen
from pos.sale_state import Sale
from pos.trading_day import TradingDay
from pos.view import LinkView, Notice
from protocols.facts import ReceiptCopied, SaleClosed
from protocols.receipt_link import link

_SALE = msgspec.msgpack.Decoder(SaleClosed)


def on_paper(register: Register, sale: Sale) -> bool:
    """Tell whether the receipt of a sale comes out on paper; where there are no e-receipts it does."""
    if not register.linked:
        return True
    if not register.setup.has_printer:
        return False
    return register.policy.receipt_paper == "always" if sale.paper is None else sale.paper


def shown(register: Register, sale: int, token: str) -> LinkView | None:
    """Return the link of a sale as the screen shows it; None where it has none."""
    base = register.policy.receipt_link
    if not base or not token:
        return None
    return LinkView(sale=register.sale_name(sale), address=link(base, token))


@dataclass(frozen=True, slots=True)
class EReceipts:
    """Carries out what the clerk does about them."""

    register: Register

    async def choose(self, *, wanted: bool) -> Notice:
        """Keep whether the open sale's receipt comes out on paper. Raises: StoreError."""
        register = self.register
        if not register.linked:
            return register.say("RPT-04")
        if wanted and not register.setup.has_printer:
            return register.say("PRN-08")
        if register.sale.is_empty():
            return register.say("PAY-01")
        await register.keep([PaperChosen(wanted=wanted)], BASKET)
        return register.say("paper_wanted" if wanted else "paper_not_wanted")

    def show_again(self) -> bool:
        """Show the last sale's link as before a restart; tell whether it is shown.

        Only where its receipt is on no paper, and nobody is served yet."""
        register, last = self.register, self.register.last
        if last is None or not last.unprinted or not register.sale.is_empty():
            return False
        register.shown_link = shown(register, last.number, last.link)
        return register.shown_link is not None

    async def show(self, sale: int | None) -> Notice | LinkView:
        """Return the link of a sale of this day, or of the last; who asked is on record.

        Raises: StoreError.
        """
        register = self.register
        paper = await TradingDay(register).receipt(sale)
        if paper is None:
            number = register.sale_name(sale or 0)
            return register.say("RPT-01") if sale is None else register.say("RPT-02", sale=number)
        found = shown(register, paper.sale, _SALE.decode(paper.body).link)
        if found is None:
            return register.say("RPT-03", sale=register.sale_name(paper.sale))
        fact = ReceiptCopied(sale=paper.sale, copy=paper.copy, reason="link")
        await register.append([register.draft(fact, amount=0)], COPY)
        return found
