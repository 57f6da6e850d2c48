"""Which of the commands a virtual payment terminal does, and how."""

from collections.abc import Mapping
from typing import Final

from protocols.zvt.controls import Control
from sim.payment_terminal_journal import Kind

WANTS_CARD: Final[Mapping[Control, Kind]] = {
    Control.AUTHORISATION: "payment",
    Control.PRE_AUTHORISATION: "reservation",
    Control.REFUND: "refund",
}
UPON: Final = frozenset(
    {
        Control.REVERSAL,
        Control.PARTIAL_REVERSAL,
        Control.PRE_AUTHORISATION_REVERSAL,
        Control.BOOK_TOTAL,
        Control.TIP,
    }
)
"""Commands about an earlier payment or reservation; they want no card."""
OF_RESERVATIONS: Final = frozenset(
    {Control.PRE_AUTHORISATION_REVERSAL, Control.BOOK_TOTAL, Control.PARTIAL_REVERSAL}
)
IMPOSSIBLE: Final = frozenset(
    {
        Control.ACCOUNT_BALANCE,
        Control.ACTIVATE_CARD,
        Control.BLOCKED_LIST,
        Control.CHANGE_PASSWORD,
        Control.SET_TERMINAL_ID,
        Control.SERVICE_MODE,
    }
)
"""What this model does not have."""
NOTICES: Final[Mapping[Control, list[str]]] = {
    Control.DIAGNOSIS: ["DIAGNOSIS", "OK"],
    Control.INITIALISATION: ["INITIALISATION", "OK"],
    Control.PRINT_CONFIGURATION: ["CONFIGURATION", "virtual terminal 1"],
    Control.SOFTWARE_UPDATE: ["SOFTWARE UPDATE", "nothing newer"],
    Control.SELF_TEST: ["SELF TEST", "OK"],
}
"""What it prints for a command that does nothing more."""
