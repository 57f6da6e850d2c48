"""Writes docs/scenarios.md: the language of scenarios, from the registry that the reader itself uses.

    .venv/bin/python tools/scenarios_page.py

A test compares the page with the registry, so that neither is ever ahead of the other.
"""

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import msgspec

from sim.stage.kinds import KINDS
from sim.stage.profiles import profiles
from sim.stage.scenario.checks import CHECKS
from sim.stage.scenario.devices import HARMLESS, NAMES, verbs_of
from sim.stage.scenario.faults import BANK_KINDS
from sim.stage.scenario.faults import KINDS as STORM_KINDS
from sim.stage.scenario.language import read_scenarios
from sim.stage.scenario.shelf import SHIPPED, names
from sim.stage.scenario.steps import STEPS, Step

PAGE: Final = Path(__file__).parents[1] / "docs" / "scenarios.md"
_HEAD: Final = """# Scenarios

A scenario says what is given, what happens, and what must be seen then: over the whole system, a till with
its equipment, cards, network and broker. `ips-sim run NAME` plays it in virtual time, in a fraction of a
second, from a seed; `--wire pty`, `tcp`, `rfc2217` or `pcsc` plays the same file on real ports. Auditors are always on, whatever the file says:

* after every step: no purse has made or lost value; no attempt key moves value twice; no sale holds more
  than its total;
* at the end, when everything was put right and every card has come back: every attempt in doubt is
  settled; a receipt came out, or waits, for every sale that is booked and for nothing else; journal, purses, drawer
  and the broker's ledger say the same, to the won.

```toml
about = "The customer pulls the card once it has paid, and puts the same card back: the sale is paid once."
given.cards.customer-1 = { balance = 5_000 }
when = [
  { scan = "8800100000014" },
  { customer = "insert", card = "customer-1" },
  { customer = "tear_after", count = 5 },
  { begin = "EC" },
  { happened = "customer", what = "torn" },
  { customer = "insert", card = "customer-1" },
  { answer = "" },
]
then = [
  { purse = "customer-1", holds = 4_870 },
  { receipts = 1 },
]
```

A failure prints the seed, the shortest fault schedule that still fails (found by delta debugging, each try a
whole world in memory), and of that play what each party saw, what passed on every wire, decoded, and where the
money is; `--traces FOLDER` keeps it for `ips-sim trace`. Status 1 when anything objects, 2 when
the file cannot be read: the message names file, line and the nearest known word.

## The file

| key | meaning |
|---|---|
| `about` | a sentence: what happens and what comes of it |
| `asked` | who asks for it; free text |
| `seed` | of the noise on wires and of a storm (1); `--seed` takes its place |
| `sweep` | `{ count = [1, 2, 3] }`: played for each value, several keys for each combination |
| `rows` | `[{ ms = 500 }, { ms = 4_000 }]`: played for each row; `"$ms"` stands for its value, `"${ms}"` inside a text |
| `given` | what the world begins with, where it differs from the usual shop (below) |
| `when` | steps, one after the other; a check among them is waited for, `within = "30 s"` |
| `faults` | steps that happen at their time, `at = "3 s"` after the first step, whatever the people do then |
| `storm` | `{ faults = 12, over = "60 s", kinds = ["paper_out"] }`: a fault schedule drawn from the seed |
| `then` | checks, looked at once everything has come to rest |

The usual shop: one till that has joined the broker, its shift open with 100,000 won; printer with drawer,
customer display, scanner, stripe reader; a card slot for the customer, empty, and one for the shop's own purse; the cards `customer-1`
(50,000), `customer-2` (8,200) and `shop` (0).

| given | meaning |
|---|---|
| `given.cards.LABEL` | a card: `balance`, `pin`, `pin_above`, `expiry`, `ceiling`, `locked`, `hotlisted`, `log_slots`, `narrative_slots`, `transmission`, `class`, `name`; `foreign = true` is another issuer's |
| `given.cards.LABEL` of `ips-sim cards make --set payment` | a payment card or passbook of the virtual banks, such as `credit-1`, `passbook-1`; what is written differs from the shipped one |
| `given.banks.hanbit`, `.nuri` | a bank behind the broker: keys of `[banks.NAME]` of its configuration ([ips-broker](ips-broker.md)) but for the address; without any there is none. Whose accounts and cards there are is in `sim/bank/sets/market.toml` |
| `given.pin_pad` | a PIN pad, as the devices below; one stands there with any bank, else where it is named |
| `given.payment_terminal` | a stand-alone payment terminal (ZVT), as the devices below; where it is named |
| `given.printer`, `.line_display`, `.scanner`, `.stripe_reader`, `.customer`, `.shop` | a device's table as in a plan ([ips-sim](ips-sim.md)): `profile`, `options`, `line`, `faults`, `pace`; `absent = true` is none |
| `given.till` | keys of `[devices]` of the till's configuration ([ips-pos](ips-pos.md)), without addresses |
| `given.members.NUMBER` | what a member has at first, by the number of the card; with any the shop has points, and ten per cent are earned |
| `given.shift` | the float, or `"closed"` |
| `given.language` | `"en"` or `"ko"` |
| `given.joined` | `false`: a till that has joined no broker |
"""
_CHECKS: Final = """
## Checks

In `when` they are waited for, in `then` looked at. Where `times` is not given, once is enough.

"""
_DEVICES: Final = """
## Devices

A device's own verbs are steps, with the same words as on the bench and in the control interface:
`{ printer = "paper_out" }`, `{ hanbit = "lose_answers", count = 1 }`. Verbs in italics break nothing; every other one is a fault.
"""
_PROFILES: Final = """
## Profiles

Devices as they are sold, set and met: `given.printer = { profile = "no-print-done" }`, and `profile = "..."` in a plan.
The last column is what a till has to be told under `[devices]` to live with one; a scenario's till is told, unless
`given.till` says otherwise.

| device | profile | it | its till |
|---|---|---|---|
"""
_STORMS: Final = """
## Storms

What `storm` may draw; without `kinds`, all but a bank's (`bank_...`). Each begins at its moment and ends after 1 to 30 seconds,
where it has an end.

"""
_SHIPPED: Final = """
## Scenarios that come with the program

"""


def page() -> str:
    """Return the whole page."""
    return "".join(
        (
            _HEAD,
            "\n## Steps\n\nThe first key of a step is its word.\n\n",
            _steps(STEPS),
            _CHECKS,
            _steps(CHECKS),
            _DEVICES,
            _verbs(),
            _PROFILES,
            _profiles(),
            _STORMS,
            ", ".join(f"`{kind}`" for kind in (*STORM_KINDS, *BANK_KINDS)) + "\n",
            _SHIPPED,
            _scenarios(),
        )
    )


def _steps(kinds: Iterable[type[Step]]) -> str:
    rows = ["| step | arguments | |\n|---|---|---|\n"]
    for kind in kinds:
        about = " ".join((inspect.getdoc(kind) or "").split())
        fields = sorted(msgspec.structs.fields(kind), key=lambda field: field.name == "within")
        fields.sort(key=lambda field: field.name != kind.word)
        arguments = ", ".join(_argument(field) for field in fields)
        rows.append(f"| `{kind.word}` | {arguments} | {about} |\n")
    return "".join(rows)


def _argument(field: msgspec.structs.FieldInfo) -> str:
    name = f"`{field.encode_name}` {_type(field.type)}"
    if field.required or field.default in (None, msgspec.NODEFAULT):
        return name
    shown = f'"{field.default}"' if isinstance(field.default, str) else field.default
    return f"{name} ({shown})" if field.default != "" else name


def _type(kind: Any) -> str:
    if get_origin(kind) is None:
        return {"str": "text", "int": "number", "Any": "value", "bool": "true or false"}.get(
            getattr(kind, "__name__", str(kind)), getattr(kind, "__name__", str(kind))
        )
    parts = [each for each in get_args(kind) if each is not type(None)]
    if all(isinstance(each, str) for each in parts):
        return " / ".join(parts)
    if get_origin(kind) is list:
        return f"list of {_type(parts[0])}"
    if get_origin(kind) is dict:
        return "table"
    return " or ".join(_type(each) for each in parts)


def _verbs() -> str:
    rows = ["\n| device | verbs |\n|---|---|\n"]
    for device in NAMES:
        shown = []
        for name, verb in verbs_of(device).items():
            arguments = "".join(f" `{argument}`" for argument in verb.arguments)
            arguments += "".join(f" [`{argument}`]" for argument in verb.optional)
            shown.append((f"*{name}*" if name in HARMLESS else name) + arguments)
        rows.append(f"| `{device}` | {', '.join(shown)} |\n")
    return "".join(rows)


def _profiles() -> str:
    rows = []
    for kind in KINDS:
        for name, profile in profiles(kind).items():
            told = ", ".join(f'`{key} = "{value}"`' for key, value in profile.till.items())
            rows.append(f"| {kind} | `{name}` | {profile.about} | {told} |\n")
    return "".join(rows)


def _scenarios() -> str:
    rows = ["| name | about | rows |\n|---|---|---|\n"]
    for name in names():
        scenarios = read_scenarios(SHIPPED / f"{name}.toml")
        rows.append(f"| `{name}` | {scenarios[0].about} | {len(scenarios)} |\n")
    return "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
