"""A bank in the broker's configuration.

[banks.hanbit]
address = "127.0.0.1:8583"
spec = "ascii"               or binary
header = "binary"            or digits
mac = "cmac"                 or retail; the key: ips-broker bank key hanbit
acquirer = "990011"          its institution number, field 32
terminal = "OFFICE"          as whom the broker itself asks for totals
cards = ["9900"]             which cards go there, by how their numbers begin; default: all
accounts = ["110", "220"]    the same of accounts that are transferred from

[banks.hanbit.offline]       cards without the bank, when it cannot be reached; default: none
sale = 50000                 at most, in one sale
count = 10                   sales that wait for the bank at most
total = 200000               their sum at most
age_s = 86400                none any more once the oldest has waited so long
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from protocols.iso8583.framing import Header
from protocols.iso8583.mac import MacAlgorithm

Count = Annotated[int, msgspec.Meta(ge=0)]


class OfflineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved without the bank; zero: nothing."""

    sale: Count = 0
    count: Count = 0
    total: Count = 0
    age_s: Count = 86_400

    def allows(self, amount: int, *, waiting: tuple[int, int, int], now_ns: int) -> bool:
        """Say whether one more sale may go; `waiting` is (count, sum, oldest at_ns) of those before."""
        count, total, oldest_ns = waiting
        old = count > 0 and now_ns - oldest_ns >= self.age_s * 1_000_000_000
        return (
            0 < amount <= self.sale
            and count < self.count
            and total + amount <= self.total
            and not old
        )


class BankConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bank."""

    address: str
    spec: Literal["ascii", "binary"] = "ascii"
    header: Header = Header.BINARY
    mac: MacAlgorithm = MacAlgorithm.CMAC
    acquirer: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,11}$")] = "1"
    terminal: Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]{1,8}$")] = "OFFICE"
    cards: tuple[str, ...] = ("",)
    accounts: tuple[str, ...] = ("",)
    offline: OfflineConfig = msgspec.field(default_factory=OfflineConfig)


def bank_for(number: str, prefixes: Mapping[str, Sequence[str]]) -> str:
    """Return the bank whose prefix of a number is the longest; nothing where none has one."""
    fits = [(len(p), name) for name, each in prefixes.items() for p in each if number.startswith(p)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else ""
