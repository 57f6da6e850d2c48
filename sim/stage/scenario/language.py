"""A scenario as it is read from its file: what is given, what happens, what must be seen, what goes wrong.

    about = "A sentence."
    seed = 7                                  # of the noise on wires, and of a storm
    sweep = { count = [1, 2, 3] }             # the scenario is played for each; "$count" stands for it
    rows = [ { code = "1", says = "SCN-01" } ]
    given.cards.customer-1 = { balance = 1_000 }
    when = [ { scan = "8801115114154" }, ... ]
    faults = [ { at = "3 s", printer = "paper_out" }, ... ]
    storm = { faults = 8, over = "60 s" }     # drawn from the seed
    then = [ { purse = "customer-1", holds = 0 } ]

A step is a table whose first key is its word. What is wrong names file, line and the nearest word.
"""

import itertools
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from sim.stage.scenario.checks import CHECKS, Check
from sim.stage.scenario.devices import NAMES, device_step
from sim.stage.scenario.faults import Scheduled, Storm
from sim.stage.scenario.given import GivenError, read_given
from sim.stage.scenario.lines import line_numbers
from sim.stage.scenario.steps import STEPS, Step
from sim.stage.scenario.words import ScenarioError, nanoseconds, nearest
from sim.stage.world.given import Given

ROWS_MAX: Final = 1_000
"""Of one file: every row is a world of its own."""
_NAME: Final = re.compile(r"\$\{(\w+)\}|^\$(\w+)$")
_SECRET: Final = frozenset({"digits", "pin"})
WORDS: Final[dict[str, type[Step]]] = {each.word: each for each in (*STEPS, *CHECKS)}
"""Every word but the devices' own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A step and where it stands."""

    line: int
    step: Step
    text: str
    """As it was written, on one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario with one row of its parameters."""

    file: Path
    name: str
    about: str
    row: dict[str, Any]
    seed: int
    given: Given
    when: tuple[Placed, ...]
    then: tuple[Placed, ...]
    faults: tuple[Scheduled, ...]
    """Written down; a storm's come on top."""
    storm: Storm | None

    @property
    def label(self) -> str:
        """Return its name with its row."""
        row = ", ".join(f"{key}={value}" for key, value in self.row.items())
        return f"{self.name} [{row}]" if row else self.name


class _File(msgspec.Struct, frozen=True, kw_only=True):
    about: str
    asked: str = ""
    seed: int = 1
    sweep: dict[str, list[Any]] = {}
    rows: list[dict[str, Any]] = []
    given: dict[str, Any] = {}
    when: list[dict[str, Any]]
    then: list[dict[str, Any]] = []
    faults: list[dict[str, Any]] = []
    storm: Storm | None = None


def read_scenarios(file: Path) -> list[Scenario]:
    """Return a file's scenario, once for each row of its parameters. Raises: ScenarioError."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(file, 1, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(file, 1, f"byte {error.start} is no UTF-8") from error
    return parse_scenarios(text, file)


def parse_scenarios(text: str, file: Path) -> list[Scenario]:
    """Read a scenario's text; `file` names it in errors. Raises: ScenarioError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1  # At the end of the document.
        raise ScenarioError(file, line, str(error)) from error
    return _Reader(file, table, line_numbers(text)).scenarios()


@dataclass(slots=True)
class _Reader:
    """Reads one file."""

    file: Path
    table: dict[str, Any]
    lines: dict[tuple[str | int, ...], int]
    used: set[str] = field(default_factory=set)
    """Parameters that stand somewhere."""

    def scenarios(self) -> list[Scenario]:
        known = [field.encode_name for field in msgspec.structs.fields(_File)]
        for key in self.table:
            if key not in known:
                raise self.wrong(f"no {key!r} in a scenario; {nearest(key, known)}", key)
        try:
            top = msgspec.convert(self.table, _File)
        except msgspec.ValidationError as error:
            sentence, _, place = str(error).partition(" - at `$.")
            name = re.match(r"\w+", place)
            missing = sentence.replace("Object missing required field", "a scenario needs")
            raise self.wrong(missing, name[0] if name else "") from error
        rows = self._rows(top)
        scenarios = [self._scenario(top, row) for row in rows]
        for each in rows[0]:
            if each not in self.used:
                raise self.wrong(f"parameter {each!r} stands nowhere: write it as ${each}", "sweep")
        return scenarios

    def wrong(self, sentence: str, *path: str | int) -> ScenarioError:
        """Return an error at the line of a path, or of what it stands in."""
        while path and path not in self.lines:
            path = path[:-1]
        return ScenarioError(self.file, self.lines.get(path, 1), sentence)

    def _rows(self, top: _File) -> list[dict[str, Any]]:
        products = [
            dict(zip(top.sweep, values, strict=True))
            for values in itertools.product(*top.sweep.values())
        ]
        rows = [each | product for each in top.rows or [{}] for product in products]
        if not 0 < len(rows) <= ROWS_MAX:
            raise self.wrong(f"{len(rows)} rows; a scenario has 1 to {ROWS_MAX}", "sweep")
        names = set(rows[0])
        for number, row in enumerate(top.rows):
            if odd := sorted(set(row) ^ (names - set(top.sweep))):
                raise self.wrong(f"rows differ: {odd[0]!r} is not in each", "rows", number)
        return rows

    def _scenario(self, top: _File, row: dict[str, Any]) -> Scenario:
        return Scenario(
            file=self.file,
            name=self.file.stem,
            about=top.about,
            row=row,
            seed=top.seed,
            given=self._given(top, row),
            when=self._steps("when", top.when, row),
            then=self._steps("then", top.then, row, only=Check),
            faults=tuple(
                self._fault(number, table, row) for number, table in enumerate(top.faults)
            ),
            storm=top.storm,
        )

    def _given(self, top: _File, row: dict[str, Any]) -> Given:
        def where(*path: str) -> str:
            return str(self.wrong("", "given", *path))

        try:
            return read_given(self._filled(top.given, row, "given"), where)
        except GivenError as error:
            raise _PlacedError(str(error)) from error

    def _steps(
        self,
        part: str,
        tables: list[dict[str, Any]],
        row: dict[str, Any],
        only: type[Step] = Step,
    ) -> tuple[Placed, ...]:
        placed = []
        for number, raw in enumerate(tables):
            step = self._step(self._filled(raw, row, part, number), part, number)
            if not isinstance(step, only):
                words = [each.word for each in CHECKS]
                raise self.wrong(
                    f"{part} has checks only: {', '.join(words)}; what is done belongs into when",
                    part,
                    number,
                )
            line = self.lines.get((part, number), 1)
            placed.append(Placed(line=line, step=step, text=_written(raw)))
        return tuple(placed)

    def _fault(self, number: int, raw: dict[str, Any], row: dict[str, Any]) -> Scheduled:
        table = self._filled(raw, row, "faults", number)
        at = table.pop("at", "0 s")
        try:
            at_ns = nanoseconds(str(at))
        except ValueError as error:
            raise self.wrong(f"at: {error}", "faults", number) from error
        step = self._step(table, "faults", number)
        line = self.lines.get(("faults", number), 1)
        return Scheduled(at_ns=at_ns, step=step, line=line, text=_written(raw))

    def _step(self, table: dict[str, Any], part: str, number: int) -> Step:
        word = next(iter(table), "")
        if word in NAMES:
            try:
                return device_step(word, table)
            except ValueError as error:
                raise self.wrong(str(error), part, number) from error
        kind = WORDS.get(word)
        if kind is None:
            hint = nearest(word, [*WORDS, *NAMES])
            raise self.wrong(f"no step or twin {word!r}; {hint}", part, number, word)
        known = [field.encode_name for field in msgspec.structs.fields(kind)]
        for key in table:
            if key not in known:
                raise self.wrong(f"{word} has no {key!r}; {nearest(key, known)}", part, number, key)
        try:
            return msgspec.convert(table, kind)
        except msgspec.ValidationError as error:
            sentence, _, key = str(error).partition(" - at `$.")
            named = f"{word}: {key.rstrip('`')}: " if key else f"{word}: "
            told = sentence.replace("Object missing required field", "it needs")
            raise self.wrong(named + told, part, number) from error

    def _filled(self, value: Any, row: dict[str, Any], *path: str | int) -> Any:
        """Put a row's values where their names stand. Raises: ScenarioError for another name."""
        if isinstance(value, dict):
            return {key: self._filled(each, row, *path, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each, row, *path, place) for place, each in enumerate(value)]
        if not isinstance(value, str):
            return value
        whole = _NAME.fullmatch(value)
        if whole is not None and (name := whole[1] or whole[2]):
            return self._parameter(name, row, path)
        return _NAME.sub(lambda found: str(self._parameter(found[1], row, path)), value)

    def _parameter(self, name: str, row: dict[str, Any], path: tuple[str | int, ...]) -> Any:
        if name not in row:
            raise self.wrong(f"no parameter {name!r}; {nearest(name, row)}", *path)
        self.used.add(name)
        return row[name]


class _PlacedError(ScenarioError):
    """An error that names its place already."""

    def __init__(self, sentence: str) -> None:
        ValueError.__init__(self, sentence)


def _written(table: dict[str, Any]) -> str:
    """Return a step as it is written, on one line; a PIN's digits are nobody's business."""
    table = {
        key: "*" * len(f"{value}") if key in _SECRET else value for key, value in table.items()
    }

    def shown(value: Any) -> str:
        match value:
            case bool():
                return str(value).lower()
            case dict():
                return (
                    "{ " + ", ".join(f"{key} = {shown(each)}" for key, each in value.items()) + " }"
                )
            case list():
                return "[" + ", ".join(shown(each) for each in value) + "]"
            case str():
                return msgspec.json.encode(value).decode()
            case _:
                return str(value)

    return shown(table)


def with_faults(scenario: Scenario, faults: tuple[Scheduled, ...]) -> Scenario:
    """Return the scenario with exactly these faults and no storm."""
    return replace(scenario, faults=faults, storm=None)
