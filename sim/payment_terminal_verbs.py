"""What a tester can do to a virtual payment terminal."""

from typing import Final

from protocols.control import Verb, VerbHelp
from sim.twin import VerbError

DELAY_MS_MAX: Final = 600_000
COUNT_MAX: Final = 1_000
_MS: Final = {"ms": f"milliseconds, 0 to {DELAY_MS_MAX}"}
_COUNT: Final = {"count": f"how many, 1 to {COUNT_MAX}"}
_CARD: Final = {"card": "its number, or the last four digits"}
VERBS: Final = [
    VerbHelp(name="insert", label_ko="카드 꽂기", label_en="Insert a card", arguments=_CARD),
    VerbHelp(name="tap", label_ko="카드 대기", label_en="Tap a card", arguments=_CARD),
    VerbHelp(name="swipe", label_ko="카드 긁기", label_en="Swipe a card", arguments=_CARD),
    VerbHelp(name="enter_pin", label_ko="비밀번호 입력", label_en="Enter a PIN",
             arguments={"pin": "4 to 12 digits"}),
    VerbHelp(name="cancel", label_ko="취소 키", label_en="Press the red key"),
    VerbHelp(name="decline", label_ko="다음 거래 거절", label_en="Refuse the next payment",
             arguments={"code": "two digits, as in field 39"}),
    VerbHelp(name="delay_bank", label_ko="승인 늦추기", label_en="Be late with the approval", arguments=_MS),
    VerbHelp(name="delay_answers", label_ko="늦게 답하기", label_en="Say everything late", arguments=_MS),
    VerbHelp(name="lose_acks", label_ko="ACK 잃기", label_en="Say no ACK", arguments=_COUNT),
    VerbHelp(name="break_checks", label_ko="깨진 CRC", label_en="Break the check of blocks",
             arguments=_COUNT),
    VerbHelp(name="lose_results", label_ko="결과 잃기", label_en="Do it and say nothing", arguments=_COUNT),
    VerbHelp(name="be_busy", label_ko="다른 일 하기", label_en="Be at something else"),
    VerbHelp(name="be_free", label_ko="다른 일 끝내기", label_en="Be done with it"),
    VerbHelp(name="restore_answers", label_ko="정상 응답", label_en="Say everything as it should"),
    VerbHelp(name="power_off", label_ko="전원 끄기", label_en="Cut its power"),
    VerbHelp(name="power_on", label_ko="전원 켜기", label_en="Give it power"),
]  # fmt: skip


def number(verb: Verb, name: str, least: int, most: int) -> int:
    """Return a number among a verb's arguments. Raises: VerbError."""
    text = verb.arguments[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise VerbError(f"{verb.verb}: {name} is a whole number from {least} to {most}")
    return int(text)
