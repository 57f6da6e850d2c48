"""Which answers each command may have, as data: the driver, the twin and their tests read this table.

    taken     80 00 or 84 xx; with no `ends` that is all
    replies   what the terminal may say then, any number of times, in any order
    ends      one of these, once: the register may speak again

Source: PA00P015 chapter 2, the flow below each command.
"""

from dataclasses import dataclass
from typing import Final

from protocols.zvt.controls import Control

_PAPER: Final = frozenset({Control.PRINT_LINE, Control.PRINT_TEXT})
_STATES: Final = frozenset({Control.INTERMEDIATE_STATUS})
_RESULT: Final = frozenset({Control.STATUS_INFORMATION})
_CLOCK: Final = frozenset({Control.SET_CLOCK_OF_REGISTER})
_ENDS: Final = frozenset({Control.COMPLETION, Control.ABORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A row of the table."""

    command: Control
    replies: frozenset[Control]
    ends: frozenset[Control] = _ENDS
    moves_money: bool = False
    """Said once: its result is asked for, never the command repeated."""
    while_busy: bool = False
    """It may be said while another command is under way."""
    unregistered: bool = False
    """It may be said before REGISTRATION."""

    def allows(self, control: int) -> bool:
        """Say whether a terminal may say this within the sequence."""
        return control in self.replies or control in self.ends


def _row(
    command: Control,
    *replies: frozenset[Control],
    ends: frozenset[Control] = _ENDS,
    moves_money: bool = False,
    while_busy: bool = False,
    unregistered: bool = False,
) -> Sequence:
    return Sequence(
        command=command,
        replies=frozenset[Control]().union(*replies),
        ends=ends,
        moves_money=moves_money,
        while_busy=while_busy,
        unregistered=unregistered,
    )


_NOTHING: Final = frozenset[Control]()

SEQUENCES: Final = {
    row.command: row
    for row in (
        _row(Control.REGISTRATION, _STATES, _CLOCK, unregistered=True),
        _row(Control.AUTHORISATION, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.LOG_OFF, ends=_NOTHING),
        _row(Control.ACCOUNT_BALANCE, _STATES, _RESULT, _PAPER),
        _row(Control.ACTIVATE_CARD, _STATES, _RESULT, _PAPER),
        _row(Control.TIP, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.SEND_TOTALS, _STATES, _RESULT),
        _row(Control.PRINT_TURNOVER, _STATES, _PAPER),
        _row(Control.RESET, ends=frozenset({Control.COMPLETION}), unregistered=True),
        _row(Control.PRINT_CONFIGURATION, _STATES, _PAPER, unregistered=True),
        _row(Control.SET_TERMINAL_ID, ends=_NOTHING),
        _row(Control.REPEAT_RECEIPT, _STATES, _RESULT, _PAPER),
        _row(Control.TELEPHONIC_AUTHORISATION, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.PRE_AUTHORISATION, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.PARTIAL_REVERSAL, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.BOOK_TOTAL, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.PRE_AUTHORISATION_REVERSAL, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.REVERSAL, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.REFUND, _STATES, _RESULT, _PAPER, moves_money=True),
        _row(Control.END_OF_DAY, _STATES, _RESULT, _PAPER),
        _row(Control.SEND_OFFLINE, _STATES, _RESULT, _PAPER),
        _row(Control.DIAGNOSIS, _STATES, _PAPER, _CLOCK, unregistered=True),
        _row(Control.SELF_TEST, _STATES, _PAPER, unregistered=True),
        _row(Control.SET_CLOCK_OF_TERMINAL, ends=_NOTHING, unregistered=True),
        _row(Control.INITIALISATION, _STATES, _PAPER, _CLOCK, unregistered=True),
        _row(Control.CHANGE_PASSWORD, ends=_NOTHING),
        _row(Control.ABORT, ends=_NOTHING, while_busy=True, unregistered=True),
        _row(Control.READ_CARD, _STATES, _RESULT),
        _row(Control.CLOSE_CARD, ends=_NOTHING),
        _row(Control.DISPLAY_TEXT, ends=_NOTHING, while_busy=True),
        _row(Control.BLOCKED_LIST, ends=_NOTHING),
        _row(Control.STATUS_ENQUIRY, _STATES, unregistered=True),
        _row(Control.SERVICE_MODE, ends=_NOTHING, unregistered=True),
        _row(Control.SOFTWARE_UPDATE, _STATES, _PAPER, unregistered=True),
        _row(Control.CHANGE_CONFIGURATION, ends=_NOTHING, unregistered=True),
        _row(Control.SELECT_LANGUAGE, ends=_NOTHING, unregistered=True),
    )
}
"""By command."""

REPLIES: Final = frozenset(
    control for row in SEQUENCES.values() for control in row.replies | row.ends
)
"""Whatever a terminal may say at all, in one sequence or another."""
