"""The broker's part of the points programme, in memory: for tests of a till without one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocols.broker import Member
from protocols.members import read_named, shown_as
from protocols.money import Money
from protocols.outcome import Approved, Declined, Outcome

MEMBER = "M123456782"


@dataclass
class ClubHere:
    """Implements pos.club.Club: two members with one tail, and what they have."""

    points: dict[str, int] = field(default_factory=lambda: {MEMBER: 1_240, "M000000018": 0})
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Outcome] = field(default_factory=dict)

    async def who(self, named: str) -> Sequence[Member] | None:
        """Return who it may be."""
        self.asked.append(named)
        told = read_named(named)
        rows = [
            Member(number=MEMBER, shown=shown_as("김*수", "3304"), points=self.points[MEMBER]),
            Member(number="M000000018", shown=shown_as("이*지", "5678"), points=0),
            Member(number="M000000026", shown=shown_as("박*", "5678"), points=0, stopped=True),
        ]
        phones = {MEMBER: "01012343304", "M000000018": "01000005678", "M000000026": "01900005678"}
        match told.by:
            case "number":
                return [row for row in rows if row.number == told.text]
            case "phone":
                return [row for row in rows if phones[row.number] == told.text]
            case "tail":
                return [row for row in rows if phones[row.number].endswith(told.text)]

    async def spend(self, *, key: str, member: str, amount: Money) -> Outcome:
        """Take the points, once a key."""
        if key not in self.answers:
            short = self.points[member] < amount.minor
            if short:
                self.answers[key] = Declined(code="PTS-02", reason="too few")
            else:
                self.points[member] -= amount.minor
                self.answers[key] = Approved(amount=amount, reference="")
        return self.answers[key]
