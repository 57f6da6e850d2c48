"""Is a payment module fit: what `ips-broker module check NAME` tries (broker.md 6).

    replay        the same order twice: the same answer, and money moved once
    inquiry       finds what was approved; moves nothing; knows nothing of a key never used
    interruption  the call cut off at every point where it waits; an inquiry then tells, and a repeat
                  of the same key ends in one payment
    refund        within what was paid, and as the manifest says
    answers       an outcome for every order, never more than asked, never an exception
    scrub         no card number, track or PIN block is left in a transcript

Each check gets a fresh module and a journal in memory. It sees a module only through its agreement,
so that a stranger's module is checked as ours are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ips.calls import MILLISECONDS, checked
from ips.spi import Context, Manifest, Mode, Operation, Order, PaymentModule, RefundCapability
from protocols.money import Money, currency
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown
from protocols.ports import Clock

INTERRUPTIONS_MAX: Final = 50
"""Points at which one call is cut off; a call that waits more often is checked up to here."""
TRANSCRIPT: Final = (
    "0200 pan=4111111111111111 track2=;4111111111111111=29122011000012345? "
    "pin_block=1A2B3C4D5E6F7081 name=KIM 5500-0000-0000-0004"
)
_SECRETS: Final = ("4111111111111111", "29122011000012345", "1A2B3C4D5E6F7081", "0000-0000-0004")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a module does that it must not."""

    check: str
    sentence: str


@dataclass(slots=True)
class MemoryJournal:
    """A module's notes, in memory. Implements ModuleJournal."""

    written: dict[str, list[tuple[str, Mapping[str, str]]]] = field(default_factory=dict)

    def note(self, key: str, event: str, fields: Mapping[str, str]) -> None:
        """Write down what passed under a key."""
        self.written.setdefault(key, []).append((event, dict(fields)))

    def notes(self, key: str) -> list[tuple[str, Mapping[str, str]]]:
        """Return what was written under a key, oldest first."""
        return list(self.written.get(key, ()))


class NoFaults:
    """Lets every point pass. Implements FaultPoints."""

    def reach(self, point: str) -> None:
        """Do nothing."""


Make = Callable[[], PaymentModule]


async def check_module(
    make: Make, *, clock: Clock, fields: Mapping[str, str] | None = None
) -> list[Finding]:
    """Try a module out and return what is wrong; nothing: it conforms.

    `make` returns a fresh module each time; `fields` are values for its manifest's needs.
    """
    findings: list[Finding] = []
    for check in (_replay, _inquiry, _interruption, _refund, _answers, _scrub):
        trial = Trial(make(), clock, fields or {}, check.__name__.lstrip("_"))
        await check(trial)
        findings += trial.findings
    return findings


class Trial:
    """One module under one check, with its own journal."""

    def __init__(
        self, module: PaymentModule, clock: Clock, fields: Mapping[str, str], name: str
    ) -> None:
        self.module = module
        self.findings: list[Finding] = []
        self._clock = clock
        self._fields = fields
        self._name = name
        self._journal = MemoryJournal()

    @property
    def manifest(self) -> Manifest:
        """The module's manifest."""
        return self.module.manifest

    @property
    def knows_its_payments(self) -> bool:
        """Whether a peer of its own keeps what was paid: not so for cash, nor where the account is ours."""
        return self.manifest.intent and not self.manifest.holder

    def object_to(self, sentence: str) -> None:
        """Write down what is wrong."""
        self.findings.append(Finding(check=self._name, sentence=sentence))

    def order(self, key: str, operation: Operation = Operation.AUTHORISE) -> Order:
        """Return an order for the amount that checks use."""
        limits = self.manifest.limits
        minor = min(max(limits.amount_min, 1000), limits.amount_max)
        code = min(self.manifest.currencies, default="KRW")
        fields = self._fields if operation is Operation.AUTHORISE else {}
        return Order(
            operation=operation,
            key=key,
            payment="" if operation is Operation.AUTHORISE else key,
            amount=Money(minor, currency(code)),
            store="S1",
            terminal="01",
            fields=fields,
        )

    def call(self, order: Order) -> Awaitable[Outcome]:
        """Return the module's own answer to an order, unchecked."""
        timeout_ns = self.manifest.timeout_ms * MILLISECONDS
        context = Context(
            clock=self._clock,
            journal=self._journal,
            faults=NoFaults(),
            deadline_ns=self._clock.monotonic_ns() + timeout_ns,
        )
        return self.module.perform(order, context)

    async def ask(self, order: Order) -> Outcome | None:
        """Return a possible answer; None, and a finding, for any other."""
        try:
            async with asyncio.timeout(self.manifest.timeout_ms / 1000):
                outcome = await self.call(order)
        except TimeoutError:
            self.object_to(f"{order.operation} is not answered in {self.manifest.timeout_ms} ms")
            return None
        # Whatever a stranger's module raises is the finding.
        except Exception as error:  # noqa: BLE001
            self.object_to(f"{order.operation} raises {type(error).__name__}, not an outcome")
            return None
        fit = checked(outcome, order)
        if fit is not outcome:
            assert isinstance(fit, Unknown)
            self.object_to(f"{order.operation}: {fit.reason}")
            return None
        return outcome

    async def pay(self, key: str) -> Approved | None:
        """Pay; None when the module did not approve."""
        outcome = await self.ask(self.order(key))
        return outcome if isinstance(outcome, Approved) else None

    async def refund(self, key: str, payment: str, amount: Money) -> Outcome | None:
        """Ask money back."""
        order = self.order(key, Operation.REFUND)
        return await self.ask(replace(order, payment=payment, amount=amount))

    def can(self, operation: Operation) -> bool:
        """Return whether the manifest names an operation."""
        return operation in self.manifest.operations


async def _replay(trial: Trial) -> None:
    if not trial.can(Operation.AUTHORISE):
        return
    order = trial.order("replay-a")
    first, second = await trial.ask(order), await trial.ask(order)
    if first != second:
        trial.object_to("the same order twice gets two answers")
    if isinstance(first, Approved) and trial.can(Operation.REFUND) and trial.knows_its_payments:
        await trial.refund("replay-r1", order.key, first.amount)
        again = await trial.refund("replay-r2", order.key, first.amount)
        if isinstance(again, Approved):
            trial.object_to("an order given twice moved money twice")


async def _inquiry(trial: Trial) -> None:
    if not trial.can(Operation.INQUIRE):
        return
    if trial.can(Operation.AUTHORISE):
        paid = await trial.pay("inquiry-a")
        found = await trial.ask(trial.order("inquiry-a", Operation.INQUIRE))
        if paid is not None and found != paid:
            trial.object_to("an inquiry does not find what was approved")
    never = await trial.ask(trial.order("inquiry-never", Operation.INQUIRE))
    if isinstance(never, Approved | Pending):
        trial.object_to("an inquiry approves a key that was never used")
    if trial.can(Operation.REFUND) and trial.knows_its_payments:
        amount = trial.order("x").amount
        back = await trial.refund("inquiry-r", "inquiry-never", amount)
        if isinstance(back, Approved):
            trial.object_to("an inquiry about an unknown key moved money, or made it refundable")


async def _interruption(trial: Trial) -> None:
    """Cut the call off after each step it takes, then ask, then repeat under the same key."""
    if not trial.can(Operation.AUTHORISE):
        return
    for steps in range(INTERRUPTIONS_MAX):
        order = trial.order(f"cut-{steps}")
        ended = await _cut_off(trial, order, steps)
        if trial.can(Operation.INQUIRE):
            found = await trial.ask(trial.order(order.key, Operation.INQUIRE))
            repeated = await trial.ask(order)
            if isinstance(found, Approved) and repeated != found:
                trial.object_to(f"cut off after step {steps}: a repeat does not answer what it did")
        if ended:
            return


async def _cut_off(trial: Trial, order: Order, steps: int) -> bool:
    """Start a call and cancel it after so many steps of the loop; return whether it had ended."""

    async def run() -> Outcome | None:
        return await trial.ask(order)

    task = asyncio.get_running_loop().create_task(run())
    for _ in range(steps):
        await asyncio.sleep(0)
    if task.done():
        await task
        return True
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return False


async def _refund(trial: Trial) -> None:
    capability = trial.manifest.refund
    able = trial.can(Operation.REFUND)
    if able is (capability in (RefundCapability.NONE, RefundCapability.ALTERNATIVE)):
        trial.object_to(f"refund = {capability} does not fit its operations")
    if not able or not trial.can(Operation.AUTHORISE):
        return
    paid = await trial.pay("refund-a")
    if paid is None:
        return
    whole = paid.amount
    if capability is RefundCapability.PARTIAL and whole.minor > 1:
        part = Money(whole.minor // 2, whole.currency)
        if not isinstance(await trial.refund("refund-r1", "refund-a", part), Approved | Pending):
            trial.object_to("refund = partial, but a part is not given back")
    if trial.knows_its_payments:
        above = await trial.refund("refund-r2", "refund-a", whole + Money(1, whole.currency))
        if isinstance(above, Approved):
            trial.object_to("more is given back than was paid")


async def _answers(trial: Trial) -> None:
    """Every operation that the manifest does not name is refused, and none raises."""
    for operation in Operation:
        outcome = await trial.ask(trial.order(f"answers-{operation}", operation))
        if not trial.can(operation) and not isinstance(outcome, Declined | NotSent | None):
            trial.object_to(f"{operation} is not in its manifest, and is answered")
    if Mode.SYNC not in trial.manifest.modes and Mode.DEFERRED not in trial.manifest.modes:
        trial.object_to("modes name neither sync nor deferred")


async def _scrub(trial: Trial) -> None:
    scrubbed = trial.module.scrub(TRANSCRIPT)
    for secret in _SECRETS:
        if secret in scrubbed:
            trial.object_to(f"a transcript keeps {secret[:2]}...{secret[-2:]}")
