"""The ASCII variant as Wireshark reads it: an independent eye. `.ci/run` installs tshark."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from protocols.iso8583.framing import Header, frame
from protocols.iso8583.mac import MacAlgorithm, seal
from protocols.iso8583.message import encode
from protocols.iso8583.specs import ASCII
from tests.support.iso8583 import ALL, PAN

pytestmark = pytest.mark.system
TSHARK, TEXT2PCAP = shutil.which("tshark"), shutil.which("text2pcap")


@pytest.mark.skipif(not (TSHARK and TEXT2PCAP), reason="tshark is not installed (see .ci/run)")
def test_wireshark_reads_every_message(tmp_path: Path):
    capture, dump = tmp_path / "bank.pcap", tmp_path / "bank.txt"
    sealed = [seal(message, ASCII, bytes(16), MacAlgorithm.CMAC) for message in ALL]
    plain = [encode(message, ASCII) for message in ALL]
    dump.write_text(
        "".join(f"0000 {frame(data, Header.BINARY).hex(' ')}\n" for data in plain + sealed)
    )
    subprocess.run([TEXT2PCAP, "-T", "8583,40000", dump, capture], check=True, capture_output=True)
    words = [TSHARK, "-r", capture, "-d", "tcp.port==8583,iso8583", "-T", "json",
             "-o", "iso8583.len_endian:Big endian"]  # fmt: skip
    read = subprocess.run(words, check=True, capture_output=True, text=True)
    packets = [packet["_source"]["layers"] for packet in json.loads(read.stdout)]

    assert "MALFORMED" not in read.stdout.upper()
    assert [packet["iso8583"]["iso8583.mti"] for packet in packets] == [m.mti for m in ALL] * 2
    purchase = packets[0]["iso8583"]
    assert PAN in str(purchase) and "000000012500" in str(purchase)
    assert "D0000000000975500" in str(packets[3]["iso8583"])
