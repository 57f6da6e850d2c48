"""What a tester can do to a virtual printer.

The wire has verbs of its own (mute, delay, corrupt, pull_cable: sim/hosting); these are the printer's.
"""

from typing import Final

from protocols.control import Verb, VerbHelp
from sim.twin import VerbError, refuse_verb

_ROWS: Final = (
    ("paper_out", "용지 떨어뜨리기", "Let the paper end now"),
    ("load_paper", "용지 넣기", "Load a new roll"),
    ("near_end", "용지 거의 떨어짐", "Let the roll be near its end"),
    ("open_cover", "뚜껑 열기", "Open the cover"),
    ("close_cover", "뚜껑 닫기", "Close the cover"),
    ("jam_cutter", "절단기 걸리게 하기", "Jam the cutter at its next cut"),
    ("clear_cutter", "절단기 풀기", "Clear the cutter"),
    ("overheat", "과열", "Let the head be too hot"),
    ("cool_down", "식히기", "Let the head cool down"),
    ("break_down", "고장", "Break it: an unrecoverable error"),
    ("open_drawer", "돈통 손으로 열기", "Open the drawer by hand"),
    ("close_drawer", "돈통 닫기", "Close the drawer"),
    ("jam_drawer", "돈통 걸리게 하기", "Jam the drawer"),
    ("free_drawer", "돈통 풀기", "Free the drawer"),
    ("silence_answers", "응답 끄기", "Answer nothing, but print"),
    ("garble_answers", "응답을 잡음으로", "Answer garbage"),
    ("restore_answers", "응답 바로잡기", "Answer rightly and at once"),
    ("busy", "바쁨 (XOFF)", "Say XOFF"),
    ("ready", "준비 (XON)", "Say XON"),
    ("switch_off", "전원 끄기", "Switch off"),
    ("switch_on", "전원 켜기", "Switch on"),
)
_WITH_NUMBER: Final = (
    ("short_paper", "짧은 용지 넣기", "Load a remnant", "dots", "length in dots, 8 a millimetre"),
    ("stiffen_drawer", "돈통 뻑뻑하게", "Make the drawer stiff", "pulses", "how many open it, 1-9"),
    ("delay_answers", "응답 늦추기", "Answer late", "ms", "by how much, 0 to 60000"),
    ("speed", "인쇄 속도", "Print slower or faster", "percent", "of 150 mm/s, 1 to 1000"),
    ("babble", "쓰레기 보내기", "Send garbage unasked", "bytes", "how many, 1 to 4096"),
)
VERBS: Final = tuple(
    VerbHelp(name=name, label_ko=ko, label_en=en) for name, ko, en in _ROWS
) + tuple(
    VerbHelp(name=name, label_ko=ko, label_en=en, arguments={argument: meaning})
    for name, ko, en, argument, meaning in _WITH_NUMBER
)


def check_verb(verb: Verb) -> None:
    """Raises: VerbError for an unknown verb or wrong names of arguments."""
    known = next((help_ for help_ in VERBS if help_.name == verb.verb), None)
    if known is None or set(known.arguments) != set(verb.arguments):
        raise refuse_verb(verb, VERBS)


def number_of(verb: Verb, name: str, least: int, most: int) -> int:
    """Return a numeric argument. Raises: VerbError when it is none or out of range."""
    text = verb.arguments[name]
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise VerbError(f"{verb.verb}: {name} is {least} to {most}, not {text!r}")
    return int(text)
