"""What may become of a request to an agent, when it is not answered (protocols.cash_receipt_agent.Answer)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Nothing was taken."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody knows whether it was taken."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverCame:
    """The agent knows no request of this key."""
