"""The fixed words of the bench's screen, in both languages."""

from typing import Final, Literal

Language = Literal["ko", "en"]

_LABELS: Final[dict[str, tuple[str, str]]] = {
    "title": ("시험대", "BENCH"),
    "running": ("진행", "RUNNING"),
    "paused": ("멈춤: {}건 대기", "PAUSED: {} waiting"),
    "next": ("다음 {}", "next {}"),
    "equipment": ("장비", "EQUIPMENT"),
    "till": ("계산대", "till"),
    "verbs": ("할 일 {}/{}", "DO {}/{}"),
    "trace": ("기록: 전체", "TRACE: all"),
    "trace.one": ("기록: {}", "TRACE: {}"),
    "entry": ("입력", "ENTRY"),
    "asked": ("{} - {}", "{} - {}"),
    "save": ("시나리오 파일 이름", "SCENARIO FILE"),
    "saved": ("저장됨. 실행: ips-sim run {}", "saved; play it: ips-sim run {}"),
    "saved.not": ("저장 못함: {}", "not saved: {}"),
    "done": ("{}: {}", "{}: {}"),
    "refused": ("안 됨: {}", "refused: {}"),
    "busy": ("계산대가 아직 하던 일 중입니다", "the till is still at the entry before"),
    "no_deeds": ("아직 한 일이 없습니다", "nothing was done yet"),
    "opening": ("여는 중 ...", "opening ..."),
    "too_small": ("화면이 너무 작습니다: {}x{} 이상", "the screen is too small: {}x{} or more"),
    "no_paper": ("(아직 인쇄 없음)", "(nothing printed yet)"),
    "no_card": ("카드 없음", "no card"),
    "total": ("합계 {}  받을 돈 {}", "total {}  due {}"),
    "key.help": ("도움", "help"),
    "key.pause": ("멈춤", "pause"),
    "key.run": ("진행", "run"),
    "key.step": ("한걸음", "step"),
    "key.clear": ("해제", "clear"),
    "key.trace": ("기록", "trace"),
    "key.entry": ("입력", "entry"),
    "key.save": ("저장", "save"),
    "key.leave": ("끝", "quit"),
    "help.1": ("위/아래  장비 고르기", "Up/Down  choose a device"),
    "help.2": ("1-9, 0  그 번호의 일을 하기, PgUp/PgDn 다음 쪽", "1-9, 0  do what has that number; PgUp/PgDn more"),
    "help.3": ("F2  선을 멈추거나 풀기. 멈추면 오가는 것이 기다림", "F2  pause or run: paused, whatever passes waits"),
    "help.4": ("F3  기다리는 것 하나만 보내기", "F3  let one of what waits pass"),
    "help.5": ("F4  모든 장비의 장애 해제", "F4  end the faults of every device"),
    "help.6": ("F5  고른 장비의 기록만 보기", "F5  trace of the chosen device only"),
    "help.7": ("F6 또는 Tab  계산대에 입력, Esc로 돌아옴", "F6 or Tab  key into the till; Esc comes back"),
    "help.8": ("F8  한 일을 시나리오로 저장", "F8  save what was done as a scenario"),
    "help.9": ("F10, Ctrl+Q  끝내기. F1, ?  이 도움", "F10, Ctrl+Q  quit; F1, ?  this help"),
}  # fmt: skip


def label(name: str, language: Language, *blanks: object) -> str:
    """Return a word or sentence, its blanks filled."""
    korean, english = _LABELS[name]
    return (korean if language == "ko" else english).format(*blanks)
