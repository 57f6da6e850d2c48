"""What terminals report about e-cash, entered into the shadow ledger: checked, never refused.

Called at the end of a batch's booking, in its commit. A transfer has happened whatever is odd about
it; a signature that does not hold, a number used twice, more spent than given, a completion of what
was paid back: each is asked about, once. Source: purse.md 3.4 T5, T10, T16.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ips.purse import claims, orders, records, shadow
from ips.questions import question
from ips.store.group import Group
from ips.store.rows import QuestionRow
from protocols.facts import PurseClaimed, PurseCommanded, PurseMoved
from protocols.journal import Record
from protocols.purse.details import MessageType, PurseClass, decode_details
from protocols.purse.proof import Proof, ProofError, Prover

NO_CERTIFICATE: Final = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One e-cash fact with the record that brought it."""

    record: Record
    fact: PurseMoved | PurseClaimed | PurseCommanded


@dataclass(slots=True)
class _Touched:
    """A purse that something was entered about."""

    record: Record
    numbers: set[int] = field(default_factory=set)
    """Its own, of what was entered."""
    paid: bool = False


class ShadowKeeper:
    """Enters what is reported. `prover` is None where no issuer's key is known."""

    def __init__(self, prover: Prover | None) -> None:
        self._prover = prover

    def enter(self, group: Group, reported: Sequence[Reported]) -> list[QuestionRow]:
        """Enter facts that were booked as new; return what is asked about them."""
        asked: list[QuestionRow] = []
        touched: dict[str, _Touched] = {}
        for each in reported:
            match each.fact:
                case PurseMoved() as fact:
                    asked += self._move(group, each.record, fact)
                    details = decode_details(fact.details)
                    for name, number, paid in (
                        (details.payer.hex(), details.payer_sequence, True),
                        (details.payee.hex(), details.payee_sequence, False),
                    ):
                        purse = touched.setdefault(name, _Touched(each.record))
                        purse.record = each.record
                        purse.numbers.add(number)
                        purse.paid |= paid
                case PurseClaimed() as fact:
                    asked += self._claim(group, each.record, fact)
                case PurseCommanded() as fact:
                    if why := orders.reported(group, fact, each.record.terminal):
                        name = fact.name.hex()
                        asked.append(_question(group, each.record, "purse-command", name, 0, why))
        group.flush()
        for name, purse in touched.items():
            asked += _suspect(group, name, purse)
        return [group.ask(row) for row in asked]

    def _move(self, group: Group, record: Record, fact: PurseMoved) -> list[QuestionRow]:
        details = decode_details(fact.details)
        proof, why = self._proof(fact)
        signer = None if proof is None else proof.certificate
        for name, purse_class in (
            (details.payer, fact.payer_class),
            (details.payee, fact.payee_class),
        ):
            mine = signer is not None and signer.name == name
            certificate = fact.message[-112:] if mine else NO_CERTIFICATE
            known = signer.purse_class if mine and signer is not None else purse_class
            known = known if known in tuple(PurseClass) else PurseClass.CONSUMER
            group.changes.own.append(records.meet(name, known, certificate, group.now_ns))
        group.changes.own.append(
            records.move(fact.details, fact.message, group.now_ns, proved=proof is not None)
        )
        asked = []
        if why:
            asked.append(
                _question(group, record, "purse-unproved", details.payer.hex(), details.value, why)
            )
        if records.paid(group.store, fact.details) is not None:
            about = details.payer.hex()
            asked.append(_question(group, record, "purse-paid-twice", about, details.value))
        return asked

    def _proof(self, fact: PurseMoved) -> tuple[Proof | None, str]:
        """Return what proves a transfer, or why nothing does; neither where no key is known here."""
        if self._prover is None:
            return None, ""
        try:
            proof = self._prover.message(fact.message)
        except ProofError as error:
            return None, str(error)
        if proof.details.encode() != fact.details:
            return None, "the message is about another transfer"
        told = fact.payer_class if proof.kind is MessageType.VAL else fact.payee_class
        if proof.certificate.purse_class != told:
            return proof, f"its certificate is of class {proof.certificate.purse_class}, not {told}"
        return proof, ""

    def _claim(self, group: Group, record: Record, fact: PurseClaimed) -> list[QuestionRow]:
        group.flush()
        taken = claims.present(group, self._prover, fact)
        holds = not isinstance(taken, claims.Unfit)
        orders.answered(group, fact.nonce, record.terminal, holds=holds)
        if isinstance(taken, claims.Unfit):
            return [_question(group, record, "purse-claim", taken.name, 0, taken.reason)]
        return []


def _suspect(group: Group, name: str, touched: _Touched) -> list[QuestionRow]:
    """Look at one purse after what was entered; each suspicion is asked about once.

    Only the numbers that came are looked up, and only who paid is added up: a shop's purse has
    hundreds of thousands of transfers behind it.
    """
    asked, record = [], touched.record
    for number in sorted(touched.numbers):
        if shadow.uses(group.store, name, number) > 1 and not records.flagged(
            group.store, name, "purse-cloned", str(number)
        ):
            group.changes.own.append(records.flag(name, "purse-cloned", str(number), group.now_ns))
            asked.append(_question(group, record, "purse-cloned", name, 0, f"no. {number}"))
    known = records.purse(group.store, name) if touched.paid else None
    if known is None or not known.made_ns or known.purse_class in _ISSUERS:
        return asked
    for code, gained in shadow.gained(group.store, name).items():
        if gained < 0 and not records.flagged(group.store, name, "purse-overspent", code):
            group.changes.own.append(records.flag(name, "purse-overspent", code, group.now_ns))
            asked.append(_question(group, record, "purse-overspent", name, -gained))
    return asked


_ISSUERS: Final = (PurseClass.TELLER, PurseClass.ORIGINATOR)
"""Their purses may give more than they got: that is where value comes from."""


def _question(
    group: Group, record: Record, code: str, about: str, amount: int = 0, detail: str = ""
) -> QuestionRow:
    asked = question(code, about=about, amount=amount, currency=record.currency, detail=detail)
    return QuestionRow(
        record.terminal,
        record.epoch,
        record.sequence,
        asked.code,
        asked.sentence_ko,
        asked.sentence_en,
        asked.about,
        asked.amount,
        group.now_ns,
    )
