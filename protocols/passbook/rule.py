"""What a shop's terminals need for transfers by passbook: where the money goes, and whose passbooks are believed."""

from typing import Annotated, Final

import msgspec

TRANSFER: Final = "transfer"
"""The tender, and the payment module, by which money is transferred."""
IssuerKey = Annotated[str, msgspec.Meta(pattern="^0[23][0-9a-f]{64}$")]
KeyNumber = Annotated[str, msgspec.Meta(pattern="^([1-9]?[0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$")]


class TransferRule(msgspec.Struct, frozen=True, kw_only=True):
    """How transfers are taken."""

    payee: Annotated[str, msgspec.Meta(pattern="^[0-9]{10,19}$")]
    """The account that the customer's money goes to."""
    passbook_keys: dict[KeyNumber, IssuerKey]
    """Public keys of the banks whose passbooks are believed, by their numbers: P-256, compressed, hexadecimal."""

    def issuer_keys(self) -> dict[int, bytes]:
        """Return the keys as the dialogue wants them."""
        return {int(number): bytes.fromhex(key) for number, key in self.passbook_keys.items()}
