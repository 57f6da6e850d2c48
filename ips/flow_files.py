"""Reads flow files: TOML to a checked Flow, every mistake named with file, line, place and nearest word.

Two passes: shape (here: known keys, known words, known states) and sense (ips.flow_checks: every
state reachable, every path to an end, every hold resolved, refunds reachable). Nothing half-read
is ever returned. Pure: the caller reads the file.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import Final, TypeVar

from ips.flow_checks import Problem, check_sense
from ips.flows import (
    PLACEHOLDERS,
    Due,
    DueRun,
    EventName,
    Flow,
    Guard,
    Inquiry,
    Model,
    Posting,
    State,
    StateClass,
    Transition,
    Verb,
    digest_of,
)
from ips.ledger import Phase

SOURCE_BYTES_MAX: Final = 64 * 1024
STATES_MAX: Final = 64

Word = TypeVar("Word", bound=StrEnum)
Table = Mapping[str, object]


class FlowError(ValueError):
    """A flow file cannot be used. The message names every problem, a line each."""

    def __init__(self, file: str, problems: list[Problem], source: str = "") -> None:
        self.file = file
        self.problems = problems
        lines = [
            f"{file}:{line_of(source, problem.place)}: {problem.place}: {problem.sentence}"
            for problem in problems
        ]
        super().__init__("\n".join(lines))


def parse_flow(source: str, *, file: str) -> Flow:
    """Return the flow that a text describes. Raises: FlowError with every problem found."""
    if len(source.encode()) > SOURCE_BYTES_MAX:
        raise FlowError(file, [Problem("file", f"longer than {SOURCE_BYTES_MAX} bytes")])
    try:
        table = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise FlowError(file, [Problem("file", f"not TOML: {error}")]) from error
    reader = _Reader()
    flow = reader.flow(table, source)
    problems = reader.problems or check_sense(flow)
    if problems:
        raise FlowError(file, problems, source)
    return flow


def line_of(source: str, place: str) -> int:
    """Return the line that a dotted place stands on: its header, or its key below the header."""
    parts = place.split(".")
    lines = source.splitlines()
    for depth in range(len(parts), -1, -1):
        header = f"[{'.'.join(parts[:depth])}]" if depth else ""
        start = next((n for n, text in enumerate(lines) if text.strip() == header), None)
        if depth and start is None:
            continue
        first = start + 1 if depth and start is not None else 0
        if depth == len(parts):
            return first
        for number, text in enumerate(lines[first:], start=first + 1):
            if text.startswith("[") and depth:
                break
            if text.split("=")[0].strip() == parts[depth]:
                return number
        return max(first, 1)
    return 1


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint such as `; did you mean 'settled'?`, or what is known."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names) or 'none'}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file we read, for messages."""

    path: str

    def __truediv__(self, name: str) -> "_Place":
        return _Place(f"{self.path}.{name}" if self.path else name)


class _Reader:
    """Reads tables and collects problems instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def flow(self, table: Table, source: str) -> Flow:
        root = _Place("")
        self._keys(table, root, _FLOW_KEYS, required=("name", "version", "model", "initial"))
        states_table = self._table(table, root, "states")
        postings_table = self._table(table, root, "postings")
        if not 0 < len(states_table) <= STATES_MAX:
            self._say(root / "states", f"a flow has 1 to {STATES_MAX} states")
        postings = {
            name: self._posting(name, postings_table, root / "postings") for name in postings_table
        }
        states: dict[str, State] = {}
        cells: dict[tuple[str, Verb], tuple[Transition, ...]] = {}
        for name in states_table:
            place = root / "states" / name
            body = self._table(states_table, root / "states", name)
            states[name] = self._state(name, body, place)
            for word, alternatives in self._table(body, place, "on").items():
                verb = self._word(Verb, word, place / "on" / word)
                found = self._alternatives(
                    alternatives, place / "on" / word, states_table, postings
                )
                if verb is not None and found:
                    cells[name, verb] = found
                if verb in states[name].ignore:
                    self._say(place / "ignore", f"{word} is both ignored and answered")
        initial = self._text(table, root, "initial")
        if initial not in states_table:
            self._say(root / "initial", f"no state {initial!r}{nearest(initial, states_table)}")
        return Flow(
            name=self._text(table, root, "name"),
            version=self._whole(table, root, "version", least=1),
            digest=digest_of(source),
            source=source,
            model=self._word(Model, self._text(table, root, "model"), root / "model")
            or Model.SYNCHRONOUS,
            ko=self._text(table, root, "ko"),
            en=self._text(table, root, "en"),
            initial=initial,
            inquiry=self._inquiry(self._table(table, root, "inquiry"), root / "inquiry"),
            states=states,
            cells=cells,
            postings=postings,
        )

    def _state(self, name: str, body: Table, place: _Place) -> State:
        self._keys(body, place, _STATE_KEYS, required=("class", "ko", "en"))
        state_class = self._word(StateClass, self._text(body, place, "class"), place / "class")
        ignore = [
            self._word(Verb, word, place / "ignore") for word in self._words(body, place, "ignore")
        ]
        return State(
            name=name,
            state_class=state_class or StateClass.OPEN,
            ko=self._text(body, place, "ko"),
            en=self._text(body, place, "en"),
            due=self._due(self._table(body, place, "due"), place / "due")
            if "due" in body
            else None,
            ignore=frozenset(verb for verb in ignore if verb is not None),
        )

    def _alternatives(
        self, value: object, place: _Place, states: Table, postings: Mapping[str, Posting]
    ) -> tuple[Transition, ...]:
        rows = value if isinstance(value, list) else [value]
        transitions = []
        for row in rows:
            if not isinstance(row, dict):
                self._say(place, "is { to, emit, when, post } or a list of such")
                continue
            transitions.append(self._transition(row, place, states, postings))
        for transition in transitions[:-1]:
            if not transition.when:
                self._say(place, "an alternative without `when` hides those after it")
        return tuple(transitions)

    def _transition(
        self, row: Table, place: _Place, states: Table, postings: Mapping[str, Posting]
    ) -> Transition:
        self._keys(row, place, ("to", "emit", "when", "post"), required=("to", "emit"))
        target = self._text(row, place, "to")
        if target not in states:
            self._say(place / "to", f"no state {target!r}{nearest(target, states)}")
        posts = self._words(row, place, "post")
        for name in posts:
            if name not in postings:
                self._say(place / "post", f"no posting {name!r}{nearest(name, postings)}")
        guards = [
            self._word(Guard, word, place / "when") for word in self._words(row, place, "when")
        ]
        return Transition(
            to=target,
            emit=self._word(EventName, self._text(row, place, "emit"), place / "emit")
            or EventName.ASKED,
            when=tuple(guard for guard in guards if guard is not None),
            post=tuple(posts),
        )

    def _posting(self, name: str, postings: Table, parent: _Place) -> Posting:
        place = parent / name
        row = self._table(postings, parent, name)
        self._keys(row, place, ("debit", "credit", "phase", "memo"), required=("debit", "credit"))
        debit, credit = self._account(row, place, "debit"), self._account(row, place, "credit")
        if debit == credit:
            self._say(place, "debits and credits the same account")
        phase = self._word(Phase, str(row.get("phase", "post")), place / "phase") or Phase.POST
        if phase is not Phase.POST and {debit, credit} & {"{sales}", "{returns}"}:
            self._say(place, "only phase post may be split by a receipt's lines")
        memo = self._text(row, place, "memo") if "memo" in row else ""
        return Posting(name=name, debit=debit, credit=credit, phase=phase, memo=memo)

    def _account(self, row: Table, place: _Place, key: str) -> str:
        account = self._text(row, place, key)
        try:
            fields = [field for _, field, spec, how in Formatter().parse(account) if field or spec]
        except ValueError as error:
            self._say(place / key, f"{account!r}: {error}")
            return "suspense/exceptions"
        for field in fields:
            if field not in PLACEHOLDERS:
                self._say(place / key, f"no {{{field}}} here{nearest(str(field), PLACEHOLDERS)}")
        if {"sales", "returns", "asset"} & set(map(str, fields)) and account.count("/"):
            self._say(place / key, f"{account!r}: asset, sales and returns are whole accounts")
        return account

    def _due(self, row: Table, place: _Place) -> Due | None:
        self._keys(row, place, ("after_s", "run"), required=("after_s", "run"))
        run = self._word(DueRun, self._text(row, place, "run"), place / "run")
        return Due(after_s=self._whole(row, place, "after_s", least=1), run=run or DueRun.INQUIRE)

    def _inquiry(self, row: Table, place: _Place) -> Inquiry:
        self._keys(row, place, ("after_s", "then_s"))
        if not row:
            return Inquiry()
        after = row.get("after_s", [])
        if not isinstance(after, list) or not all(type(n) is int and n > 0 for n in after):
            self._say(place / "after_s", "is a list of whole seconds above zero")
            after = []
        return Inquiry(after_s=tuple(after), then_s=self._whole(row, place, "then_s", least=1))

    def _keys(
        self, table: Table, place: _Place, known: Iterable[str], *, required: Iterable[str] = ()
    ) -> None:
        for key in table:
            if key not in known:
                self._say(place / key, f"unknown key {key!r}{nearest(key, known)}")
        for key in required:
            if key not in table:
                self._say(place / key, "is missing")

    def _table(self, table: Table, place: _Place, key: str) -> Table:
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self._say(place / key, "is a table")
        return {}

    def _text(self, table: Table, place: _Place, key: str) -> str:
        value = table.get(key, "")
        if isinstance(value, str):
            return value
        self._say(place / key, "is a text")
        return ""

    def _whole(self, table: Table, place: _Place, key: str, *, least: int) -> int:
        value = table.get(key, least)
        if type(value) is int and value >= least:
            return value
        self._say(place / key, f"is a whole number from {least} up")
        return least

    def _words(self, table: Table, place: _Place, key: str) -> list[str]:
        value = table.get(key, [])
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return [str(word) for word in value]
        self._say(place / key, "is a list of names")
        return []

    def _word(self, words: type[Word], word: str, place: _Place) -> Word | None:
        try:
            return words(word)
        except ValueError:
            known = [member.value for member in words]
            self._say(place, f"unknown {_WORDS[words]} {word!r}{nearest(word, known)}")
            return None

    def _say(self, place: _Place, sentence: str) -> None:
        self.problems.append(Problem(place.path, sentence))


_FLOW_KEYS: Final = (
    "name",
    "version",
    "model",
    "ko",
    "en",
    "initial",
    "inquiry",
    "states",
    "postings",
)
_STATE_KEYS: Final = ("class", "ko", "en", "ignore", "due", "on")
_WORDS: Final[Mapping[type[StrEnum], str]] = {
    DueRun: "run",
    EventName: "event",
    Guard: "guard",
    Model: "model",
    Phase: "phase",
    StateClass: "class",
    Verb: "command",
}
"""What a closed set is called in messages."""
