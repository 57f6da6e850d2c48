"""Rights: every command needs one named right; a role is a set of rights.

    right              what it allows
    sale.enter         take items, change a quantity, look items up
    sale.discount      take per cent or money off, within the policy's limits; coupons
    sale.discount_above  the same above them
    price.override     another price than the catalogue's, above the policy's limit
    sale.return        take goods back with their receipt
    sale.return_late   the same after the policy's days
    sale.return_without_receipt  goods without one, up to the policy's limit
    payment.other_way  give money back another way than it was paid
    sale.hold          put a basket aside, go on with one
    sale.void_line     take back a line
    sale.void          give up a basket
    sale.void_closed   void a sale that was closed in this shift
    payment.take       take a payment
    payment.park       set a payment in doubt aside
    payment.change     replace a payment of a sale that was closed in this shift
    payment.void       take a payment out of an open sale, its money goes back as it came
    purse.read         read a customer's card
    purse.load         put value on a card for cash
    purse.refund       give an e-cash payment back
    purse.deposit      give the shop's e-cash to the teller
    shift.open         open the day with a float
    shift.close        count, and write the Z
    shift.sign_off     write a Z that carries payments in doubt or questions of the broker
    shift.read         print the X
    cash.move          cash in or out of the drawer without a sale
    drawer.open        open the drawer without a sale
    receipt.reprint    print a receipt again
    screen.show        look at queue, devices, menu and help
    staff.sign         sign off, lock, hand over
    training.start     go over to the training counter
    drawer.take_over   work at another's open drawer, where drawers are not shared

Verbs are kept apart as the trade keeps them apart (uniCenta's and Dynamics' operations), so that a
store can forbid one without the other. A policy document may replace the table; this is what ships.
Source: decisions.md "Messages", clerk-and-courier.md 1.1 and 1.2 (Roles).
"""

from enum import StrEnum
from typing import Final, assert_never

from pos import commands
from pos.commands import Command


class Right(StrEnum):
    """One thing a person may be allowed to do; the value is its name in documents and messages."""

    SALE_ENTER = "sale.enter"
    SALE_DISCOUNT = "sale.discount"
    SALE_DISCOUNT_ABOVE = "sale.discount_above"
    PRICE_OVERRIDE = "price.override"
    SALE_HOLD = "sale.hold"
    SALE_RETURN = "sale.return"
    RETURN_LATE = "sale.return_late"
    RETURN_WITHOUT_RECEIPT = "sale.return_without_receipt"
    REFUND_OTHER_WAY = "payment.other_way"
    SALE_VOID_LINE = "sale.void_line"
    SALE_VOID = "sale.void"
    SALE_VOID_CLOSED = "sale.void_closed"
    PAYMENT_TAKE = "payment.take"
    PAYMENT_PARK = "payment.park"
    PAYMENT_CHANGE = "payment.change"
    PAYMENT_VOID = "payment.void"
    PURSE_READ = "purse.read"
    PURSE_LOAD = "purse.load"
    PURSE_REFUND = "purse.refund"
    PURSE_DEPOSIT = "purse.deposit"
    SHIFT_OPEN = "shift.open"
    SHIFT_CLOSE = "shift.close"
    SHIFT_SIGN_OFF = "shift.sign_off"
    SHIFT_READ = "shift.read"
    CASH_MOVE = "cash.move"
    DRAWER_OPEN = "drawer.open"
    RECEIPT_REPRINT = "receipt.reprint"
    SCREEN_SHOW = "screen.show"
    STAFF_SIGN = "staff.sign"
    TRAINING_START = "training.start"
    DRAWER_TAKE_OVER = "drawer.take_over"


_NAMES: Final[dict[Right, tuple[str, str]]] = {
    Right.SALE_ENTER: ("상품 입력", "entering goods"),
    Right.SALE_DISCOUNT: ("할인", "a discount"),
    Right.SALE_DISCOUNT_ABOVE: ("한도 넘는 할인", "a larger discount"),
    Right.PRICE_OVERRIDE: ("단가 변경", "another price"),
    Right.SALE_HOLD: ("보류/호출", "hold and recall"),
    Right.SALE_RETURN: ("반품", "a return"),
    Right.RETURN_LATE: ("기한 지난 반품", "a late return"),
    Right.RETURN_WITHOUT_RECEIPT: ("영수증 없는 반품", "return, no receipt"),
    Right.REFUND_OTHER_WAY: ("다른 방법 환불", "refund another way"),
    Right.SALE_VOID_LINE: ("줄 취소", "voiding a line"),
    Right.SALE_VOID: ("판매취소", "voiding the sale"),
    Right.PAYMENT_TAKE: ("결제", "taking a payment"),
    Right.PAYMENT_PARK: ("미확정 보관", "parking a payment"),
    Right.SALE_VOID_CLOSED: ("끝난 판매 취소", "voiding a closed sale"),
    Right.PAYMENT_CHANGE: ("결제 변경", "changing a payment"),
    Right.PAYMENT_VOID: ("결제 취소", "voiding a payment"),
    Right.PURSE_READ: ("카드 잔액 보기", "reading a card"),
    Right.PURSE_LOAD: ("카드 충전", "loading a card"),
    Right.PURSE_REFUND: ("전자화폐 환불", "an e-cash refund"),
    Right.PURSE_DEPOSIT: ("전자화폐 예치", "an e-cash deposit"),
    Right.SHIFT_OPEN: ("개점", "opening the shift"),
    Right.SHIFT_CLOSE: ("마감", "closing the shift"),
    Right.SHIFT_SIGN_OFF: ("미확정 있는 마감", "a Z with doubts"),
    Right.SHIFT_READ: ("X 중간표", "the X report"),
    Right.CASH_MOVE: ("입금/출금", "cash in or out"),
    Right.DRAWER_OPEN: ("돈통 열기", "opening the drawer"),
    Right.RECEIPT_REPRINT: ("영수증 재발행", "a reprint"),
    Right.SCREEN_SHOW: ("화면 보기", "looking at screens"),
    Right.STAFF_SIGN: ("근무/잠금", "signing on and off"),
    Right.TRAINING_START: ("연습 계산대", "the training counter"),
    Right.DRAWER_TAKE_OVER: ("남의 돈통", "another's drawer"),
}
"""What a right allows, as people read it: Korean, English; at most 20 cells."""


def named(right: Right, language: str) -> str:
    """Return what a right allows in words."""
    korean, english = _NAMES[right]
    return korean if language == "ko" else english


class NotAllowedError(Exception):
    """Raised before anything has happened: this needs a right that whoever asked has not."""

    def __init__(self, right: Right) -> None:
        super().__init__(right.value)
        self.right = right


class Role(StrEnum):
    """Who somebody is at the till."""

    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    TRAINER = "trainer"
    """Shows newcomers the till: opens the training counter, and does nothing that lasts."""
    COURIER = "courier"
    """Delivers, and takes money at the door."""


_CLERK: Final = frozenset(
    {
        Right.SALE_ENTER,
        Right.SALE_DISCOUNT,
        Right.SALE_HOLD,
        Right.SALE_RETURN,
        Right.SALE_VOID_LINE,
        Right.SALE_VOID,
        Right.PAYMENT_TAKE,
        Right.PAYMENT_VOID,
        Right.PURSE_READ,
        Right.PURSE_LOAD,
        Right.SHIFT_OPEN,
        Right.SHIFT_CLOSE,
        Right.DRAWER_OPEN,
        Right.RECEIPT_REPRINT,
        Right.SCREEN_SHOW,
        Right.STAFF_SIGN,
    }
)
_SUPERVISOR: Final = _CLERK | {
    Right.SALE_DISCOUNT_ABOVE,
    Right.PRICE_OVERRIDE,
    Right.RETURN_LATE,
    Right.RETURN_WITHOUT_RECEIPT,
    Right.REFUND_OTHER_WAY,
    Right.PURSE_REFUND,
    Right.PURSE_DEPOSIT,
    Right.SHIFT_READ,
    Right.SHIFT_SIGN_OFF,
    Right.CASH_MOVE,
    Right.DRAWER_TAKE_OVER,
    Right.TRAINING_START,
    Right.PAYMENT_PARK,
    Right.SALE_VOID_CLOSED,
    Right.PAYMENT_CHANGE,
}

ROLES: Final[dict[Role, frozenset[Right]]] = {
    Role.CLERK: _CLERK,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.MANAGER: frozenset(Right),
    Role.TRAINER: frozenset({Right.SCREEN_SHOW, Right.STAFF_SIGN, Right.TRAINING_START}),
    Role.COURIER: frozenset(
        {
            Right.SALE_ENTER,
            Right.SALE_VOID_LINE,
            Right.PAYMENT_TAKE,
            Right.RECEIPT_REPRINT,
            Right.SCREEN_SHOW,
            Right.STAFF_SIGN,
        }
    ),
}
"""The table that ships."""


def may(role: Role, right: Right) -> bool:
    """Tell whether a role has a right."""
    return right in ROLES[role]


def right_of(command: Command) -> Right:
    """Return the one right a command needs."""
    match command:
        case commands.Scan() | commands.SetQuantity() | commands.Select():
            return Right.SALE_ENTER
        case commands.Find() | commands.Pick() | commands.Quick() | commands.Cancel():
            return Right.SALE_ENTER
        case commands.TakeMember():
            return Right.SALE_ENTER
        case commands.Discount() | commands.SetPrice():
            return Right.SALE_DISCOUNT
        case commands.Hold() | commands.Recall():
            return Right.SALE_HOLD
        case commands.BeginReturn() | commands.ReturnLine() | commands.EndReturn():
            return Right.SALE_RETURN
        case commands.GiveBack():
            return Right.SALE_RETURN
        case commands.VoidLine() | commands.VoidLast():
            return Right.SALE_VOID_LINE
        case commands.VoidSale():
            return Right.SALE_VOID
        case commands.VoidClosed():
            return Right.SALE_VOID_CLOSED
        case commands.ChangeTender():
            return Right.PAYMENT_CHANGE
        case commands.VoidTender():
            return Right.PAYMENT_VOID
        case commands.Subtotal() | commands.Pay() | commands.Resume() | commands.QuickCash():
            return Right.PAYMENT_TAKE
        case commands.PrintSituation():
            return Right.PAYMENT_TAKE
        case commands.Park():
            return Right.PAYMENT_PARK
        case commands.CashReceipt() | commands.ChoosePaper():
            return Right.PAYMENT_TAKE
        case commands.ReadPurse():
            return Right.PURSE_READ
        case commands.LoadPurse():
            return Right.PURSE_LOAD
        case commands.RefundPurse():
            return Right.PURSE_REFUND
        case commands.DepositPurse():
            return Right.PURSE_DEPOSIT
        case commands.OpenShift():
            return Right.SHIFT_OPEN
        case commands.CountShift() | commands.CloseShift():
            return Right.SHIFT_CLOSE
        case commands.TestDevice():
            return Right.SCREEN_SHOW
        case commands.ReadX():
            return Right.SHIFT_READ
        case commands.MoveCash():
            return Right.CASH_MOVE
        case commands.OpenDrawer():
            return Right.DRAWER_OPEN
        case commands.Reprint() | commands.ShowLink():
            return Right.RECEIPT_REPRINT
        case commands.Show():
            return Right.SCREEN_SHOW
        case commands.Train():
            return Right.TRAINING_START
        case commands.Prove() | commands.SignOn() | commands.SignOff() | commands.Lock():
            return Right.STAFF_SIGN
        case _:
            assert_never(command)
