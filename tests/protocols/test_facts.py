"""Facts: bodies of records by kind; a field is only ever added, with a default."""

import types
import typing
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import facts
from protocols.card_number import luhn
from protocols.facts import (
    FACTS,
    CashMoved,
    Fact,
    FactError,
    Line,
    SaleClosed,
    Slip,
    Tender,
    decode_fact,
    encode_fact,
)

RELEASED = {
    "shift.opened": {"shift": 1, "float_amount": 100_000, "store": "S1"},
    "attempt.opened": {"sale": 1, "method": "cash", "amount": 5},
    "attempt.closed": {"sale": 1, "method": "cash", "outcome": "approved", "amount": 5},
    "attempt.parked": {"sale": 1, "method": "purse", "amount": 5, "instead": "tender"},
    "sale.closed": {"sale": 1, "shift": 1, "lines": [], "total": 5, "tenders": []},
    "sale.voided": {"sale": 1, "shift": 1, "lines": [], "total": 5},
    "cash.moved": {"shift": 1, "direction": "in", "amount": 5, "reason": "x"},
    "drawer.opened": {"shift": 1, "reason": "x"},
    "receipt.copied": {"sale": 1, "copy": 1},
    "refund.closed": {"sale": 1, "shift": 1, "lines": [], "total": 5, "tenders": []},
    "shift.counted": {"shift": 1, "counted": 5},
    "shift.closed": {
        "shift": 1,
        "z": 1,
        "store": "S1",
        "sales": 1,
        "gross": 5,
        "net": 5,
        "vat": 0,
        "exempt": 0,
        "by_method": {"cash": 5},
        "float_amount": 0,
        "expected": 5,
        "counted": 5,
        "over_short": 0,
    },
    "tender.voided": {
        "sale": 1,
        "shift": 1,
        "tender": {"method": "purse", "attempt": "S1-01-20260417-0001-a", "amount": 5},
        "back": {"method": "purse", "attempt": "S1-01-20260417-0001-b", "amount": 5},
    },
    "tender.changed": {
        "sale": 1,
        "shift": 1,
        "original": "S1-01-20260417-0001",
        "tender": {"method": "cash", "attempt": "S1-01-20260417-0001-a", "amount": 5},
        "back": {"method": "cash", "attempt": "S1-01-20260417-0001-c", "amount": 5},
        "taken": [{"method": "purse", "attempt": "S1-01-20260417-0001-b", "amount": 5}],
    },
    "sale.held": {"sale": 1, "shift": 1, "hold": "S1-01-20260417-0001", "total": 5, "pieces": 1},
    "sale.recalled": {"sale": 2, "shift": 1, "hold": "S1-01-20260417-0001"},
    "purse.moved": {"details": bytes(38), "own": "payee"},
    "value.taken": {"method": "icash", "device": "4d", "amount": 5, "details": b"d"},
    "purse.commanded": {"name": bytes(8), "command": 1, "what": "update", "sw": 0x9000},
    "purse.claimed": {
        "certificate": bytes(112),
        "nonce": bytes(8),
        "answer": b"",
        "entries": [bytes(38)],
    },
    "staff.signed": {"act": "on", "person": "7", "role": "clerk"},
    "staff.approved": {"right": "shift.read"},
    "staff.refused": {"person": "7", "reason": "pin"},
    "terminal.noted": {"note": "x"},
}
"""The least that each kind has carried since its first release: what is stored must stay readable."""


DEEP = msgspec.Raw(b"\x91" * 50_000 + b"\xc0")
"""Lists in lists without end."""


def value_of(kind: object) -> st.SearchStrategy[object]:
    """Return values of a field's type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return struct_of(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        [meta] = kind.__metadata__  # type: ignore[attr-defined]
        if arguments[0] is bytes:
            return st.binary(min_size=meta.min_length or 0, max_size=meta.max_length)
        if meta.pattern:
            return st.from_regex(meta.pattern, fullmatch=True)
        return value_of(arguments[0])
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(value_of, arguments))
    if origin is list:
        return st.lists(value_of(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(value_of(arguments[0]), value_of(arguments[1]), max_size=3)
    plain = {
        int: st.integers(-(2**62), 2**62),
        str: st.text(max_size=20),
        bytes: st.binary(max_size=20),
        bool: st.booleans(),
        type(None): st.none(),
    }
    return plain[kind]  # type: ignore[index]


def struct_of(kind: type) -> st.SearchStrategy[object]:
    """Return instances of a Struct with every field drawn."""
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = {field.name: value_of(hints[field.name]) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


@pytest.mark.parametrize("kind", sorted(FACTS))
@given(data=st.data())
def test_every_fact_comes_back_and_its_bytes_are_one(kind: str, data: st.DataObject) -> None:
    """Encoded, decoded by its kind, encoded again."""
    fact = data.draw(struct_of(FACTS[kind]))
    assert isinstance(fact, Fact)
    body = encode_fact(fact)
    assert decode_fact(kind, body) == fact
    assert bytes(encode_fact(decode_fact(kind, bytes(body)))) == bytes(body)


@pytest.mark.parametrize("kind", sorted(FACTS))
def test_least_body_of_every_release_stays_readable(kind: str) -> None:
    """No field that came later is demanded of a record that was written before it."""
    assert decode_fact(kind, msgspec.msgpack.encode(RELEASED[kind])).kind == kind


def test_every_kind_of_fact_is_on_the_list_and_in_the_docstring() -> None:
    """A fact that is not listed would be stored and never read."""
    subclasses = {fact.kind for fact in Fact.__subclasses__()}
    assert set(FACTS) == subclasses == set(RELEASED)
    assert all(kind in (facts.__doc__ or "") for kind in FACTS)


def test_field_of_a_later_release_is_passed_over() -> None:
    """A broker of this release reads the records of a newer till."""
    body = msgspec.msgpack.encode({**RELEASED["cash.moved"], "added_later": 1})
    assert decode_fact("cash.moved", body) == CashMoved(
        shift=1, direction="in", amount=5, reason="x"
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("cash.lost", {}),
        ("", {}),
        ("cash.moved", {}),
        ("cash.moved", {**RELEASED["cash.moved"], "direction": "sideways"}),
        ("cash.moved", {**RELEASED["cash.moved"], "amount": 1.5}),
        ("cash.moved", {**RELEASED["cash.moved"], "amount": "5"}),
        ("attempt.closed", {**RELEASED["attempt.closed"], "outcome": "maybe"}),
        ("sale.closed", []),
        ("purse.moved", {**RELEASED["purse.moved"], "details": bytes(37)}),
        ("purse.moved", {**RELEASED["purse.moved"], "message": bytes(216)}),
        ("purse.claimed", {**RELEASED["purse.claimed"], "entries": [bytes(38)] * 256}),
        ("terminal.noted", {"note": "x", "later": DEEP}),
    ],
)
def test_body_that_is_not_its_kind_is_refused(kind: str, body: object) -> None:
    """Unknown kinds, missing and wrong fields; a fraction is no amount."""
    with pytest.raises(FactError):
        decode_fact(kind, msgspec.msgpack.encode(body))


def test_cut_body_is_refused_at_every_position() -> None:
    """No half a sale."""
    line = Line(sku="1", name_ko="물", name_en="water", quantity=1000, unit_price=600, amount=600)
    tender = Tender(method="cash", attempt="S1-01-20260417-0001-a", amount=600)
    sale = SaleClosed(sale=1, shift=1, lines=[line], total=600, tenders=[tender])
    body = bytes(encode_fact(sale))
    for length in range(len(body)):
        with pytest.raises(FactError):
            decode_fact("sale.closed", body[:length])


@pytest.mark.parametrize("kind", sorted(FACTS))
@given(body=st.binary(max_size=60))
def test_garbage_is_a_fact_error_or_a_fact(kind: str, body: bytes) -> None:
    """Never another exception."""
    with suppress(FactError):
        assert decode_fact(kind, body).kind == kind


@given(
    st.text("0123456789", min_size=12, max_size=18),
    st.sampled_from(["number", "label", "approval", "issuer", "acquirer", "lines"]),
    st.text(st.characters(exclude_characters="0123456789", exclude_categories=["Cs"]), max_size=70),
)
def test_no_card_number_stands_in_a_slip(body: str, field: str, before: str) -> None:
    """Whoever puts it in, into whichever text, and however much is cut off."""
    number = body + luhn(body)
    text = number if field == "number" else f"{before} {number}"
    slip = Slip(**{field: [text] if field == "lines" else text})  # type: ignore[arg-type]
    tender = Tender(method="card", attempt="S1-01-20260417-0001-a", amount=5, slip=slip)
    stored = msgspec.msgpack.encode(tender)
    assert number.encode() not in stored
    assert msgspec.msgpack.decode(stored, type=Tender) == tender


def test_a_slip_never_refuses_what_it_is_told() -> None:
    """The money may have moved: what is too long is shortened."""
    slip = Slip(label="x" * 1_000, lines=["y" * 1_000] * 1_000)
    assert len(slip.label) == facts.SLIP_TEXT_MAX
    assert [len(line) for line in slip.lines] == [facts.SLIP_TEXT_MAX] * facts.SLIP_LINES_MAX


@pytest.mark.parametrize("released", [{}, {"number": "941011******0012", "approval": "30012345"}])
def test_slip_of_every_release_stays_readable(released: dict[str, str]) -> None:
    """It stands in intents, results and payments; each of its fields may be missing."""
    for kind, body in RELEASED.items():
        if kind in ("attempt.opened", "attempt.closed"):
            fact = decode_fact(kind, msgspec.msgpack.encode({**body, "slip": released}))
            assert getattr(fact, "slip") == Slip(**released)  # noqa: B009
