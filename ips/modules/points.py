"""Points: the peer of this module is our own ledger, so there is nobody to ask.

It answers as asked; whether the member has that much is decided where the answer is written, by the
bound of the member's account (ips.desk). Two tills that spend the same points at once are decided one
after the other there, and the second is declined.
"""

from typing import Final

from ips.manifests import manifest_beside
from ips.modules.cash import Cash


class Points(Cash):
    """Kept as cash is: once per key, the same answer to a repeated order."""

    def __init__(self) -> None:
        self._manifest = manifest_beside(__file__)


MODULE: Final = Points
"""The entry point (group ips.modules): called once, when the module is activated."""
