"""Turns pieces of work into durable rows: one transaction a group, answers only after COMMIT.

    begin -> apply each in memory -> write all rows -> seal -> COMMIT -> answers
               | something fails
               v
    ROLLBACK, begin -> each under its own mark, written at once; what fails is taken back alone
                    -> seal -> COMMIT -> answers

A plain object without thread or queue; `ips.writer` feeds it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from ips.points import Point
from ips.store.agreement import Store
from ips.store.balances import Balances
from ips.store.errors import StoreError
from ips.store.group import POISON, Group, PoisonError
from ips.store.rows import PaymentRow
from protocols.ports import Clock, FaultPoints

RECENT_MAX: Final = 20_000
"""Payments kept at hand between commits."""
Answer_co = TypeVar("Answer_co", covariant=True)
log = logging.getLogger("ips.committer")


class Work(Protocol[Answer_co]):
    """A piece of work: decides on what the group sees, leaves rows, returns its answer.

    It may run twice (the second time after everything of the first was taken back), so it keeps no
    state of its own and touches nothing outside the group.
    """

    @property
    def size(self) -> int:
        """How many bytes it holds while it waits."""
        ...

    @property
    def is_batch(self) -> bool:
        """Whether it is a batch of records, which waits behind online requests."""
        ...

    def apply(self, group: Group) -> Answer_co:
        """Decide, leave rows in the group, return the answer."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """It is durable."""

    answer: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing of it was kept; `error` says why."""

    error: PoisonError | StoreError


Result = Done | Failed


class Committer:
    """The one that writes to a store."""

    def __init__(self, store: Store, clock: Clock, points: FaultPoints) -> None:
        self._store = store
        self._clock = clock
        self._points = points
        self._balances = Balances(store, store.counters().account)
        self._recent: dict[str, PaymentRow] = {}

    def commit(self, works: Sequence[Work[Any]]) -> list[Result]:
        """Do all of it in one transaction; return results in order, each durable or undone."""
        self._points.reach(Point.BEFORE_BEGIN)
        now_ns = self._clock.now_ns()
        try:
            return self._transact(works, now_ns, self._all_at_once)
        except POISON as error:
            log.warning("group.poisoned", extra={"works": len(works), "error": str(error)})
        except StoreError as error:
            return self._refuse(works, error)
        try:
            return self._transact(works, now_ns, self._one_by_one)
        except POISON as error:
            return self._refuse(works, StoreError(f"the group cannot be sealed: {error}"))
        except StoreError as error:
            return self._refuse(works, error)

    def _refuse(self, works: Sequence[Work[Any]], error: StoreError) -> list[Result]:
        log.error("group.failed", extra={"works": len(works), "error": str(error)})
        return [Failed(error)] * len(works)

    def _transact(
        self,
        works: Sequence[Work[Any]],
        now_ns: int,
        run: Callable[[Sequence[Work[Any]], Group], list[Result]],
    ) -> list[Result]:
        try:
            self._store.begin()
            self._points.reach(Point.AFTER_BEGIN)
            group = Group(self._store, self._balances, now_ns=now_ns, recent=self._recent)
            results = run(works, group)
            self._points.reach(Point.AFTER_WRITE)
            group.seal()
            group.flush()
            self._points.reach(Point.BEFORE_COMMIT)
            self._store.commit()
        except (*POISON, StoreError):
            self._store.rollback()
            self._balances.reset(self._store.counters().account)
            self._recent.clear()
            raise
        self._remember(group)
        self._points.reach(Point.AFTER_COMMIT)
        return results

    def _remember(self, group: Group) -> None:
        """Keep the payments of the last groups at hand: most are asked about again at once."""
        if group.careful or len(self._recent) > RECENT_MAX:
            self._recent.clear()
        if not group.careful:
            self._recent.update(group.put_payments)

    def _all_at_once(self, works: Sequence[Work[Any]], group: Group) -> list[Result]:
        results: list[Result] = [Done(work.apply(group)) for work in works]
        self._points.reach(Point.BEFORE_WRITE)
        group.flush()
        return results

    def _one_by_one(self, works: Sequence[Work[Any]], group: Group) -> list[Result]:
        results: list[Result] = []
        group.careful = True
        for work in works:
            self._points.reach(Point.BEFORE_ITEM)
            try:
                results.append(Done(group.attempt(partial(work.apply, group))))
            except PoisonError as error:
                log.error("work.poisoned", extra={"work": type(work).__name__, "error": str(error)})
                results.append(Failed(error))
            self._points.reach(Point.AFTER_ITEM)
        return results
