"""`ips-sim trace` on a real trace: a shop's sales in virtual time, told, drawn, and opened by tshark.

tshark is Wireshark's own reader and shares nothing with us: `.ci/run` installs it (Debian: apt-get
install tshark); where it is missing, the independent reader of the tests must do.
"""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sim.stage.cli import main
from sim.stage.world.shop import World
from sim.stage.world.virtual import live
from sim.trace_file import TraceFile
from tests.support.pcapng_reader import read_pcapng

pytestmark = pytest.mark.system

BAG = "8800100000014"
TSHARK = shutil.which("tshark")


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sale by purse, and one in cash whose receipt finds no paper."""
    file = tmp_path_factory.mktemp("trace") / "sale.trace"
    written = []

    def recorded(recorder) -> None:
        written.append(TraceFile(file, recorder.header))
        recorder.listen(written[0])

    async def story(world: World) -> None:
        await asyncio.sleep(3)
        await world.equipment().do("scanner", "scan", code=BAG)
        await asyncio.sleep(1)
        await world.equipment().do("customer", "insert", card="customer-1")
        assert await world.till().key("EC") is not None
        await asyncio.sleep(5)
        await world.equipment().do("scanner", "scan", code=BAG)
        await asyncio.sleep(1)
        await world.equipment().do("printer", "paper_out")
        assert await world.till().key("1000CA") is not None
        await asyncio.sleep(5)

        # Being overheard changes nothing: what was sent is known to be there.
        assert world.till().view.queue.link == "online" and world.till().view.queue.waiting == 0

    live(story, recorded=recorded)
    written[0].close()
    return file


def run(capsys, *words):
    status = main(["trace", *map(str, words)])
    out, errors = capsys.readouterr()
    return status, out, errors


def test_show_tells_the_whole_sale_in_its_order(trace, capsys):
    status, out, _ = run(capsys, "show", trace)

    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "world, begun 2026-01-01 00:00:00 UTC; seconds since then"
    texts = [line.partition("  ")[2] for line in lines]
    told = "\n".join(lines)
    for earlier, later in (
        (f'code "{BAG}"', "SELECT purse"),
        ("SELECT purse", "START PAYER"),
        ("DEBIT, REQ", "9000 done, VAL"),
        ("CREDIT, VAL", "9000 done, ACK"),
        ("COMPLETE", 'print line "한빛마트"'),
        ('print line "한빛마트"', "cut partial"),
        ("* paper_out", "status of itself: offline, paper out"),
    ):
        assert 0 < told.index(earlier) < told.index(later), (earlier, later)
    assert "no command" not in told and "no answer" not in told
    assert len(texts) > 100


def test_show_can_be_narrowed_to_channels_and_seconds(trace, capsys):
    _, out, _ = run(capsys, "show", trace, "--channel", "customer", "--from", "4.0005", "--to", "5")

    lines = out.splitlines()[1:]
    assert lines[0].split() == ["4.001000", "card:customer", ">", "SELECT", "purse"]
    assert all("card:customer" in line for line in lines)
    assert len(lines) == 12


def test_show_for_programs(trace, capsys):
    _, out, _ = run(capsys, "show", trace, "--json", "--channel", "tty:scanner")

    rows = [json.loads(line) for line in out.splitlines()]
    [scan, *_] = [row for row in rows if row["direction"] == "from"]
    assert scan["text"] == f'code "{BAG}"'
    assert bytes.fromhex(scan["data"]) == f"{BAG}\r".encode()


def test_show_with_bytes(trace, capsys):
    _, out, _ = run(capsys, "show", trace, "--bytes", "--channel", "printer", "--to", "1")

    assert "ask realtime paper  [10 04 04]" in out


def test_a_wrong_channel_names_the_nearest(trace, capsys):
    status, _, errors = run(capsys, "show", trace, "--channel", "prnter")

    assert status == 2
    assert errors.startswith(f"ips-sim: {trace}: no channel 'prnter'; did you mean 'printer'?")


@pytest.mark.parametrize("what", ["show", "diagram"])
def test_what_is_no_trace_is_said(what, tmp_path, capsys):
    (tmp_path / "x").write_text("hello\n")

    status, out, errors = run(capsys, what, tmp_path / "x")

    assert (status, out) == (2, "")
    assert errors.startswith(f"ips-sim: {tmp_path / 'x'}: line 1: this is no trace")
    assert run(capsys, what, tmp_path / "y") == (
        1,
        "",
        f"ips-sim: {tmp_path / 'y'}: No such file or directory\n",
    )


def test_seconds_are_checked(trace, capsys):
    with pytest.raises(SystemExit):
        main(["trace", "show", str(trace), "--from", "-1"])
    assert "seconds since the trace began" in capsys.readouterr().err


def test_diagram_as_text_and_as_svg(trace, tmp_path, capsys):
    _, out, _ = run(capsys, "diagram", trace, "--from", "2.5")
    status, nothing, _ = run(capsys, "diagram", trace, "--from", "2.5", "--svg", tmp_path / "s.svg")

    assert out.splitlines()[0].split() == [
        "seconds", "till", "scanner", "line_display", "customer", "shop", "broker", "printer",
        "stripe_reader",
    ]  # fmt: skip
    assert status == 0 and nothing == ""
    picture = ElementTree.parse(tmp_path / "s.svg")
    said = {each.text for each in picture.iter() if each.tag.endswith("text")}
    assert {"till", "SELECT purse", "* paper_out"} <= said


def test_pcapng_has_every_channel(trace, tmp_path, capsys):
    status, _, errors = run(capsys, "pcapng", trace, "--out", tmp_path / "sale.pcapng")

    read = read_pcapng((tmp_path / "sale.pcapng").read_bytes())
    assert status == 0 and errors.endswith(" events\n")
    assert {name for _, name, _ in read.interfaces} == {
        "tty:printer", "tty:line_display", "tty:scanner", "tty:stripe_reader", "card:customer",
        "card:shop", "net:broker", "notes",
    }  # fmt: skip
    # Nobody has swiped a card: its reader has said nothing.
    spoke = {name for _, name, _ in read.interfaces} - {"tty:stripe_reader"}
    assert spoke == {seen.interface for seen in read.packets}


def tshark(file: Path, *options: str) -> list[str]:
    done = subprocess.run(
        [TSHARK, "-r", str(file), *options], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.splitlines()


@pytest.mark.skipif(TSHARK is None, reason="tshark is not here: apt-get install tshark")
def test_tshark_reads_it_without_malformed_packets_and_names_the_frames(trace, tmp_path, capsys):
    file = tmp_path / "sale.pcapng"
    run(capsys, "pcapng", trace, "--out", file)
    ours = read_pcapng(file.read_bytes()).packets

    assert tshark(file, "-Y", "_ws.malformed || _ws.expert.severity == error") == []
    protocols = tshark(file, "-T", "fields", "-e", "frame.protocols")
    assert len(protocols) == len(ours)
    of_channel: dict[str, set[str]] = {}
    for seen, named in zip(ours, protocols, strict=True):
        of_channel.setdefault(seen.interface.partition(":")[0], set()).add(named)
    assert of_channel["tty"] == {"rtacser:data"}
    # The dissector of ATRs is a part of the other's and is named in the packet only.
    assert of_channel["card"] == {"exported_pdu", "exported_pdu:iso7816"}
    assert any("ATR, TA(1)" in line for line in tshark(file))
    assert all(named.startswith("raw:ip:tcp") for named in of_channel["net"])
    assert any("http:json" in named for named in of_channel["net"])

    listed = tshark(file)
    assert any("Interface → Card" in line and "Select file" in line for line in listed)
    assert any("RTAC Serial" in line and "DATA_TX_START" in line for line in listed)
    [asked] = set(tshark(file, "-Y", 'frame.comment contains "ask realtime paper"', "-T", "fields",
                         "-e", "data.data"))  # fmt: skip
    assert asked == "100404"
