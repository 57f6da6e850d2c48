"""The named places where a test may kill the broker; each is before or after something durable.

In production nothing happens at them. `FAULT=after_commit:20` in the environment kills the process
with SIGKILL at the twentieth time it comes there (see `ips.host`).
"""

from enum import StrEnum


class Point(StrEnum):
    """In the order in which a commit comes through."""

    BEFORE_BEGIN = "before_begin"
    """Requests were taken from the queue; nothing has begun."""
    AFTER_BEGIN = "after_begin"
    """The transaction is open and empty."""
    BEFORE_WRITE = "before_write"
    """Everything was decided in memory; not a row is written."""
    AFTER_WRITE = "after_write"
    """All rows are written, not the seal."""
    BEFORE_COMMIT = "before_commit"
    """The seal is written too."""
    AFTER_COMMIT = "after_commit"
    """Durable; nobody was told."""
    AFTER_ANSWER = "after_answer"
    """The answers were handed over."""
    BEFORE_ITEM = "before_item"
    """The slow path: before one piece of work of a group in which something failed."""
    AFTER_ITEM = "after_item"
    """The slow path: after one piece of work."""


class DeskPoint(StrEnum):
    """In the order in which a request for money comes through (`ips.desk`, `ips.calls`)."""

    INTENT = "desk.intent"
    """The intent is durable; the module was not asked."""
    CALL = "module.call"
    """About to ask the module."""
    ANSWERED = "module.answered"
    """The module answered; nothing of it is written."""
    RESULT = "desk.result"
    """The result is durable; nobody was told."""
    CANCEL = "desk.cancel"
    """A payment was given up, durable; its module was not told to undo it."""
    GIVE_BACK = "desk.give_back"
    """A terminal gives money back; the module was not asked."""
    REFUND = "desk.refund"
    """The intent to pay a refund is durable; the module was not asked."""


class BankPoint(StrEnum):
    """In the order in which something is asked of a bank (`ips.bank.line`)."""

    INTENT = "bank.intent"
    """The exchange is durable; not a byte has left."""
    ANSWERED = "bank.answered"
    """The bank has answered; nothing of it is written."""
    TELL = "bank.tell"
    """A reversal or an advice is about to be sent."""
    TOLD = "bank.told"
    """The bank has accepted it; nothing of that is written."""
