"""What a form needs to know besides the fact: whose paper it is, who, where, when, in which language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from protocols.money import KRW, Currency, Money
from receipts.document import Language

_NS: Final = 1_000_000_000


class Delivery(Enum):
    """Whether the broker has the record that this paper is about."""

    ACKNOWLEDGED = "acknowledged"
    QUEUED = "queued"
    """Printed while the record waits: the paper says so (clerk-and-courier.md 2.3 rule 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptContext:
    """Everything on a paper that is not in the fact itself."""

    language: Language
    store_name: str
    business_number: str = ""
    """Ten digits with hyphens, such as 123-45-67890."""
    address: str = ""
    phone: str = ""
    owner: str = ""
    """The proprietor, whom a Korean receipt names."""
    terminal: str
    """The lane, such as "01"."""
    clerk: str
    """A name as it may be shown to customers."""
    at_ns: int
    """UTC of the record, nanoseconds; shown in the store's zone."""
    zone: str = "Asia/Seoul"
    """IANA name."""
    business_date: str = ""
    """YYYYMMDD of the shift; shown where it is not the date on the clock."""
    currency: Currency = KRW
    vat_percent: int = 10
    sale_key: str = ""
    """store-terminal-YYYYMMDD-sale: what a return asks for. Empty: taken from the first attempt key."""
    delivery: Delivery = Delivery.ACKNOWLEDGED
    copy: int = 0
    """0 is the original; n the n-th reprint, marked as such."""
    training: bool = False
    """Nothing on this paper has happened."""
    footer: str = ""
    link_base: str = ""
    """Where the shop's e-receipts are (protocols.receipt_link); empty: no paper names one."""
    cash_receipt_approval: str = ""
    """The tax office's number of the sale's Korean cash receipt; empty: not approved yet."""
    methods: Mapping[str, str] = field(default_factory=dict)
    """Names for people of the ways to pay that the wording here does not know."""

    def money(self, minor: int) -> str:
        """Return an amount's digits, grouped, without a sign for the currency."""
        return Money(minor, self.currency).format()

    def money_named(self, minor: int) -> str:
        """Return an amount with its currency, as the language writes it."""
        digits = self.money(minor)
        if self.currency != KRW:
            return f"{self.currency.code} {digits}"
        if self.language == "ko":
            return f"{digits}원"
        sign = "-" if minor < 0 else ""
        return f"{sign}₩{digits.removeprefix('-')}"

    def local_time(self) -> datetime:
        """Return the moment on the store's clock."""
        return datetime.fromtimestamp(self.at_ns // _NS, UTC).astimezone(ZoneInfo(self.zone))

    def time_line(self) -> str:
        """Return date and time with the zone, as 2026-04-17 14:32:07 KST."""
        return self.local_time().strftime("%Y-%m-%d %H:%M:%S %Z")
