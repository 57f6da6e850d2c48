"""Exchange: goods that came back pay for others in the same ticket; no money moves.

Both sides are in the terminal's facts, a refund and a sale under one number, so that this account is
empty again when both are booked. What is left in it is asked about by whoever reads the ledger.
"""

from typing import Final

from ips.manifests import manifest_beside
from ips.modules.cash import Cash


class Exchange(Cash):
    """Kept as cash is: a fact is the only proof there is."""

    def __init__(self) -> None:
        self._manifest = manifest_beside(__file__)


MODULE: Final = Exchange
"""The entry point (group ips.modules): called once, when the module is activated."""
