"""The broker's questions: a record was accepted, and a person should look at it.

Codes are stable: they travel in batch answers, stand in the work list, and scripts match them. A
sentence says what is odd and where the money lies (decisions.md "Facts").
"""

from typing import Final, NamedTuple

from ips.books import Question


class Sentences(NamedTuple):
    """One question in both languages; `{...}` are blanks."""

    ko: str
    en: str


QUESTIONS: Final[dict[str, Sentences]] = {
    "returned-twice": Sentences(
        "판매 {about}: 산 것보다 많이 돌려받았습니다 ({detail}, {amount} {currency}). 두 환불을 확인하세요.",
        "Sale {about}: more came back than was sold ({detail}, {amount} {currency}). Look at its refunds.",
    ),
    "cash-receipt-by-hand": Sentences(
        "판매 {about}: 현금영수증 {amount} {currency} ({detail}) 을 보낼 번호가 없습니다. 홈택스나 카드단말기로 발급하세요.",
        "Sale {about}: no number to send for the cash receipt over {amount} {currency} ({detail}). Have it approved by hand.",
    ),
    "cash-receipt-refused": Sentences(
        "판매 {about}: 현금영수증 {amount} {currency} 이 거절되었습니다 ({detail}). 손님께 알리고 직접 발급하세요.",
        "Sale {about}: the cash receipt over {amount} {currency} was refused ({detail}). Tell the customer, issue it by hand.",
    ),
    "unknown-hold": Sentences(
        "보류 {about}: 여기에 없는 보류 판매를 불러왔습니다. 돈은 관련이 없습니다.",
        "Held sale {about}: a till went on with one that is not known here. No money is in it.",
    ),
    "held-twice": Sentences(
        "보류 {about}: 두 곳에서 불러왔습니다 ({detail}). 한쪽 판매를 확인하세요.",
        "Held sale {about}: two tills went on with it ({detail}). Look at both sales.",
    ),
    "total-mismatch": Sentences(
        "판매 {about}: 합계와 결제액이 {amount} {currency} 다릅니다. 차액은 suspense/exceptions에 있습니다.",
        "Sale {about}: its total and its payments differ by {amount} {currency}. The difference lies in suspense/exceptions.",
    ),
    "lines-mismatch": Sentences(
        "판매 {about}: 품목 합이 총액과 {amount} {currency} 다릅니다. 총액대로 장부에 올렸습니다.",
        "Sale {about}: its lines and its total differ by {amount} {currency}. It was booked by the total.",
    ),
    "tax-split": Sentences(
        "판매 {about}: 부가세 구분이 품목과 맞지 않습니다 ({detail}). 금액은 모두 장부에 있습니다.",
        "Sale {about}: net, VAT and exempt do not fit its lines ({detail}). All of the money is booked.",
    ),
    "unknown-attempt": Sentences(
        "결제 {about}: 시작 기록이 없는 결제입니다. 받은 것으로 장부에 올렸습니다.",
        "Payment {about}: no attempt with this key was ever opened. It was booked as it came.",
    ),
    "unknown-module": Sentences(
        "결제 {about}: 결제 수단 {detail}이(가) 여기에 없습니다. 돈은 suspense/unmatched에 있습니다.",
        "Payment {about}: there is no payment module {detail} here. The money lies in suspense/unmatched.",
    ),
    "attempt-differs": Sentences(
        "결제 {about}: 시작한 금액과 {amount} {currency} 다릅니다. 기록된 결제액을 따랐습니다.",
        "Payment {about}: differs by {amount} {currency} from what was opened. The later record was followed.",
    ),
    "attempt-of-another-sale": Sentences(
        "결제 {about}: 다른 판매({detail})의 결제입니다. 돈은 suspense/exceptions에 있습니다.",
        "Payment {about}: belongs to another sale ({detail}). The money lies in suspense/exceptions.",
    ),
    "duplicate-sale": Sentences(
        "판매 {about}: 이미 있는 번호입니다. 이번 금액 {amount} {currency}은 suspense/exceptions에 있습니다.",
        "Sale {about}: this number was already closed. This time's {amount} {currency} lie in suspense/exceptions.",
    ),
    "duplicate-payment": Sentences(
        "결제 {about}: 판매는 이미 다른 방법으로 끝났습니다. {amount} {currency}은 고객 몫(customer-credit)이며 환불해야 합니다.",
        "Payment {about}: the sale was settled another way. {amount} {currency} are the customer's (customer-credit) and to be paid back.",
    ),
    "flow-refuses": Sentences(
        "결제 {about}: 이 단계에서는 할 수 없는 일이 기록되었습니다 ({detail}).",
        "Payment {about}: what was recorded cannot happen at this point ({detail}).",
    ),
    "refund-above-paid": Sentences(
        "환불 {about}: 받은 돈보다 {amount} {currency} 더 돌려주었습니다. 초과분은 suspense/exceptions에 있습니다.",
        "Refund {about}: {amount} {currency} more went back than was paid. The excess lies in suspense/exceptions.",
    ),
    "refund-without-sale": Sentences(
        "환불 {about}: 원 판매 없이 {amount} {currency}을 돌려주었습니다. 한도를 넘습니다.",
        "Refund {about}: {amount} {currency} went back without a sale, above the store's limit.",
    ),
    "duplicate-refund": Sentences(
        "환불 {about}: 이미 지급된 환불입니다. 이번 {amount} {currency}은 suspense/exceptions에 있습니다.",
        "Refund {about}: was already paid. This time's {amount} {currency} lie in suspense/exceptions.",
    ),
    "refund-refused": Sentences(
        "환불 {about}: 정책이나 승인 없이 지급되었습니다 ({detail}).",
        "Refund {about}: was paid without what the policy asks for ({detail}).",
    ),
    "unknown-member": Sentences(
        "회원 {about}: 없는 회원번호입니다. 포인트 {amount}점은 suspense/unmatched에 있습니다.",
        "Member {about}: there is no such member. {amount} points lie in suspense/unmatched.",
    ),
    "points-above-rule": Sentences(
        "판매 {about}: 규칙보다 {amount}점 더 적립되었습니다. 기록된 대로 장부에 올렸습니다.",
        "Sale {about}: earned {amount} points more than the rule gives. They are booked as recorded.",
    ),
    "terminal-totals": Sentences(
        "교대 {about}: 카드단말기 마감 합계가 계산대와 {amount} {currency} 다릅니다 ({detail}). 단말기 내역과 대조하세요.",
        "Shift {about}: the payment terminal's own total differs by {amount} {currency} ({detail}). Compare its journal.",
    ),
    "shift-totals": Sentences(
        "근무 {about}: 정산표와 장부가 다릅니다 ({detail}). 현금 차액은 suspense/exceptions에 있습니다.",
        "Shift {about}: the Z and the ledger differ ({detail}). A difference in cash lies in suspense/exceptions.",
    ),
    "unknown-shift": Sentences(
        "근무 {about}: 시작 기록이 없거나 이미 마감되었습니다. 금액은 장부에 올렸습니다.",
        "Shift {about}: was never opened or is already closed. The amounts are booked.",
    ),
    "duplicate-shift": Sentences(
        "근무 {about}: 같은 번호가 이미 열렸습니다. 준비금 {amount} {currency}은 다시 장부에 올렸습니다.",
        "Shift {about}: this number was already opened. Its float of {amount} {currency} was booked again.",
    ),
    "business-date": Sentences(
        "기록 {about}: 영업일이 맞지 않습니다 ({detail}).",
        "Record {about}: its business date is odd ({detail}).",
    ),
    "amount-range": Sentences(
        "기록 {about}: 금액이 있을 수 없는 값입니다 ({detail}). 장부에 올리지 않았고 기록은 남아 있습니다.",
        "Record {about}: an amount cannot be ({detail}). Nothing was posted; the record is kept.",
    ),
    "value-module": Sentences(
        "가치 {about}: {amount} {currency}이(가) {detail}(으)로 들어왔다는데 장부에 올릴 모듈이 없습니다. 기록은 남아 있습니다.",
        "Value {about}: {amount} {currency} came in by {detail}, and no module books it. The record is kept.",
    ),
    "value-differs": Sentences(
        "가치 {about}: 같은 {detail} 거래가 다른 금액이나 장치로 다시 보고되었습니다 ({amount} {currency}). 처음 보고대로 장부에 있습니다.",
        "Value {about}: reported again by {detail} with another amount or device ({amount} {currency}). It is booked as it was first reported.",
    ),
    "value-odd": Sentences(
        "가치 {about}: 보고된 {amount} {currency}이(가) 이상합니다 ({detail}). 장부에는 올렸고, 증명이 맞아야 정산됩니다.",
        "Value {about}: the report of {amount} {currency} is odd ({detail}). It is booked; it is collected only if its proof holds.",
    ),
    "value-unproved": Sentences(
        "가치 {about}: {amount} {currency}의 증명이 없습니다. 돈은 매장 장치에 있고, 카드가 다시 증명하면 정산됩니다 ({detail}).",
        "Value {about}: {amount} {currency} came without a proof. The money is in the shop's device; it is collected once the card has proved it ({detail}).",
    ),
    "purse-details": Sentences(
        "전자화폐 {about}: 이체 내용이 있을 수 없는 값입니다. 장부에 올리지 않았고 기록은 남아 있습니다.",
        "Purse {about}: these transfer details cannot be. Nothing was posted; the record is kept.",
    ),
    "purse-unproved": Sentences(
        "전자화폐 {about}: {amount} {currency} 이체를 카드의 서명이 증명하지 않습니다 ({detail}).",
        "Purse {about}: no card's signature proves this transfer of {amount} {currency} ({detail}).",
    ),
    "purse-cloned": Sentences(
        "전자화폐 {about}: 같은 순번으로 서로 다른 이체가 있습니다. 복제된 카드입니다. 정지 목록에 올려 주세요 ({detail}).",
        "Purse {about}: two different transfers under one sequence number. It is cloned or broken; put it on the hotlist ({detail}).",
    ),
    "purse-overspent": Sentences(
        "전자화폐 {about}: 받은 것보다 {amount} {currency} 더 썼습니다. 복제나 보고되지 않은 이체를 확인하세요.",
        "Purse {about}: it has spent {amount} {currency} more than it was ever given. Look for a clone, or for transfers nobody has reported.",
    ),
    "purse-paid-twice": Sentences(
        "전자화폐 {about}: 발급사가 이미 보상한 이체 {amount} {currency}이 완료된 것으로 보고되었습니다.",
        "Purse {about}: a transfer of {amount} {currency} that the issuer has paid back is reported as completed.",
    ),
    "purse-command": Sentences(
        "전자화폐 {about}: 발급사 명령을 카드가 받지 않았습니다 ({detail}). 돈은 움직이지 않았습니다.",
        "Purse {about}: it did not take a command of its issuer ({detail}). No money moved.",
    ),
    "purse-claim": Sentences(
        "전자화폐 {about}: 청구 기록을 인정할 수 없습니다 ({detail}). 보상하지 않습니다.",
        "Purse {about}: its claim does not hold ({detail}). Nothing is paid on it.",
    ),
    "unknown-currency": Sentences(
        "기록 {about}: 통화 {detail}을(를) 모릅니다. 장부에 올리지 않았고 기록은 남아 있습니다.",
        "Record {about}: currency {detail} is not known. Nothing was posted; the record is kept.",
    ),
    "unknown-kind": Sentences(
        "기록 {about}: 종류 {detail}을(를) 읽을 수 없습니다. 기록은 남아 있습니다.",
        "Record {about}: its kind {detail} cannot be read here. The record is kept.",
    ),
}
"""Every question by its code."""


def question(
    code: str, *, about: str, amount: int = 0, currency: str = "", detail: str = ""
) -> Question:
    """Fill in a question. `about` is the key of the sale, payment, refund, shift or record."""
    sentences = QUESTIONS[code]
    blanks = {"about": about, "amount": f"{amount:,}", "currency": currency, "detail": detail}
    return Question(
        code=code,
        sentence_ko=sentences.ko.format_map(blanks),
        sentence_en=sentences.en.format_map(blanks),
        amount=amount,
        about=about,
    )
