"""The user's pages tell the truth: every command, option, key and message, and nothing that is not."""

import argparse
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

import ips.config
import pos.config
from ips.console.parser import build_parser
from pos.cli import _parser as pos_parser
from pos.messages import Money, messages
from pos.rights import Right, Role, may
from sim.stage.cli import _parser as sim_parser
from sim.stage.plan import read_plan
from sim.stage.scenario.language import parse_scenarios
from sim.stage.scenario.player import play
from tools.messages_page import FAMILIES, PAGE, page
from tools.scenarios_page import PAGE as SCENARIOS_PAGE
from tools.scenarios_page import page as scenarios_page

DOCS = Path(__file__).parents[2] / "docs"
PARSERS = {"ips-pos": pos_parser(), "ips-broker": build_parser(), "ips-sim": sim_parser()}
SECTION = re.compile(r"^### `([^`\n]+)`\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
LISTED = re.compile(r"^- `([^`]+)`", re.MULTILINE)
BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """What a parser, or a page, says of one command."""

    words: str
    arguments: frozenset[str]


def text_of(program: str) -> str:
    return (DOCS / f"{program}.md").read_text(encoding="utf-8")


def named(action: argparse.Action) -> str:
    """Return an argument as a page writes it: `--tender NAME[:AMOUNT]`, `ITEM`, `{x,z}`."""
    value = action.metavar or ""
    if not value and action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return str(value or action.dest)
    option = action.option_strings[-1]
    takes_none = action.nargs == 0
    return option if takes_none else f"{option} {value or action.dest.upper()}"


def walk(parser: argparse.ArgumentParser, words: str) -> Iterator[Command]:
    """Yield every command that can be given: those without commands of their own, and the program."""
    inner: dict[str, argparse.ArgumentParser] = {}
    arguments = set()
    required = True
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            inner = dict(action.choices)
            required = action.required
        elif not isinstance(action, argparse._HelpAction):
            arguments.add(named(action))
    if not inner or not required:
        yield Command(words, frozenset(arguments))
    for name, each in inner.items():
        yield from walk(each, f"{words} {name}")


def of_program(program: str) -> list[Command]:
    return list(walk(PARSERS[program], program))


def of_page(program: str) -> list[Command]:
    """Return a page's commands; what it lists before the first belongs to each command but the bare one."""
    text = text_of(program)
    everywhere = set(LISTED.findall(text[: text.index("\n### ")]))
    return [
        Command(
            words,
            frozenset(LISTED.findall(body)) | (everywhere if words != program else frozenset()),
        )
        for words, body in SECTION.findall(text)
    ]


def examples(program: str) -> list[str]:
    """Return every line of a page that calls the program, pipes and redirections taken off."""
    lines = [line for block in BLOCK.findall(text_of(program)) for line in block.splitlines()]
    calls = (part.strip() for line in lines for part in re.split(r"[|>]", line))
    return [call for call in calls if call.partition(" ")[0] == program]


@pytest.mark.parametrize("program", PARSERS)
def test_page_has_every_command_with_its_arguments_and_no_other(program: str) -> None:
    """Whoever adds a command or an option writes its line; whoever takes one away takes the line too."""
    built = {command.words: sorted(command.arguments) for command in of_program(program)}
    told = {command.words: sorted(command.arguments) for command in of_page(program)}

    assert told == built


@pytest.mark.parametrize("program", PARSERS)
def test_every_command_has_an_example_that_its_parser_takes(program: str) -> None:
    """An example that does not work is worse than none."""
    for call in examples(program):
        PARSERS[program].parse_args(shlex.split(call)[1:])

    for words, body in SECTION.findall(text_of(program)):
        calls = [line for block in BLOCK.findall(body) for line in block.splitlines()]
        assert any(words in call for call in calls), f"{words} has no example"


def keys_of(kind: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield every key of a configuration with its default."""
    for field in msgspec.structs.fields(kind):
        inner = field.type
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from keys_of(inner, f"{prefix}{field.name}.")
        elif field.name == "stores":
            yield from keys_of(ips.config.StoreConfig, "stores.ID.")
        else:
            made = field.default_factory
            yield f"{prefix}{field.name}", field.default if made is msgspec.NODEFAULT else made()


@pytest.mark.parametrize(
    ("program", "kind"), [("ips-pos", pos.config.Config), ("ips-broker", ips.config.Config)]
)
def test_page_has_every_configuration_key_with_its_default(
    program: str, kind: type[msgspec.Struct]
) -> None:
    """What may be written, and what is when it is not."""
    part = text_of(program).partition("## Configuration")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^\| `([\w.]+)` \| `([^`]*)` \|", part, re.MULTILINE))
    built = {
        key: f'"{value}"' if isinstance(value, str) else str(value) for key, value in keys_of(kind)
    }

    assert told == built


def test_page_has_every_right_with_who_has_it() -> None:
    """A store manager reads there what a role may before a policy changes it."""
    part = text_of("ips-pos").partition("## Policy")[2].partition("\n## ")[0]
    rows = re.findall(
        r"^\| `([a-z_.]+)` \|([^|]*)\|([^|]*)\|([^|]*)\| [^|]+ \|$", part, re.MULTILINE
    )
    told = {name: tuple(mark.strip() == "yes" for mark in marks) for name, *marks in rows}
    columns = (Role.CLERK, Role.SUPERVISOR, Role.COURIER)

    assert told == {right.value: tuple(may(role, right) for role in columns) for right in Right}
    assert all(may(Role.MANAGER, right) for right in Right)


def test_the_plan_on_the_page_of_the_bench_is_one(tmp_path: Path) -> None:
    """Copied from the page into a file, it serves what the page says."""
    found = re.search(r"^```toml\n(.*?)^```", text_of("ips-sim"), re.MULTILINE | re.DOTALL)
    assert found is not None
    file = tmp_path / "bench.toml"
    file.write_text(found[1], encoding="utf-8")

    plan = read_plan(file)

    assert [device.name for device in plan.devices] == ["printer", "display"]


def test_page_of_messages_is_the_table() -> None:
    """Every code, in both languages; `.venv/bin/python tools/messages_page.py` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


WORDS = {
    Money.NOT_MOVED: ("not moved",),
    Money.MOVED: ("moved",),
    Money.UNKNOWN: ("UNKNOWN",),
    Money.STORED: ("stored",),
    Money.BEFORE_OR_UNKNOWN: ("not moved", "UNKNOWN"),
}


def test_where_the_money_is_stands_for_each_family_of_messages() -> None:
    """The counter's page and the table do not contradict each other."""
    part = text_of("ips-pos").partition("## Where the money is")[2]
    told = dict(re.findall(r"^\| ([A-Z]{3}) \| [^|]+ \| ([^|]+) \|$", part, re.MULTILINE))
    assert list(told) == list(FAMILIES)

    for family, sentence in told.items():
        rows = [message for message in messages().values() if message.shown_code[:3] == family]
        money = {message.money for message in rows} - {Money.NOWHERE}
        expected = {word for each in money for word in WORDS[each]} or {"no money moves"}
        assert {word for word in expected if word not in sentence} == set(), family
        unsaid = {word for words in WORDS.values() for word in words} - expected - {"moved"}
        assert {word for word in unsaid if word in sentence} <= {"stored"}, family


def test_page_of_scenarios_is_the_registry() -> None:
    """Every step, check, verb and shipped scenario; `.venv/bin/python tools/scenarios_page.py`."""
    assert SCENARIOS_PAGE.read_text(encoding="utf-8") == scenarios_page()


def test_scenario_on_its_page_is_one() -> None:
    """Copied from the page into a file, it passes."""
    text = SCENARIOS_PAGE.read_text(encoding="utf-8")
    found = re.search(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None

    [scenario] = parse_scenarios(found[1], SCENARIOS_PAGE)

    assert play(scenario).passed
