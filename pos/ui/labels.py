"""The fixed words of the screens, in both languages. Messages have their own table (pos.messages).

Where a place on the screen is narrow, the word was chosen to fit it; tests/ui draws every screen in
both languages and fails on a row that is too wide.
"""

from typing import Final

from pos.messages import Language

_LABELS: Final[dict[str, tuple[str, str]]] = {
    # status
    "lane": ("{}호기", "Lane {}"),
    "link.online": ("[온라인]", "[ONLINE]"),
    "link.offline": ("[오프라인]", "[OFFLINE]"),
    "link.sending": ("[보내는 중]", "[SENDING]"),
    "link.refused": ("[거절됨]", "[REFUSED]"),
    "link.alone": ("[단독]", "[ALONE]"),
    "link.questioned": ("[확인필요]", "[QUESTION]"),
    "queue": ("대기", "queue"),
    "training": ("연습", "TRAINING"),
    "lamp.printer": ("프린:", "PRN:"),
    "lamp.drawer": ("돈통:", "DRW:"),
    "lamp.line_display": ("표시:", "DSP:"),
    "lamp.scanner": ("스캔:", "SCN:"),
    # basket
    "item": ("상품", "Item"),
    "quantity": ("수량", "Qty"),
    "price": ("단가", "Price"),
    "amount": ("금액", "Amount"),
    "voided": ("(취소)", "(void)"),
    "above": ("위 {}줄", "{} above"),
    "below": ("아래 {}줄", "{} below"),
    # money
    "total": ("합계", "TOTAL"),
    "due.title": ("받을 돈", "TO PAY"),
    "pieces": ("{}점", "{} pcs"),
    "discount": ("할인", "Discount"),
    "net": ("과세 공급가", "Taxable net"),
    "vat": ("부가세", "VAT"),
    "exempt": ("면세", "VAT-free"),
    "tendered": ("받은 돈", "Tendered"),
    "due": ("남은 돈", "Still due"),
    "change": ("거스름", "Change"),
    "last": ("직전", "Last"),
    "last_change": (" 거스름", "  change"),
    "exact": ("딱 맞게", "exact"),
    "paper_waiting": ("출력 대기 {}장", "{} to print"),
    # pages
    "menu": ("메뉴", "MENU"),
    "menu.open": ("개점", "Open shift"),
    "menu.in": ("입금", "Cash in"),
    "menu.out": ("출금", "Cash out"),
    "menu.drop": ("금고로 보냄", "Drop to safe"),
    "menu.x": ("X 중간표", "X report"),
    "menu.close": ("마감 (Z)", "Count, Z"),
    "menu.queue": ("대기함", "Queue"),
    "menu.devices": ("장치", "Devices"),
    "menu.void": ("판매취소", "Void sale"),
    "menu.help": ("도움말", "Help"),
    "menu.training": ("연습 장비", "Training"),
    "help": ("도움말", "HELP"),
    "queue.title": ("대기함", "QUEUE"),
    "queue.sent": ("보냄", "Sent"),
    "queue.waiting": ("대기", "Waiting"),
    "queue.in_doubt": ("미확정", "In doubt"),
    "queue.questioned": ("확인필요", "Questioned"),
    "queue.refused": ("거절됨", "refused"),
    "queue.alone": ("등록 전: 여기에 저장", "Not joined: kept here"),
    "devices.title": ("장치", "DEVICES"),
    "devices.none": ("장치 설정이 없습니다", "No device configured"),
    "broker": ("중계서버", "Broker"),
    "found.title": ("찾기", "FOUND"),
    "found.none": ("없습니다", "nothing"),
    "training.title": ("연습 장비", "TRAINING"),
    "training.none": ("가상 장비가 없습니다", "No virtual equipment"),
    "training.items": ("상품 읽기", "Scan goods"),
    "training.asking": ("장비를 찾는 중", "Asking the equipment"),
    "training.more": ("PgUp/PgDn 앞뒤", "PgUp/PgDn turn"),
    "device.printer": ("프린터", "Printer"),
    "device.line_display": ("손님 표시기", "Customer display"),
    "device.scanner": ("스캐너", "Scanner"),
    "back": ("Esc 돌아가기", "Esc back"),
    # forms
    "form.open": ("개점", "OPEN SHIFT"),
    "form.in": ("입금", "CASH IN"),
    "form.out": ("출금", "CASH OUT"),
    "form.drop": ("금고로 보냄", "DROP TO SAFE"),
    "form.drawer": ("돈통 열기", "OPEN DRAWER"),
    "form.void": ("판매취소", "VOID SALE"),
    "form.count": ("마감: 돈 세기", "CLOSE: COUNT"),
    "form.close": ("마감", "CLOSE SHIFT"),
    "form.find": ("찾기", "FIND"),
    "field.float": ("준비금", "Float"),
    "field.amount": ("금액", "Amount"),
    "field.reason": ("사유", "Reason"),
    "field.pieces": ("{} 몇 장", "{} pieces"),
    "field.cash": ("센 돈", "Counted"),
    "field.find": ("이름/초성", "Name"),
    "count.hidden": ("장부는 센 뒤에 보입니다", "Expected shows after"),
    "count.sum": ("센 돈", "Counted"),
    "count.expected": ("장부", "Expected"),
    "count.difference": ("차액", "Over/short"),
    "count.enter": ("Enter 마감 확정", "Enter writes the Z"),
    "count.reason": ("차액 사유 (번호)", "Why? (number)"),
    # entry line and hints
    "entry": ("입력", "INPUT"),
    "hint.scan": ("바코드를 읽으세요", "Scan a barcode"),
    "hint.closed": ("F1 1 개점: 준비금을 넣고 시작하세요", "F1 1 opens the shift with a float"),
    "hint.times": ("다음 상품 {}개. 바코드를 읽으세요", "Next item x{}. Scan a barcode"),
    "hint.subtotal": (
        "번호=빠른현금  금액 F12  + 돌아가기",
        "number=quick cash  amount F12  + back",
    ),
    "hint.tender": ("결제 중입니다", "Payment is running"),
    "hint.find": ("번호로 고르기  Esc 돌아가기", "Number picks  Esc back"),
    "hint.text": ("Enter 상품  F2 수량  F12 받은 돈", "Enter item  F2 qty  F12 cash given"),
    "hint.form": ("Enter 확인  Esc 돌아가기", "Enter confirms  Esc back"),
    "hint.counted": ("Enter 마감 확정  Esc 판매로", "Enter writes the Z  Esc back"),
    "hint.why": ("번호로 사유를 고르세요  Esc 판매로", "Number gives the reason  Esc back"),
    "hint.stopped": ("먼저 위의 일을 처리하세요", "Deal with the above first"),
    "hint.menu": ("번호를 누르세요  Esc 돌아가기", "Press a number  Esc back"),
    # key strip
    "key.quantity": ("수량", "Qty"),
    "key.find": ("찾기", "Find"),
    "key.cash": ("현금", "Cash"),
    "key.drawer": ("돈통", "Drawer"),
    "key.reprint": ("재발행", "Reprint"),
    "key.menu": ("메뉴", "Menu"),
    "key.times": ("곱하기", "x"),
    "key.thousands": ("=000", "=000"),
    "key.subtotal": ("소계", "Subtotal"),
    "key.void_line": ("지정취소", "Void"),
    "key.void_last": ("직전취소", "Void last"),
    "key.clear": ("지움", "Clear"),
    "key.training": ("연습", "Training"),
    "key.leave": ("끝", "Leave"),
    # takeover
    "takeover.title": ("!! 확인 필요", "!! ATTENTION"),
    "takeover.money": ("돈은", "Money"),
    "takeover.sale": ("거래", "Sale"),
    "takeover.amount": ("금액", "Amount"),
    "takeover.tell": ("손님께 말씀드리세요", "Tell the customer"),
    "takeover.keys": ("다음 중 하나를 하세요", "Do one of these"),
    "takeover.esc": ("Esc 로는 닫히지 않습니다.", "Esc does not close this."),
    "small": ("화면이 작습니다", "Screen too small"),
    # reasons
    "reason.change": ("잔돈 교환", "Change for notes"),
    "reason.float": ("준비금 보충", "Float top-up"),
    "reason.supplies": ("소모품 구입", "Supplies bought"),
    "reason.delivery": ("배달/퀵 비용", "Delivery cost"),
    "reason.safe": ("돈통에 돈이 많음", "Too much in drawer"),
    "reason.check": ("돈통 확인", "Drawer check"),
    "reason.mistake": ("잘못 찍음", "Keyed wrongly"),
    "reason.left": ("손님이 안 삼", "Customer left"),
    "reason.money": ("돈이 모자람", "Not enough money"),
    "reason.wrong_change": ("거스름 실수", "Wrong change given"),
    "reason.uncounted": ("세기 실수", "Miscounted"),
    "reason.other": ("기타", "Other"),
}


def label(name: str, language: Language, *blanks: object) -> str:
    """Return a word of the screens. Raises: KeyError for a name there is not."""
    korean, english = _LABELS[name]
    text = korean if language == "ko" else english
    return text.format(*blanks) if blanks else text


def has_label(name: str) -> bool:
    """Tell whether there is such a word."""
    return name in _LABELS
