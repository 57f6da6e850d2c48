"""Rights: each command needs exactly one, and the roles that ship grow from clerk to manager."""

from typing import get_args

import pytest

from pos import commands
from pos.rights import ROLES, Right, Role, may, right_of

ELSEWHERE = {
    *(Right.DRAWER_TAKE_OVER, Right.SALE_DISCOUNT_ABOVE, Right.PRICE_OVERRIDE),
    Right.SHIFT_SIGN_OFF,
    *(Right.RETURN_LATE, Right.RETURN_WITHOUT_RECEIPT, Right.REFUND_OTHER_WAY),
}
"""Demanded by a state or an amount, not by a command (pos.people, pos.pricing, pos.returning,
pos.trading_day)."""
EXAMPLES: dict[type, commands.Command] = {
    commands.Scan: commands.Scan("8801"),
    commands.SetQuantity: commands.SetQuantity(2000),
    commands.SetPrice: commands.SetPrice(1_000),
    commands.Quick: commands.Quick(1),
    commands.TestDevice: commands.TestDevice(1),
    commands.VoidSale: commands.VoidSale(),
    commands.Select: commands.Select(1),
    commands.Pay: commands.Pay("cash"),
    commands.LoadPurse: commands.LoadPurse(1_000),
    commands.RefundPurse: commands.RefundPurse("S1-01-20260417-0001-a"),
    commands.QuickCash: commands.QuickCash(1),
    commands.Find: commands.Find(""),
    commands.Pick: commands.Pick(1),
    commands.OpenShift: commands.OpenShift(0),
    commands.MoveCash: commands.MoveCash("in", 1, "x"),
    commands.OpenDrawer: commands.OpenDrawer("x"),
    commands.Park: commands.Park("tender"),
    commands.CashReceipt: commands.CashReceipt("income", "010****5678"),
    commands.ChoosePaper: commands.ChoosePaper(wanted=False),
    commands.Prove: commands.Prove("7", "4711"),
    commands.Show: commands.Show("menu"),
}


@pytest.mark.parametrize("kind", get_args(commands.Command), ids=lambda kind: kind.__name__)
def test_right_of_every_command_is_named_and_somebody_has_it(kind: type) -> None:
    """A command nobody may give would be dead; one without a right would be open to all."""
    command = EXAMPLES[kind] if kind in EXAMPLES else kind()

    right = right_of(command)

    assert isinstance(right, Right)
    assert may(Role.MANAGER, right)


def test_every_right_is_needed_by_some_command() -> None:
    """A right that guards nothing would promise protection that is not there."""
    guarded = {
        right_of(EXAMPLES[kind] if kind in EXAMPLES else kind())
        for kind in get_args(commands.Command)
    }
    assert guarded | ELSEWHERE == set(Right)
    assert not guarded & ELSEWHERE


def test_clerk_sells_and_supervisor_moves_cash() -> None:
    """The split of clerk-and-courier.md 1.2: cash without a sale and the X are a supervisor's."""
    assert may(Role.CLERK, Right.PAYMENT_TAKE)
    assert not may(Role.CLERK, Right.CASH_MOVE)
    assert not may(Role.CLERK, Right.SHIFT_READ)
    assert may(Role.SUPERVISOR, Right.CASH_MOVE)


def test_roles_are_complete_and_grow() -> None:
    """Every role has its row; a supervisor can do what a clerk can, a manager everything."""
    assert set(ROLES) == set(Role)
    assert ROLES[Role.CLERK] < ROLES[Role.SUPERVISOR] <= ROLES[Role.MANAGER] == set(Right)
