"""Capture files: an independent reader finds every packet, dissector and checksum in order."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from protocols.pcapng import Interface, interface, packet, section
from protocols.trace.capture import capture
from protocols.trace.events import (
    Answer,
    Atr,
    Bytes,
    Card,
    CardState,
    Channel,
    Command,
    Direction,
    Header,
    Line,
    Link,
    LinkState,
    Mark,
    Request,
    Response,
    Trace,
    Words,
)
from tests.support.pcapng_reader import read_pcapng

WALL = 1_767_225_600_123_456_789
TO, FROM = Direction.TO, Direction.FROM
TTY, CARD, NET = "tty:printer", "card:customer", "net:broker"
CHANNELS = [
    Channel(at_ns=0, channel=TTY, protocol="escpos", link="rfc2217", line="9600 8N1"),
    Channel(at_ns=0, channel=CARD, protocol="iso7816", link="pcsc"),
    Channel(at_ns=0, channel=NET, protocol="http", link="loopback"),
]


def captured(*events):
    trace = Trace(Header(wall_ns=WALL, program="test"), [*CHANNELS, *events])
    return read_pcapng(b"".join(capture(trace)))


@given(
    st.text(max_size=40),
    st.binary(max_size=100),
    st.integers(0, (1 << 64) - 1),
    st.text(st.characters(codec="utf-8"), max_size=40),
)
def test_the_reader_reads_what_the_writer_wrote(name, data, wall_ns, comment):
    name = name or "x"
    file = (
        section("program", comment)
        + interface(Interface(link_type=101, name=name, description=comment))
        + packet(0, wall_ns, data, comment)
    )

    read = read_pcapng(file)

    assert read.interfaces == [(101, name, comment)]
    [seen] = read.packets
    assert (seen.wall_ns, seen.data, seen.comment) == (wall_ns, data, comment)


def test_a_comment_longer_than_an_option_is_cut_at_a_character():
    read = read_pcapng(
        section("p")
        + interface(Interface(link_type=1, name="n"))
        + packet(0, 0, b"", "가" * 30_000)
    )
    assert read.packets[0].comment == "가" * (0xFFFF // 3)


def test_every_channel_is_an_interface_and_so_are_the_notes():
    words = Words(at_ns=1, channel=TTY, direction=TO, data=b"\xff\xfb\x2c")

    assert captured(words).interfaces == [
        (250, TTY, "escpos over rfc2217 9600 8N1"),
        (252, f"{TTY} telnet", f"TELNET commands of {TTY}"),
        (252, CARD, "iso7816 over pcsc"),
        (101, NET, "http over loopback"),
        (252, "notes", "what happened besides"),
    ]
    assert len(captured().interfaces) == 4, "no TELNET, no interface for it"


def test_serial_packets_have_time_direction_and_modem_lines():
    read = captured(
        Line(at_ns=1_000, channel=TTY, settings="9600 8N1", up=["DTR", "RTS", "CTS", "DSR", "CD"]),
        Bytes(at_ns=2_000, channel=TTY, direction=TO, data=b"\x10\x04\x04"),
        Bytes(at_ns=3_000, channel=TTY, direction=FROM, data=b"\x12"),
        Line(at_ns=4_000, channel=TTY, settings="9600 8N1", up=["DTR", "BREAK"]),
    )

    heads = [struct.unpack_from(">IIBBH", seen.data) for seen in read.packets]
    assert [(kind, lines, footer) for _, _, kind, lines, footer in heads] == [
        (0, 0x1F, 0),
        (1, 0x1F, 0),
        (2, 0x1F, 0),
        (9, 0x10, 0),
    ]
    assert {head[:2] for head in heads} <= {(1_767_225_600, 123_457 + n) for n in range(5)}
    assert [seen.data[12:] for seen in read.packets] == [b"", b"\x10\x04\x04", b"\x12", b""]
    assert [seen.wall_ns - WALL for seen in read.packets] == [1_000, 2_000, 3_000, 4_000]
    assert read.packets[2].comment == "status: paper ok"


def upper(seen):
    """Return (dissector, direction, data) of a packet of link type 252."""
    assert seen.link_type == 252
    at, tags = 0, {}
    while True:
        tag, size = struct.unpack_from(">HH", seen.data, at)
        at += 4 + size
        if tag == 0:
            break
        assert size % 4 == 0
        tags[tag] = seen.data[at - size : at]
    direction = struct.unpack(">I", tags[35])[0] if 35 in tags else None
    return tags[12].rstrip(b"\0").decode(), direction, seen.data[at:]


def test_cards_are_for_the_dissector_of_iso_7816():
    read = captured(
        Card(at_ns=1, channel=CARD, state=CardState.INSERTED, name="alice"),
        Atr(at_ns=2, channel=CARD, data=b"\x3b\x00"),
        Command(at_ns=3, channel=CARD, data=b"\x00\xa4\x04\x00"),
        Response(at_ns=4, channel=CARD, data=b"\x90\x00"),
        Command(at_ns=5, channel=CARD, data=b"\x00\x84\x00\x00\x08"),
        Response(at_ns=6, channel=CARD, data=b""),
    )

    assert [upper(seen) for seen in read.packets] == [
        ("syslog", None, b"card:customer: card inserted: alice"),
        ("iso7816.atr", 1, b"\x3b\x00"),
        ("iso7816", 0, b"\x00\xa4\x04\x00"),
        ("iso7816", 1, b"\x90\x00"),
        ("iso7816", 0, b"\x00\x84\x00\x00\x08"),
        ("syslog", None, b"card:customer: no answer: torn out or mute"),
    ]


def test_notes_stand_beside():
    read = captured(
        Mark(at_ns=1, channel="", text="step 3"),
        Link(at_ns=2, channel=TTY, state=LinkState.PULLED),
    )

    assert [upper(seen)[2] for seen in read.packets] == [b"* step 3", b"tty:printer: link pulled"]


def checksum_fits(data):
    words = struct.unpack(f">{(len(data) + len(data) % 2) // 2}H", data + bytes(len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


def segments(packets):
    """Return (source port, target port, sequence, acknowledged, flags, data), checksums checked."""
    found = []
    for seen in packets:
        head, segment = seen.data[:20], seen.data[20:]
        assert head[0] == 0x45 and head[9] == 6 and checksum_fits(head)
        assert struct.unpack_from(">H", head, 2) == (len(seen.data),)
        assert checksum_fits(head[12:20] + struct.pack(">BBH", 0, 6, len(segment)) + segment)
        source, target, sequence, acknowledged, offset, flags = struct.unpack_from(
            ">HHIIBB", segment
        )
        assert offset == 0x50
        found.append((source, target, sequence, acknowledged, flags, segment[20:]))
    return found


def test_messages_are_whole_connections_whose_numbers_add_up():
    body = b'{"x": "' + b"y" * 5_000 + b'"}'
    kind = "application/json"
    read = captured(
        Request(at_ns=1, channel=NET, number=1, method="POST", path="/v1/x", content_type=kind,
                data=body),
        Request(at_ns=2, channel=NET, number=2, method="GET", path="/v1/health"),
        Answer(at_ns=3, channel=NET, number=1, status=200, content_type=kind, data=b"{}"),
        Answer(at_ns=4, channel=NET, number=2, status=0),
        Answer(at_ns=5, channel=NET, number=9, status=200),
    )  # fmt: skip

    every = segments(read.packets)
    first = [each for each in every if 49_153 in each[:2]]
    expected = {49_153: 1_000, 80: 5_000}
    said = {49_153: b"", 80: b""}
    for source, target, sequence, acknowledged, flags, data in first:
        assert sequence == expected[source]
        assert acknowledged == (expected[target] if flags & 0x10 else 0)
        expected[source] += len(data) + bool(flags & 0x03)
        said[source] += data
    assert said[49_153].split(b"\r\n\r\n", 1) == [
        b"POST /v1/x HTTP/1.1\r\nHost: host.test\r\nContent-Type: "
        + kind.encode()
        + b"\r\nContent-Length: 5009",
        body,
    ]
    assert said[80].startswith(b"HTTP/1.1 200 OK\r\n") and said[80].endswith(b"\r\n\r\n{}")
    assert sum(flags & 1 for *_, flags, _ in first) == 2, "both ends finish"
    second = [each for each in every if 49_154 in each[:2]]
    assert sum(flags & 1 for *_, flags, _ in second) == 0, "what was never answered stays open"
