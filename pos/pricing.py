"""The commands that change what goods cost: discount, another price, coupon.

What the clerk may take off alone is policy; above it the right of a supervisor is asked for, and who
allowed it stands on the line, in the journal and in the audit. A coupon is scanned like goods.
Source: clerk-and-courier.md 1.2 (Price), 1.3 (Supervisor override).
"""

from dataclasses import dataclass
from typing import Final

from pos import commands
from pos.register import Register
from pos.rights import Right
from pos.sale import DiscountLine, DiscountSale, PriceLine, TakeCoupon
from pos.selling import Selling
from pos.view import Notice
from protocols.documents import Coupon

_WHOLE: Final = 100
"""Per cent."""


@dataclass(frozen=True, slots=True)
class Pricing:
    """Carries out what concerns prices."""

    register: Register
    selling: Selling

    async def discount(self, command: commands.Discount) -> Notice | None:
        """Take something off the selected line or the whole sale. Raises: NotAllowedError."""
        register = self.register
        if not register.has_sale():
            return register.say("ENT-08")
        whole = command.whole
        selected = register.selected
        if not whole and selected < 0:
            return register.say("ENT-07")
        of = register.sale.subtotal if whole else register.sale.lines[selected].gross
        above = self._above(command, of)
        if above:
            register.demand(Right.SALE_DISCOUNT_ABOVE)
        approver = self._approver() if above else ""
        if whole:
            refused = await self.selling.step(
                DiscountSale(
                    percent=command.percent,
                    amount=command.amount,
                    moved_from=selected if command.instead and selected >= 0 else None,
                    approver=approver,
                )
            )
        else:
            refused = await self.selling.step(
                DiscountLine(
                    line=selected,
                    percent=command.percent,
                    amount=command.amount,
                    approver=approver,
                )
            )
        if refused is not None:
            return refused
        off = register.sale.reduced if whole else register.sale.lines[selected].discount
        return register.say("sale_discounted" if whole else "line_discounted", amount=off)

    async def set_price(self, command: commands.SetPrice) -> Notice | None:
        """Sell the selected line at another price. Raises: NotAllowedError."""
        register = self.register
        if not register.has_sale() or register.selected < 0:
            return register.say("ENT-07")
        line = register.sale.lines[register.selected]
        price = command.price or line.goods.unit_price
        down = (line.goods.unit_price - price) * line.quantity // 1000
        above = price != line.goods.unit_price and (
            down < 0 or down > register.policy.price_override_max
        )
        if above:
            register.demand(Right.PRICE_OVERRIDE)
        refused = await self.selling.step(
            PriceLine(
                line=register.selected,
                price=command.price,
                reason=command.reason,
                approver=self._approver() if above else "",
            )
        )
        if refused is not None:
            return refused
        return register.say("price_set", price=price)

    async def take_coupon(self, coupon: Coupon) -> Notice:
        """Let a scanned coupon count for the open sale."""
        register = self.register
        if not is_valid(coupon, register.business_date):
            return register.say("DSC-03", code=coupon.code, until=coupon.valid_until or "-")
        if not register.has_sale():
            return register.say("PAY-01")
        before = register.sale.reduced
        refused = await self.selling.step(
            TakeCoupon(
                code=coupon.code,
                name_ko=coupon.name_ko,
                name_en=coupon.name_en,
                percent=coupon.percent,
                amount=coupon.amount,
                minimum=coupon.minimum,
            )
        )
        if refused is not None:
            return refused
        name = coupon.name_ko if register.language == "ko" else coupon.name_en
        return register.say("coupon_taken", name=name, amount=register.sale.reduced - before)

    def coupon(self, code: str) -> Coupon | None:
        """Return the coupon that a code means, or None; goods of that code come first."""
        register = self.register
        if register.assortment is None or register.assortment.scan(code) is not None:
            return None
        coupons = register.policy.coupons
        return next((coupon for coupon in coupons if coupon.code == code.strip()), None)

    def _approver(self) -> str:
        """Return who allowed what the clerk alone may not; nobody where the clerk may."""
        approval = self.register.approval
        return "" if approval is None else approval.person.id

    def _above(self, command: commands.Discount, of: int) -> bool:
        """Say whether this is more than a clerk may take off alone."""
        most = self.register.policy.discount_percent_max
        taken = of * command.percent + command.amount * _WHOLE
        return taken > of * most


def is_valid(coupon: Coupon, date: str) -> bool:
    """Say whether a coupon counts on a business date, YYYYMMDD."""
    return (not coupon.valid_from or coupon.valid_from <= date) and (
        not coupon.valid_until or date <= coupon.valid_until
    )
