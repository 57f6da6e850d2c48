"""ZVT as Wireshark reads it, over both lines: an independent eye. `.ci/run` installs tshark."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from protocols.zvt.blocks import block, crc
from tests.support.zvt import OF_THE_REGISTER, OF_THE_TERMINAL

pytestmark = pytest.mark.system
TSHARK, TEXT2PCAP = shutil.which("tshark"), shutil.which("text2pcap")
ALL = [*OF_THE_REGISTER, *OF_THE_TERMINAL]
KNOWN = [each for each in ALL if each.control != 0x0620]
"""Wireshark does not know REPEAT RECEIPT."""
UNDOUBLED = [each for each in KNOWN if 0x10 not in each.encode()]
"""And it does not take doubled DLEs for one."""
needs_tshark = pytest.mark.skipif(
    not (TSHARK and TEXT2PCAP), reason="tshark is not installed (see .ci/run)"
)


def read(capture: Path, *options: str) -> list[dict[str, object]]:
    words = [str(TSHARK), "-r", str(capture), "-T", "json", *options]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert "MALFORMED" not in told.upper()
    return [packet["_source"]["layers"]["zvt"] for packet in json.loads(told)]


@needs_tshark
def test_wireshark_reads_every_apdu_on_a_network(tmp_path: Path):
    capture, dump = tmp_path / "zvt.pcap", tmp_path / "zvt.txt"
    dump.write_text("".join(f"0000 {each.encode().hex(' ')}\n" for each in KNOWN))
    subprocess.run(
        [str(TEXT2PCAP), "-T", "20007,40000", dump, capture], check=True, capture_output=True
    )

    packets = read(capture, "-d", "tcp.port==20007,zvt")

    told = str(packets)
    assert len(packets) == len(KNOWN)
    for seen in ("28004869", "000017", "12:00:01", "11/29", "IPS0123456789AB"):
        assert seen in told, seen
    assert "'zvt.amount': '12500'" in told and "'zvt.amount': '37500'" in told
    assert "zvt.tlv.text_lines.line" in told


@needs_tshark
def test_wireshark_reads_every_block_on_a_serial_line(tmp_path: Path):
    capture, dump = tmp_path / "zvt.pcap", tmp_path / "zvt.txt"
    dump.write_text("".join(f"0000 {block(each.encode()).hex(' ')}\n" for each in UNDOUBLED))
    subprocess.run([str(TEXT2PCAP), "-l", "147", dump, capture], check=True, capture_output=True)

    table = 'uat:user_dlts:"User 0 (DLT=147)","zvt","0","","0",""'
    packets = read(capture, "-o", table)

    assert len(packets) == len(UNDOUBLED) > 10
    for packet, each in zip(packets, UNDOUBLED, strict=True):
        assert str(packet["zvt.crc"]) == f"0x{crc(each.encode() + bytes((3,))):04x}"
