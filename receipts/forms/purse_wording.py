"""The words of the papers of e-cash, Korean and English side by side."""

from dataclasses import dataclass
from typing import Final

from receipts.document import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class PurseWords:
    """One language."""

    load_title: str
    deposit_title: str
    repay_title: str
    statement_title: str
    purse: str
    cash_received: str
    balance: str
    room: str
    valid_until: str
    number: str
    other_purse: str
    no_transfers: str
    statement_note: str
    queued_note: str


PURSE_WORDS: Final[dict[Language, PurseWords]] = {
    "ko": PurseWords(
        load_title="전자화폐 충전",
        deposit_title="전자화폐 예치",
        repay_title="늦은 이체 환급",
        statement_title="전자화폐 거래 내역",
        purse="카드",
        cash_received="받은 현금",
        balance="잔액",
        room="더 담을 수 있는 돈",
        valid_until="기한",
        number="번호",
        other_purse="상대 카드",
        no_transfers="거래가 없습니다",
        statement_note="카드가 스스로 기억하는 마지막 거래입니다",
        queued_note="이체 완료. 연결되면 전송합니다",
    ),
    "en": PurseWords(
        load_title="E-CASH LOAD",
        deposit_title="E-CASH DEPOSIT",
        repay_title="LATE PAYMENT GIVEN BACK",
        statement_title="E-CASH STATEMENT",
        purse="Card",
        cash_received="Cash received",
        balance="Balance",
        room="Room for",
        valid_until="Valid until",
        number="No.",
        other_purse="Other card",
        no_transfers="No transfers",
        statement_note="The last transfers, as the card itself remembers them",
        queued_note="Moved. Sent when back online",
    ),
}
