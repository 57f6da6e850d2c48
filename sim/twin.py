"""What a virtual device is to everything around it: bytes and time in, bytes out, verbs from the bench.

    driver  == bytes ==  carrier (pty, tcp, rfc2217, memory)  --  wire (rate, faults)  --  Twin
                                                                                            |
                                                       bench: verbs, state, history, paper--+

A twin is a machine: no loop, no clock, no socket. `now_ns` is always the bench's monotonic clock,
and a caller hands in a `now_ns` that never goes back. After every call of `receive`, `tick` and `do`
the caller fetches `outgoing()` and reads `deadline_ns` anew.
"""

import difflib
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from protocols.control import HISTORY_MAX, Event, Verb, VerbHelp


class VerbError(ValueError):
    """A device has no such verb, or the verb no such argument. The message names what there is."""


@runtime_checkable
class Twin(Protocol):
    """A virtual device, as its hosting and its bench see it."""

    @property
    def device(self) -> str:
        """The kind of device: printer, line_display, scanner."""
        ...

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` wants to be called next; None while nothing is due."""
        ...

    @property
    def history(self) -> Sequence[Event]:
        """What happened so far, oldest first, at most HISTORY_MAX; see History."""
        ...

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the wire, in pieces of any size. Never raises, whatever they are."""
        ...

    def outgoing(self) -> bytes:
        """Hand over the bytes for the wire that have gathered since the last call."""
        ...

    def tick(self, now_ns: int) -> None:
        """Do what is due; harmless when called too early."""
        ...

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do to this device now."""
        ...

    def do(self, verb: Verb, now_ns: int) -> None:
        """Carry out a verb. Raises: VerbError for an unknown verb or a wrong argument."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what can be seen on the device: texts, numbers and booleans, fit for JSON."""
        ...


@runtime_checkable
class Dialled(Protocol):
    """A twin that is dialled, as a host is: what was said on one line has no end on the next."""

    def opened(self, now_ns: int) -> None:
        """Learn that somebody has come."""
        ...

    def closed(self, now_ns: int) -> None:
        """Learn that he has left."""
        ...


@runtime_checkable
class Dialling(Protocol):
    """A twin that dials a host itself, as a payment terminal does its bank."""

    @property
    def host_address(self) -> str:
        """Return whom it dials, HOST:PORT; empty for nobody."""
        ...

    def host_opened(self, now_ns: int) -> None:
        """Learn that the host is there."""
        ...

    def host_closed(self, now_ns: int) -> None:
        """Learn that it is gone."""
        ...

    def host_receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the host. Never raises, whatever they are."""
        ...

    def host_outgoing(self) -> bytes:
        """Hand over the bytes for the host that have gathered since the last call."""
        ...


@runtime_checkable
class Paper(Protocol):
    """A twin that prints: what came out of it can be looked at."""

    def paper_text(self) -> str:
        """Return the paper so far as text, a line feed after each line."""
        ...

    def paper_png(self) -> bytes:
        """Return the paper so far as a PNG picture, dot for dot."""
        ...


class History:
    """What happened to a device; the newest HISTORY_MAX events are kept."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=HISTORY_MAX)

    def add(self, at_ns: int, what: str, detail: str = "") -> None:
        """Note that something happened; `what` is one lower-case word, as in cable_pulled."""
        self._events.append(Event(at_ns=at_ns, what=what, detail=detail))

    def events(self) -> Sequence[Event]:
        """Return the events kept, oldest first."""
        return tuple(self._events)


def fits(verb: Verb, known: VerbHelp) -> bool:
    """Say whether a verb has every argument that it must have, and none that it cannot."""
    given = set(verb.arguments)
    return set(known.arguments) <= given <= set(known.arguments) | set(known.optional)


def refuse_verb(verb: Verb, verbs: Sequence[VerbHelp]) -> VerbError:
    """Return the error that says why this verb cannot be done and which can."""
    for known in verbs:
        if known.name == verb.verb:
            given = set(verb.arguments) - set(known.optional)
            wrong = sorted(given ^ set(known.arguments))
            takes = ", ".join(sorted(known.arguments)) or "none"
            return VerbError(f"{verb.verb}: wrong arguments ({', '.join(wrong)}); it takes {takes}")
    names = [known.name for known in verbs]
    close = difflib.get_close_matches(verb.verb, names, n=1)
    hint = f"did you mean {close[0]!r}? This" if close else "this"
    return VerbError(f"no verb {verb.verb!r}; {hint} device has: {', '.join(names)}")
