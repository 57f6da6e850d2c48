"""The fault schedule: what goes wrong and when, written down or drawn from a seed.

A storm draws kinds of fault, each with its arguments, its moment, and after a while its end. The same
seed draws the same storm; a schedule once drawn can be played without its storm, and made shorter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ips.points import Point as BrokerPoint
from pos.points import Point as TillPoint
from sim.entropy import SeededEntropy
from sim.stage.scenario.devices import NAMES, device_step
from sim.stage.scenario.steps import Broker, Network, Step, Till
from sim.stage.scenario.words import nanoseconds, nearest

FAULTS_MAX: Final = 1_000
_SECOND: Final = 1_000_000_000
_LASTS_SECONDS: Final = (1, 30)
"""How long a drawn fault lasts, from and to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """Something that happens at its time, whatever the people do then."""

    at_ns: int
    """After the first step began."""
    step: Step
    line: int
    """Where it stands; 0 for a drawn one."""
    text: str
    drawn: bool = False
    """A drawn one that cannot happen now (no card is in) does not happen."""

    def __str__(self) -> str:
        return f"at {self.at_ns / _SECOND:8.3f} s  {self.text}"


Draw = Callable[[SeededEntropy], dict[str, Any]]


def _number(low: int, high: int, **table: Any) -> Draw:
    """Draw the last argument of a step."""
    *_, name = table
    return lambda draw: {**table, name: low + draw.below(high - low + 1)}


def _plain(**table: Any) -> Draw:
    return lambda _: dict(table)


def _one_of(key: str, values: tuple[str, ...], **table: Any) -> Draw:
    return lambda draw: {**table, key: values[draw.below(len(values))]}


_TILL_PLACES: Final = tuple(
    point.value for point in TillPoint if "append" in point or "print" in point or "upload" in point
)
KINDS: Final[dict[str, tuple[Draw, Draw | None]]] = {
    "paper_out": (_plain(printer="paper_out"), _plain(printer="load_paper")),
    "cover_open": (_plain(printer="open_cover"), _plain(printer="close_cover")),
    "cutter_jam": (_plain(printer="jam_cutter"), _plain(printer="clear_cutter")),
    "printer_off": (_plain(printer="switch_off"), _plain(printer="switch_on")),
    "printer_silent": (_plain(printer="silence_answers"), _plain(printer="restore_answers")),
    "printer_garbled": (_plain(printer="garble_answers"), _plain(printer="restore_answers")),
    "printer_late": (
        _number(100, 5_000, printer="delay_answers", ms=0),
        _plain(printer="restore_answers"),
    ),
    "printer_cable": (_plain(printer="pull_cable"), _plain(printer="plug_cable")),
    "drawer_jam": (_plain(printer="jam_drawer"), _plain(printer="free_drawer")),
    "scanner_cable": (_plain(scanner="pull_cable"), _plain(scanner="plug_cable")),
    "scanner_noise": (_number(10, 300, scanner="corrupt", per_mille=0), _plain(scanner="clear")),
    "display_cable": (_plain(line_display="pull_cable"), _plain(line_display="plug_cable")),
    "card_torn_before": (_number(1, 8, customer="tear_before", count=0), None),
    "card_torn_after": (_number(1, 8, customer="tear_after", count=0), None),
    "card_torn_writing": (_number(0, 400, customer="tear_in", count=0), None),
    "card_out": (_plain(customer="remove"), None),
    "card_swapped": (_plain(customer="swap", card="customer-2"), None),
    "card_mute": (_plain(customer="mute"), _plain(customer="unmute")),
    "card_slow": (_number(50, 6_000, customer="delay", ms=0), _plain(customer="delay", ms=0)),
    "shop_torn": (_number(1, 8, shop="tear_after", count=0), _plain(shop="insert", card="shop")),
    "network_down": (_plain(network="no_route"), _plain(network="good")),
    "request_lost": (_number(1, 3, network="lose_request", count=0), None),
    "answer_lost": (_number(1, 3, network="lose_answer", count=0), None),
    "line_broken": (_number(1, 3, network="hang_up", count=0), None),
    "request_twice": (_number(1, 3, network="twice", count=0), None),
    "broker_killed": (
        _one_of("at", tuple(point.value for point in BrokerPoint), broker="kill"),
        _plain(broker="start"),
    ),
    "till_killed": (_one_of("at", _TILL_PLACES, till="kill"), _plain(till="start")),
}
"""What a storm may draw: how it begins, and how it ends, where it does."""


class Storm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many faults are drawn, over which time, and of which kinds."""

    faults: int
    over: str = "60 s"
    kinds: list[str] = []
    """None named are all but a bank's."""

    def __post_init__(self) -> None:
        nanoseconds(self.over)
        if not 1 <= self.faults <= FAULTS_MAX:
            raise ValueError(f"faults is 1 to {FAULTS_MAX}")
        for kind in self.kinds:
            if kind not in _ALL:
                raise ValueError(f"no kind of fault {kind!r}; {nearest(kind, _ALL)}")

    def draw(self, entropy: SeededEntropy) -> tuple[Scheduled, ...]:
        """Return the schedule of a seed."""
        names = self.kinds or list(KINDS)
        drawn: list[Scheduled] = []
        low, high = _LASTS_SECONDS
        for _ in range(self.faults):
            begins, ends = _ALL[names[entropy.below(len(names))]]
            at_ns = entropy.below(nanoseconds(self.over) // 1_000_000) * 1_000_000
            drawn.append(_scheduled(at_ns, begins(entropy)))
            if ends is not None:
                lasts_ns = (low + entropy.below(high - low + 1)) * _SECOND
                drawn.append(_scheduled(at_ns + lasts_ns, ends(entropy)))
        return tuple(sorted(drawn, key=lambda each: each.at_ns))


BANK_KINDS: Final[dict[str, tuple[Draw, Draw | None]]] = {
    "bank_cable": (_plain(hanbit="pull_cable"), _plain(hanbit="plug_cable")),
    "bank_restarted": (_plain(hanbit="restart"), None),
    "bank_late": (
        _number(1_000, 30_000, hanbit="delay", ms=0),
        _plain(hanbit="restore_answers"),
    ),
    "bank_answers_lost": (_number(1, 3, hanbit="lose_answers", count=0), None),
    "bank_requests_lost": (_number(1, 3, hanbit="lose_requests", count=0), None),
    "bank_answers_twice": (_number(1, 3, hanbit="double_answers", count=0), None),
    "bank_answers_crossed": (_plain(hanbit="cross_answers"), _plain(hanbit="restore_answers")),
    "bank_answers_after_reversal": (
        _number(1, 2, hanbit="answer_after_reversal", count=0),
        _plain(hanbit="restore_answers"),
    ),
    "bank_wrong_codes": (_number(1, 3, hanbit="wrong_codes", count=0), None),
    "bank_declines": (_one_of("code", ("05", "51", "91", "96"), hanbit="decline"), None),
}
"""The same of a bank: drawn where they are named, because not every world has one."""
_ALL: Final = KINDS | BANK_KINDS
_OWN: Final = {kind.word: kind for kind in (Broker, Network, Till)}


def _scheduled(at_ns: int, table: dict[str, Any]) -> Scheduled:
    word = next(iter(table))
    step = device_step(word, table) if word in NAMES else msgspec.convert(table, _OWN[word])
    text = "{ " + ", ".join(f'{key} = "{value}"' for key, value in table.items()) + " }"
    return Scheduled(at_ns=at_ns, step=step, line=0, text=text, drawn=True)
