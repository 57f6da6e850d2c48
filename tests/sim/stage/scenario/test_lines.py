"""Line numbers of TOML: every key and every element of an array, whatever stands between them."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from sim.stage.scenario.lines import line_numbers

TEXT = '''# a comment with [brackets] and = signs
about = "a # is no comment here"
long = """
several
lines"""
given.cards."customer-1" = { balance = 1, pin = "0]" }
when = [
  { key = "EC" },   # one
  # nothing

  { scan = 'a}', times = 2 },
]

[table.inner]
key = [[1, 2],
       [3]]

[[many]]
a = 1
[[many]]
a = 2
[many.sub]
b = 3
'''


def test_every_place_is_found() -> None:
    lines = line_numbers(TEXT)
    assert lines["about",] == 2
    assert lines["long",] == 3
    assert lines["given", "cards", "customer-1"] == 6
    assert lines["given", "cards", "customer-1", "pin"] == 6
    assert [lines["when", 0], lines["when", 1]] == [8, 11]
    assert lines["when", 1, "times"] == 11
    assert lines["table", "inner", "key"] == 15
    assert lines["table", "inner", "key", 1] == 16
    assert [lines["many", 0, "a"], lines["many", 1, "a"]] == [19, 21]
    assert lines["many", 1, "sub", "b"] == 23


SCALARS = st.one_of(st.integers(), st.booleans(), st.text("ab#]}[{=,.\\\"' é\t", max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc-", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


def written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
            return f'"{escaped}"'
        case list():
            return "[\n" + "".join(f"# ]\n {written(each)},\n" for each in value) + "]"
        case dict():
            return "{ " + ", ".join(f"{k} = {written(v)}" for k, v in value.items()) + " }"
    raise AssertionError(value)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=4), VALUES, min_size=1, max_size=4))
def test_whatever_is_toml_is_walked_to_its_end(table: dict[str, object]) -> None:
    """Each top key is found on the line that it was written on."""
    lines, expected, at = [], {}, 1
    for key, value in table.items():
        line = f"{key} = {written(value)}"
        expected[key,] = at
        at += line.count("\n") + 1
        lines.append(line)
    text = "\n".join(lines)
    assert tomllib.loads(text).keys() == table.keys()
    found = line_numbers(text)
    assert {path: found[path] for path in expected} == expected
