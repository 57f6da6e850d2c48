"""What stands in a trace is told in the words of its protocol, whole commands only, and garbage as garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.emv.terminal import CREDIT_AID
from protocols.icash.card import CARD_AID
from protocols.iso7816 import SW
from protocols.iso7816 import Command as Apdu
from protocols.money import KRW, Money
from protocols.pin_pad.pad import PadEnd
from protocols.pin_pad.till import TillEnd
from protocols.pin_pad.words import Entered, EnterPin, Language, SealForCard
from protocols.purse.card import AID
from protocols.purse.details import MESSAGE_BYTES, PaymentDetails
from protocols.rfc2217.words import Command as Setting
from protocols.rfc2217.words import frame
from protocols.telnet import Will
from protocols.trace.card_words import CardTeller, status
from protocols.trace.events import (
    Answer,
    Atr,
    Bytes,
    Card,
    CardState,
    Channel,
    Command,
    Direction,
    Line,
    Link,
    LinkState,
    Mark,
    PinEntry,
    Request,
    Response,
    Words,
)
from protocols.trace.words import Teller

TO, FROM = Direction.TO, Direction.FROM


def told(protocol, *said):
    """Return the words of bytes on a channel, each with its direction."""
    teller = Teller()
    teller.tell(Channel(at_ns=0, channel="tty:x", protocol=protocol, link="pty"))
    rows = []
    for direction, data in said:
        event = Bytes(at_ns=0, channel="tty:x", direction=direction, data=data)
        rows += [(row.direction, row.text) for row in teller.tell(event)]
    return rows


def test_a_printer_is_told_lines_and_commands_and_asked():
    assert told(
        "escpos",
        (TO, b"\x1b@" + "합계".encode("cp949") + b"\n" + b"\x1bE\x01tail\x1dV\x42\x00"),
        (TO, b"\x10\x04\x04\x10\x04\x01"),
        (FROM, b"\x7e\x1a"),
        (TO, b"\x1dr\x01"),
        (FROM, b"\x0c"),
        (FROM, b"\xff\xfe"),
    ) == [
        (TO, "initialise"),
        (TO, 'print line "합계"'),
        (TO, "set bold on"),
        (TO, 'print "tail"'),
        (TO, "cut partial feed dots 0"),
        (TO, "ask realtime paper"),
        (TO, "ask realtime printer"),
        (FROM, "status: paper out"),
        (FROM, "status: offline, drawer low"),
        (TO, "ask status paper"),
        (FROM, "status: paper out"),
        (FROM, "no answer: ff fe"),
    ]


def test_a_command_in_pieces_is_told_when_it_is_whole():
    assert told("escpos", (TO, b"\x1b"), (TO, b"!"), (TO, b"\x30")) == [(TO, "set mode tall wide")]


def test_a_printer_that_speaks_unasked_is_understood():
    assert told("escpos", (TO, b"\x1da\xff"), (FROM, b"\x18\x00\x0c\x0f")) == [
        (TO, "set status back drawer online error paper panel"),
        (
            FROM,
            "status of itself: offline, paper out, cover closed, cutter ok, fault none, drawer low",
        ),
    ]


def test_a_picture_is_told_by_its_size():
    assert told("escpos", (TO, b"\x1dv0\x00\x02\x00\x03\x00" + bytes(6))) == [
        (TO, "raster image 16 x 3 dots")
    ]


def test_a_display_is_told_lines_and_letters_in_a_row():
    assert told("cd5220", (TO, b"\x0c\x1bQATOTAL\r" + b"\x0cab" + "가".encode("cp949"))) == [
        (TO, "clear"),
        (TO, 'write line upper "TOTAL"'),
        (TO, "clear"),
        (TO, 'write "ab가"'),
    ]


def test_a_scanner_sends_codes_and_is_answered():
    assert told("scanner", (FROM, b"880"), (FROM, b"1234567893\r"), (TO, b"\x06\x15\x07")) == [
        (FROM, 'code "8801234567893"'),
        (TO, "ACK: taken"),
        (TO, "NAK: not taken"),
        (TO, "07"),
    ]


def test_a_pin_pad_is_told_what_to_do_and_nothing_sealed_is_shown():
    till, pad = TillEnd(), PadEnd()
    till.call(0)
    said = []

    def pass_on() -> None:
        for _ in range(4):
            down, up = till.outgoing(), b"".join(pad.pieces())
            said.extend([(TO, down)] * bool(down) + [(FROM, up)] * bool(up))
            pad.receive(down, 0)
            till.receive(up, 0)

    pass_on()
    pin = EnterPin(
        language=Language.KO, amount=Money(15_390, KRW), seconds=30, digits_min=4, digits_max=12,
        purpose=SealForCard(bytes(16), bytes(112)),
    )  # fmt: skip
    till.ask(pin, within_ns=10**9, now_ns=0)
    pass_on()
    pad.progress(4, 0)
    pass_on()
    pad.answer(Entered(bytes(89)), 0)
    pass_on()

    assert told("pin_pad", *said, (FROM, b"?\x15"), (TO, b"\x02xy\x03z")) == [
        (TO, "ENQ 1"),
        (FROM, "EOT 1"),
        (
            TO,
            "1: enter PIN for 15,390 KRW, 4 to 12 digits within 30 s, sealed for a card",
        ),
        (FROM, "ACK 1"),
        (FROM, "1: digits count 4"),
        (TO, "ACK 1"),
        (FROM, "2: entered, sealed"),
        (TO, "ACK 2"),
        (FROM, "NAK: say it again"),
        (TO, "a broken frame"),
    ]


def test_bytes_of_an_unknown_protocol_are_bytes():
    assert told("dialog06", (TO, bytes(range(20)))) == [
        (TO, "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f (+4)")
    ]


@given(
    st.sampled_from(["escpos", "cd5220", "scanner", "pin_pad", "zvt", "other"]),
    st.lists(st.tuples(st.sampled_from([TO, FROM]), st.binary(max_size=40)), max_size=8),
)
def test_no_bytes_make_it_fail(protocol, said):
    assert all(text for _, text in told(protocol, *said))


@given(st.binary(max_size=60))
def test_no_apdu_and_no_telnet_make_it_fail(data):
    card = CardTeller()
    assert card.command(data) and card.response(data)
    event = Words(at_ns=0, channel="tty:x", direction=TO, data=data)
    assert all(row.text for row in Teller().tell(event))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (bytes((0xFF, Will.WILL, 44)), "WILL COM PORT"),
        (bytes((0xFF, Will.DONT, 200)), "DONT option 200"),
        (frame(Setting.BAUDRATE, (9600).to_bytes(4)), "BAUDRATE 9600"),
        (frame(Setting.BAUDRATE, bytes(4)), "BAUDRATE ?"),
        (frame(100 + Setting.BAUDRATE, (9600).to_bytes(4)), "BAUDRATE is 9600"),
        (frame(Setting.PARITY, b"\x03"), "PARITY even"),
        (frame(100 + Setting.STOPSIZE, b"\x02"), "STOPSIZE is 2"),
        (frame(Setting.CONTROL, b"\x08"), "CONTROL DTR ON"),
        (frame(100 + Setting.MODEMSTATE, b"\xb3"), "MODEMSTATE is CTS DSR CD"),
        (frame(100 + Setting.LINESTATE, b"\x08"), "LINESTATE is FRAMING_ERROR"),
        (frame(Setting.SIGNATURE, b""), "SIGNATURE ?"),
        (frame(100 + Setting.SIGNATURE, b"port"), 'SIGNATURE is "port"'),
        (frame(Setting.PURGE, b"\x03"), "PURGE BOTH"),
        (frame(77, b"\x03"), "COM PORT 77: 03"),
    ],
)
def test_what_a_port_server_is_asked_is_told(data, text):
    event = Words(at_ns=0, channel="tty:x", direction=TO, data=data)
    assert [row.text for row in Teller().tell(event)] == [text]


def message(kind):
    details = PaymentDetails(b"CUST0001", b"SHOP0001", 15_000, KRW.number, 1, 2, bytes(8))
    return bytes((kind,)) + details.encode() + bytes(MESSAGE_BYTES - 39)


def test_a_purse_is_told_by_name_and_what_its_messages_are_worth():
    card = CardTeller()

    assert card.command(Apdu(0, 0xA4, 4, 0, AID, 256).encode()) == "SELECT purse"
    assert card.command(Apdu(0x90, 0x50, 0, 0, le=256).encode()) == "QUERY"
    debit = Apdu(0x90, 0x54, 0, 0, message(2)).encode()
    amount = str(Money(15_000, KRW))
    assert card.command(debit) == f"DEBIT, REQ {amount} from CUST0001 to SHOP0001"
    assert card.response(message(3) + b"\x90\x00") == (
        f"9000 done, VAL {amount} from CUST0001 to SHOP0001"
    )


def test_the_same_instruction_is_another_command_of_another_application():
    card = CardTeller()
    first = Apdu(0x90, 0x50, 1, 0).encode()

    assert card.command(first) == "90 50 01 00", "nothing is selected"
    card.command(Apdu(0, 0xA4, 4, 0, CARD_AID).encode())
    assert card.command(first) == "INITIALIZE IEP 01 00"
    card.command(Apdu(0, 0xA4, 4, 0, b"\xa0\x00\x00\x00\x03").encode())
    assert card.command(first) == "90 50 01 00", "another was selected"
    assert card.command(Apdu(0x0C, 0x20, 0, 0x81, bytes(8)).encode()) == "VERIFY 00 81, 8 bytes"


@pytest.mark.parametrize("sw", SW)
def test_every_status_word_of_ours_has_its_words(sw):
    assert status(sw) != "a status word of its own"


@pytest.mark.parametrize(
    ("sw", "text"),
    [(0x63C2, "2 tries left"), (0x6110, "16 bytes more"), (0x6C00, "ask for 256 bytes")],
)
def test_status_words_with_a_number_tell_it(sw, text):
    assert status(sw) == text


def test_what_happened_besides_is_told_and_has_no_direction():
    teller = Teller()
    events = [
        Channel(at_ns=0, channel="tty:p", protocol="escpos", link="pty", line="9600 8N1"),
        Line(at_ns=1, channel="tty:p", settings="9600 8N1", up=["DTR"]),
        Line(at_ns=1, channel="tty:p"),
        Link(at_ns=2, channel="tty:p", state=LinkState.PULLED),
        Card(at_ns=3, channel="card:c", state=CardState.INSERTED, name="alice"),
        Mark(at_ns=4, channel="", text="paper_out"),
    ]

    rows = [row for event in events for row in teller.tell(event)]

    assert {row.direction for row in rows} == {None}
    assert [row.text for row in rows] == [
        "escpos over pty at 9600 8N1",
        "line 9600 8N1; up: DTR",
        "line not seen",
        "link pulled",
        "card inserted: alice",
        "* paper_out",
    ]


def test_a_payment_card_is_told_by_what_it_is_asked():
    card = CardTeller()
    said = [
        Apdu(0x00, 0xA4, 4, 0, b"1PAY.SYS.DDF01", 256),
        Apdu(0x00, 0xA4, 4, 0, CREDIT_AID, 256),
        Apdu(0x80, 0xA8, 0, 0, b"\x83\x00", 256),
        Apdu(0x80, 0xAE, 0x80, 0, bytes(29), 256),
        Apdu(0x84, 0x24, 0, 2, bytes(24)),
        Apdu(0x84, 0x1E, 0, 0, bytes(8)),
    ]
    assert [card.command(each.encode()).partition(",")[0] for each in said] == [
        "SELECT payment directory",
        "SELECT payment application",
        "GET PROCESSING OPTIONS",
        "GENERATE AC 80 00",
        "PIN CHANGE OR UNBLOCK 00 02",
        "APPLICATION BLOCK",
    ]


def test_cards_and_hosts_are_told_with_the_way_it_went():
    teller = Teller()
    events = [
        Atr(at_ns=0, channel="card:c", data=b"\x3b\x00"),
        Atr(at_ns=0, channel="card:c", data=b""),
        PinEntry(at_ns=0, channel="card:c", data=b""),
        Command(at_ns=0, channel="card:c", data=b"\x00\x84\x00\x00\x08"),
        Response(at_ns=0, channel="card:c", data=b""),
        Request(at_ns=0, channel="net:b", number=1, method="GET", path="/v1/health"),
        Answer(
            at_ns=0, channel="net:b", number=1, status=200,
            content_type="application/json", data='{"상태": "ok"}'.encode(),
        ),
        Answer(at_ns=0, channel="net:b", number=2, status=0),
    ]  # fmt: skip

    rows = [row for event in events for row in teller.tell(event)]

    assert [(row.direction, row.text) for row in rows] == [
        (FROM, "ATR 3b 00"),
        (FROM, "no ATR: mute"),
        (TO, "keypad: enter a PIN and give it to the card"),
        (TO, "GET CHALLENGE"),
        (FROM, "no answer: torn out or mute"),
        (TO, "GET /v1/health"),
        (FROM, '200 {"상태": "ok"}'),
        (FROM, "no answer"),
    ]
