"""An answer of the till as text for a person at a shell."""

from pos.headless import Answer
from pos.messages import Language
from pos.view import Lamp

_WORDS: dict[str, tuple[str, str]] = {
    "shift": ("차수", "shift"),
    "z": ("Z 번호", "Z number"),
    "sales": ("판매 건수", "sales"),
    "gross": ("매출", "gross"),
    "net": ("과세 공급가", "taxable net"),
    "vat": ("부가세", "VAT"),
    "exempt": ("면세", "VAT-free"),
    "discounts": ("할인", "discounts"),
    "voids": ("취소 건수", "voids"),
    "refunds": ("환불", "refunds"),
    "by_method": ("결제별", "by tender"),
    "float_amount": ("준비금", "float"),
    "cash_in": ("입금", "cash in"),
    "cash_out": ("출금", "cash out"),
    "drops": ("금고로 보냄", "to the safe"),
    "expected": ("장부 현금", "expected cash"),
    "counted": ("센 현금", "counted"),
    "over_short": ("차액", "over/short"),
    "reason": ("사유", "reason"),
    "waiting": ("대기", "waiting"),
    "sent": ("보냄", "sent"),
    "unsent": ("전송 대기", "unsent"),
    "in_doubt": ("미확정", "in doubt"),
    "questioned": ("확인 요청", "questioned"),
    "order": ("거래", "sale"),
    "total": ("합계", "total"),
    "change": ("거스름", "change"),
    "receipt": ("영수증", "receipt"),
}
_WELL: dict[Language, str] = {"ko": "정상", "en": "well"}
_ABSENT: dict[Language, str] = {"ko": "설정에 없음", "en": "not configured"}
_QUIET = frozenset({"form", "currency", "stage", "business_date", "store"})


def told(answer: Answer, language: Language) -> str:
    """Return the sentence and the fields that a person wants to see, a line each."""
    lines = [answer.sentence.rstrip("\n")] if answer.sentence else []
    if "form" in answer.fields:
        # The report itself is the sentence, laid out as on paper.
        return "\n".join(lines)
    for name, value in answer.fields.items():
        if name == "devices" and isinstance(value, list):
            lines += [_device(row, language) for row in value]
        elif name == "questions" and isinstance(value, list):
            lines += [f"#{row['sequence']} {row['code']}: {row['sentence']}" for row in value]
        elif name in _WORDS and name not in _QUIET and value is not None:
            lines.append(f"{_WORDS[name][language == 'en']}: {_plain(value)}")
    return "\n".join(lines)


def _plain(value: object) -> str:
    match value:
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{name} {_plain(amount)}" for name, amount in value.items()) or "-"
        case _:
            return str(value)


def _device(row: dict[str, str], language: Language) -> str:
    place = f"{row['label']} {row['address']}".strip()
    word = _ABSENT if row["lamp"] == Lamp.ABSENT.value else _WELL
    return f"[{row['lamp']}] {place}: {row['sentence'] or word[language]}"
