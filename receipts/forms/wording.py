"""The words of all forms, Korean and English side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from receipts.document import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. A field that ends in _of takes its blank by `format`."""

    receipt: str
    copy_of: str
    training: str
    training_note: str
    business_number: str
    owner: str
    phone: str
    lane_of: str
    clerk: str
    business_date: str
    sale_number: str
    item: str
    price: str
    quantity: str
    amount: str
    discount: str
    sale_discount: str
    exempt_note: str
    items_of: str
    subtotal: str
    net: str
    vat_of: str
    exempt: str
    total: str
    tendered: str
    change: str
    reference: str
    key: str
    queued: str
    queued_note: str
    x_title: str
    z_title_of: str
    shift: str
    store: str
    sales: str
    gross: str
    refunds: str
    voids: str
    tender_voids: str
    tender_changes: str
    undone: str
    by_method: str
    by_clerk: str
    drawer: str
    float_amount: str
    cash_sales: str
    cash_in: str
    cash_out: str
    drops: str
    expected: str
    counted: str
    over: str
    short: str
    exact: str
    reason: str
    records: str
    unsent: str
    in_doubt: str
    terminal_total: str
    """What the payment terminal's own end of day came to."""
    terminal_differs: str
    questioned: str
    supervisor: str
    count_of: str
    slip_in: str
    slip_out: str
    slip_drop: str
    slip_no_sale: str
    test_page: str
    test_same_width: str
    signature: str
    refund_title: str
    refund_number: str
    refund_total: str
    original: str
    no_original: str
    given_back_of: str
    customer_signature: str
    refund_queued_note: str
    situation_title: str
    situation_state: str
    situation_unknown: str
    situation_card: str
    situation_shop: str
    situation_safe: str
    situation_again: str
    situation_parked: str
    situation_no_receipt: str
    payment_void_title: str
    undone_title: str
    change_title: str
    change_note: str
    change_was: str
    change_now: str
    card_balance: str
    situation_card_said: Mapping[str, str]
    situation_shop_said: Mapping[str, str]
    situation_back_parked: str
    situation_back_card_said: Mapping[str, str]
    situation_back_shop_said: Mapping[str, str]
    cash_receipt_of: str
    cash_receipt_purposes: Mapping[str, str]
    cash_receipt_note: str
    cash_receipt_approved_of: str
    cash_receipt_cancelled: str
    member: str
    points_earned: str
    points_back: str
    points_balance: str
    member_sales: str
    gift_title: str
    slip_title: str
    gift_note: str
    link_title: str
    link_returns: str
    came_back_of: str
    came_back_all: str
    as_of: str
    card_number: str
    account_number: str
    slip_entry: Mapping[str, str]
    slip_verified: Mapping[str, str]
    instalments: str
    instalments_of: str
    issuer: str
    account_bank: str
    acquirer: str
    merchant_number: str
    terminal_number: str
    cryptogram: str
    bank_reference: str
    merchant_title: str
    merchant_agreed: str
    declined_title: str
    declined_note: str
    repaid_title: str
    repaid_late: str


_KO: Final = Words(
    receipt="영수증",
    copy_of="재발행 {}",
    training="연습",
    training_note="실제 거래가 아닙니다",
    business_number="사업자번호",
    owner="대표",
    phone="전화",
    lane_of="{}호기",
    clerk="담당",
    business_date="영업일",
    sale_number="거래",
    item="상품",
    price="단가",
    quantity="수량",
    amount="금액",
    discount="할인",
    sale_discount="전체 할인",
    exempt_note="* 표시는 면세 상품입니다",
    items_of="{}품목",
    subtotal="소계",
    net="과세 공급가",
    vat_of="부가세 {}%",
    exempt="면세",
    total="합계",
    tendered="받은 돈",
    change="거스름돈",
    reference="승인번호",
    key="거래키",
    queued="전송 대기",
    queued_note="결제 완료. 연결되면 전송합니다",
    x_title="X 중간 집계",
    z_title_of="Z 마감 {}",
    shift="근무",
    store="점포",
    sales="판매 건수",
    gross="총매출",
    refunds="반품",
    voids="취소 건수",
    tender_voids="결제 취소",
    tender_changes="결제 변경",
    undone="끝난 판매 취소",
    by_method="결제 수단별",
    by_clerk="담당별",
    drawer="돈통",
    float_amount="준비금",
    cash_sales="현금 판매",
    cash_in="입금",
    cash_out="출금",
    drops="금고 이동",
    expected="장부 현금",
    counted="실제 현금",
    over="남음",
    short="모자람",
    exact="차액 없음",
    reason="사유",
    records="기록 상태",
    unsent="전송 대기",
    in_doubt="미확정",
    terminal_total="단말기 마감 합계",
    terminal_differs="단말기와 차이",
    questioned="확인 요청",
    supervisor="책임자 확인",
    count_of="{}건",
    slip_in="입금 전표",
    slip_out="출금 전표",
    slip_drop="금고 이동 전표",
    slip_no_sale="돈통 열기 전표",
    test_page="시험 출력",
    test_same_width="숫자줄이 한 줄이면 폭이 맞습니다",
    signature="서명",
    refund_title="환불 영수증",
    refund_number="환불",
    refund_total="돌려드린 금액",
    original="원거래",
    no_original="영수증 없음",
    given_back_of="{} 환불",
    customer_signature="고객 서명",
    refund_queued_note="환불 완료. 연결되면 전송합니다",
    situation_title="상황 확인서",
    situation_state="상태",
    situation_unknown="[ 미확정 ]",
    situation_card="고객 카드",
    situation_shop="매장 수령",
    situation_safe="돈은 사라지지 않았습니다. 카드와 매장 가운데 한쪽에 있습니다",
    situation_again="같은 카드를 다시 꽂으면 이어서 끝냅니다. 두 번 빠져나가지 않습니다",
    situation_parked="이 건은 보관했습니다. 빠져나간 돈으로 밝혀지면 돌려드립니다. 같은 카드와 이 종이를 가져오세요",
    situation_no_receipt="영수증이 아닙니다",
    payment_void_title="결제 취소 확인서",
    undone_title="판매 취소 영수증",
    change_title="결제 변경 확인서",
    change_note="금액은 그대로입니다. 반품하면 바꾼 결제로 돌려드립니다",
    change_was="전에",
    change_now="바꾼 결제",
    card_balance="카드 잔액",
    situation_card_said={
        "unknown": "모름",
        "moved": "빠져나감",
        "not_moved": "빠져나가지 않음",
    },
    situation_shop_said={"unknown": "모름", "moved": "받음", "not_moved": "아직 받지 못함"},
    situation_back_parked="이 건은 보관했습니다. 같은 카드를 꽂으면 돌려드린 돈이 들어옵니다. 카드와 이 종이를 가져오세요",
    situation_back_card_said={"unknown": "모름", "moved": "받음", "not_moved": "아직 받지 못함"},
    situation_back_shop_said={"unknown": "모름", "moved": "나감", "not_moved": "나가지 않음"},
    cash_receipt_of="현금영수증 ({})",
    cash_receipt_purposes={"income": "소득공제", "expense": "지출증빙", "self": "자진발급"},
    cash_receipt_note="발급 요청 (국세청 승인 전)",
    cash_receipt_approved_of="승인번호 {}",
    cash_receipt_cancelled="현금영수증 취소",
    member="회원",
    points_earned="적립 포인트",
    points_back="회수 포인트",
    points_balance="보유 포인트",
    member_sales="회원 거래",
    gift_title="선물 교환증",
    slip_title="결제 전표",
    gift_note="이 종이로 교환할 수 있습니다",
    link_title="전자영수증",
    link_returns="교환·반품할 때",
    came_back_of="{} 반품",
    came_back_all="모두 반품되었습니다",
    as_of="반품 뒤 남은 금액",
    card_number="카드번호",
    account_number="계좌번호",
    slip_entry={
        "": "",
        "chip": "IC칩",
        "contactless": "비접촉",
        "stripe": "마그네틱",
        "fallback": "마그네틱 (칩 불량)",
        "passbook": "전자통장",
        "terminal": "카드 단말기",
    },
    slip_verified={
        "": "",
        "online_pin": "비밀번호 확인",
        "offline_pin": "비밀번호 확인 (카드)",
        "signature": "서명",
        "none": "본인 확인 생략",
    },
    instalments="할부",
    instalments_of="{}개월",
    issuer="발급사",
    account_bank="은행",
    acquirer="매입사",
    merchant_number="가맹점번호",
    terminal_number="단말기번호",
    cryptogram="암호문",
    bank_reference="은행 거래번호",
    merchant_title="가맹점용 전표",
    merchant_agreed="위 금액의 결제에 동의합니다",
    declined_title="승인 거절 확인서",
    declined_note="결제되지 않았습니다. 돈은 움직이지 않았습니다",
    repaid_title="늦은 결제 환불 확인서",
    repaid_late="늦은 결제",
)
_EN: Final = Words(
    receipt="RECEIPT",
    copy_of="COPY {}",
    training="TRAINING",
    training_note="Not a real sale",
    business_number="Business no.",
    owner="Owner",
    phone="Tel",
    lane_of="Lane {}",
    clerk="Clerk",
    business_date="Business date",
    sale_number="Sale",
    item="Item",
    price="Price",
    quantity="Qty",
    amount="Amount",
    discount="Discount",
    sale_discount="Off the sale",
    exempt_note="* tax-free item",
    items_of="{} items",
    subtotal="Subtotal",
    net="Taxable net",
    vat_of="VAT {}%",
    exempt="Tax-free",
    total="TOTAL",
    tendered="Tendered",
    change="Change",
    reference="Approval",
    key="Key",
    queued="WAITING TO BE SENT",
    queued_note="Paid. Sent when back online",
    x_title="X REPORT",
    z_title_of="Z REPORT {}",
    shift="Shift",
    store="Store",
    sales="Sales",
    gross="Gross",
    refunds="Refunds",
    voids="Voided sales",
    tender_voids="Voided payments",
    tender_changes="Changed payments",
    undone="Closed sales voided",
    by_method="By payment",
    by_clerk="By clerk",
    drawer="Drawer",
    float_amount="Float",
    cash_sales="Cash sales",
    cash_in="Paid in",
    cash_out="Paid out",
    drops="To the safe",
    expected="Expected cash",
    counted="Counted cash",
    over="Over",
    short="Short",
    exact="No difference",
    reason="Reason",
    records="Records",
    unsent="Waiting to be sent",
    in_doubt="In doubt",
    terminal_total="Terminal's total",
    terminal_differs="Terminal differs by",
    questioned="Questioned",
    supervisor="Supervisor",
    count_of="{}",
    slip_in="PAID IN",
    slip_out="PAID OUT",
    slip_drop="TO THE SAFE",
    slip_no_sale="DRAWER OPENED",
    test_page="TEST PAGE",
    test_same_width="The width is right when the digits fill one line",
    signature="Signature",
    refund_title="REFUND",
    refund_number="Refund",
    refund_total="GIVEN BACK",
    original="Sale returned",
    no_original="without a receipt",
    given_back_of="{} back",
    customer_signature="Customer signature",
    refund_queued_note="Given back. Sent when back online",
    situation_title="SITUATION",
    situation_state="State",
    situation_unknown="[ UNKNOWN ]",
    situation_card="Customer card",
    situation_shop="Shop's purse",
    situation_safe="The money is not lost: it is on the card or with the shop",
    situation_again="Insert the same card again to finish. It is never taken twice",
    situation_parked="Set aside. Should it prove paid, it is paid back. Bring the same card and this slip",
    situation_no_receipt="This is no receipt",
    payment_void_title="PAYMENT VOIDED",
    undone_title="SALE VOIDED",
    change_title="PAYMENT CHANGED",
    change_note="The sum is as it was. Goods that come back are paid to the new payment",
    change_was="Was",
    change_now="Now",
    card_balance="Card balance",
    situation_card_said={
        "unknown": "not known",
        "moved": "left the card",
        "not_moved": "still on the card",
    },
    situation_shop_said={"unknown": "not known", "moved": "received", "not_moved": "not yet"},
    situation_back_parked="Set aside. The money arrives when the same card is in again. Bring it and this slip",
    situation_back_card_said={"unknown": "not known", "moved": "received", "not_moved": "not yet"},
    situation_back_shop_said={"unknown": "not known", "moved": "left", "not_moved": "not left"},
    cash_receipt_of="Cash receipt ({})",
    cash_receipt_purposes={"income": "income", "expense": "business", "self": "self-issued"},
    cash_receipt_note="Asked for, not approved yet",
    cash_receipt_approved_of="Approval {}",
    cash_receipt_cancelled="Cash receipt cancelled",
    member="Member",
    points_earned="Points earned",
    points_back="Points taken back",
    points_balance="Points now",
    member_sales="Members' sales",
    gift_title="GIFT RECEIPT",
    slip_title="PAYMENT SLIP",
    gift_note="Bring it to exchange these goods",
    link_title="E-RECEIPT",
    link_returns="For returns",
    came_back_of="Returned {}",
    came_back_all="Everything came back",
    as_of="Left after returns",
    card_number="Card number",
    account_number="Account",
    slip_entry={
        "": "",
        "chip": "Chip",
        "contactless": "Contactless",
        "stripe": "Magnetic stripe",
        "fallback": "Stripe, chip failed",
        "passbook": "Passbook card",
        "terminal": "Card terminal",
    },
    slip_verified={
        "": "",
        "online_pin": "PIN verified",
        "offline_pin": "PIN verified (card)",
        "signature": "Signature",
        "none": "Not verified",
    },
    instalments="Instalments",
    instalments_of="{} months",
    issuer="Card issuer",
    account_bank="Bank",
    acquirer="Acquirer",
    merchant_number="Merchant",
    terminal_number="Terminal",
    cryptogram="Cryptogram",
    bank_reference="Bank reference",
    merchant_title="MERCHANT COPY",
    merchant_agreed="I agree to pay the amount above",
    declined_title="PAYMENT REFUSED",
    declined_note="Not paid. No money has moved",
    repaid_title="LATE PAYMENT RETURNED",
    repaid_late="Late payment",
)
WORDS: Final[dict[Language, Words]] = {"ko": _KO, "en": _EN}

_METHODS: Final[dict[str, dict[Language, str]]] = {
    "cash": {"ko": "현금", "en": "Cash"},
    "card": {"ko": "카드", "en": "Card"},
    "purse": {"ko": "전자화폐", "en": "E-cash"},
    "transfer": {"ko": "계좌이체", "en": "Account transfer"},
    "account": {"ko": "외상", "en": "On account"},
    "exchange": {"ko": "교환", "en": "Exchange"},
    "points": {"ko": "포인트", "en": "Points"},
}


def method_name(method: str, language: Language, others: Mapping[str, str]) -> str:
    """Return a tender's name for people; one that is not known here has it in `others`, or keeps its own."""
    return _METHODS.get(method, {}).get(language) or others.get(method, method)
