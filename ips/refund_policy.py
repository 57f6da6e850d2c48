"""The refund policy: which refund may be paid at once, which needs a second person, which never (I12).

Data: ips/refunds.toml, or the store's own file of the same shape. The first rule that fits decides.
What no policy can allow is decided elsewhere: nothing goes back above what was paid (ips.payments).
"""

import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from ips.flow_files import nearest

SHIPPED: Final = Path(__file__).with_name("refunds.toml")
RULES_MAX: Final = 200


class RefundPolicyError(ValueError):
    """A refund policy cannot be used; the message names file, rule and what to write instead."""


class Verdict(StrEnum):
    """What a policy says to a refund."""

    ALLOW = "allow"
    """Paid without anybody else's word."""
    APPROVE = "approve"
    """Needs the word of somebody other than who asks."""
    FORBID = "forbid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the policy; it fits when everything it names fits."""

    name: str
    methods: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    amount_max: int | None = None
    """Minor units, included."""
    age_days_max: int | None = None
    """Days since the payment, included."""
    decide: Verdict

    def fits(self, *, method: str, reason: str, amount: int, age_days: int) -> bool:
        """Return whether this rule speaks about such a refund."""
        return (
            (not self.methods or method in self.methods)
            and (not self.reasons or reason in self.reasons)
            and (self.amount_max is None or amount <= self.amount_max)
            and (self.age_days_max is None or age_days <= self.age_days_max)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPolicy:
    """The rules in order. Where none fits, the answer is forbid."""

    rules: tuple[Rule, ...]

    def judge(self, *, method: str, reason: str, amount: int, age_days: int) -> tuple[Verdict, str]:
        """Return the verdict and the name of the rule that gave it."""
        for rule in self.rules:
            if rule.fits(method=method, reason=reason, amount=amount, age_days=age_days):
                return rule.decide, rule.name
        return Verdict.FORBID, "no rule fits"


def shipped_policy() -> RefundPolicy:
    """Return the policy that comes with the broker."""
    return parse_refund_policy(SHIPPED.read_text("utf-8"), file=SHIPPED.name)


def parse_refund_policy(text: str, *, file: str) -> RefundPolicy:
    """Return the policy that a text describes. Raises: RefundPolicyError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RefundPolicyError(f"{file}: not TOML: {error}") from error
    for key in table:
        if key != "rule":
            raise RefundPolicyError(f"{file}: unknown key {key!r}{nearest(key, ['rule'])}")
    rows = table.get("rule", [])
    if not isinstance(rows, list) or not 0 < len(rows) <= RULES_MAX:
        raise RefundPolicyError(f"{file}: has 1 to {RULES_MAX} tables [[rule]]")
    return RefundPolicy(rules=tuple(_rule(row, file, n + 1) for n, row in enumerate(rows)))


def _rule(row: object, file: str, number: int) -> Rule:
    known = [each.name for each in fields(Rule)]
    for key in row if isinstance(row, dict) else ():
        if key not in known:
            raise RefundPolicyError(
                f"{file}: rule {number}: unknown key {key!r}{nearest(key, known)}"
            )
    try:
        return msgspec.convert(row, Rule)
    except msgspec.ValidationError as error:
        raise RefundPolicyError(f"{file}: rule {number}: {error}") from error
