"""What a terminal and its broker say keeps every byte, unless a secret stands in it."""

import json
import zlib

import msgspec
import pytest

from protocols.batch import CONTENT_TYPE
from protocols.trace.messages import swap_body
from protocols.trace.stand_ins import StandIns

PAN = "4761739001010119"
JSON = "application/json"


def test_a_message_without_secrets_keeps_every_byte():
    for kind, data in (
        (JSON, b'{ "key": "S1-01-20260101-0007-A",\n "amount": 15000, "at": 1767225600000000000 }'),
        ("application/msgpack", msgspec.msgpack.encode({"a": [1, b"\x00", None, True]})),
        ("text/plain; charset=utf-8", "합계 15,000원".encode()),
        (JSON, b""),
    ):
        assert swap_body(StandIns(), kind, data) == data


def test_secrets_go_by_name_and_numbers_of_cards_anywhere():
    body = {"pin": "9753", "card": {"PAN": PAN, "note": f"no. {PAN}"}, "list": [int(PAN)], "n": 7}

    swapped = json.loads(swap_body(StandIns(), JSON, json.dumps(body).encode()))

    assert swapped["pin"] == "xxxx" and swapped["card"]["PAN"] == "x" * 16 and swapped["n"] == 7
    assert PAN not in json.dumps(swapped)
    assert swapped["card"]["note"][:10] == "no. 476173"


def test_a_transfers_account_and_order_go_by_name_and_its_sale_stays():
    fields = {"account": "110220330440", "signed_order": "AB" * 224, "pin_block": "CD" * 16}
    body = {"key": "S1-01-20260101-0007-a", "order": "S1-01-20260101-0007", "fields": fields}

    swapped = json.loads(swap_body(StandIns(), JSON, json.dumps(body).encode()))

    assert set("".join(swapped["fields"].values())) == {"x"}
    assert (swapped["key"], swapped["order"]) == (body["key"], body["order"])


def batch(record):
    envelope = msgspec.msgpack.encode({"v": 1, "records": [msgspec.msgpack.encode(record)]})
    return zlib.compress(msgspec.msgpack.encode([envelope, b"signature"]))


def test_a_batch_is_read_to_its_records_and_left_out_when_a_secret_stands_there():
    good, bad = batch([1, {"note": "cash"}]), batch([1, {"note": PAN}])

    assert swap_body(StandIns(), CONTENT_TYPE, good) == good
    assert swap_body(StandIns(), CONTENT_TYPE, bad) is None


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("", b"x"),
        ("application/octet-stream", b"x"),
        (JSON, b"{"),
        (JSON, b"[" * 100_000),
        (JSON, b"[" * 40 + b"]" * 40),
        ("application/msgpack", b"\xc1"),
        (CONTENT_TYPE, b"no batch"),
        (CONTENT_TYPE, zlib.compress(b"\x93\x01\x02\x03")),
        (CONTENT_TYPE, zlib.compress(msgspec.msgpack.encode([msgspec.msgpack.encode({}), b""]))),
        (CONTENT_TYPE, zlib.compress(msgspec.msgpack.encode([b"\x01", b""]))),
    ],
)
def test_what_cannot_be_read_is_left_out(kind, data):
    assert swap_body(StandIns(), kind, data) is None
