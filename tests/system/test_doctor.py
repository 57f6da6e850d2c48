"""`ips-pos doctor` before a printer on a real pty: what it finds out, and what it tells to write."""

from pathlib import Path

import pytest

from pos.config import parse_config
from pos.headless import Answer, Devices
from pos.opening import carry_out
from protocols.serial_line import LineSettings
from receipts.fonts import load_typeface
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.hosted import Hosted
from sim.hosting.pty import PtyCarrier
from sim.printer import PrinterTwin
from sim.wire import Pace, Wire

pytestmark = pytest.mark.system


async def doctor(folder: Path, *, print_done: bool, keys: str = "") -> Answer:
    """Ask how a printer is that can or cannot prove what it printed."""
    twin = PrinterTwin(load_typeface(), print_done=print_done)
    line = LineSettings(baud=115_200)
    hosted = Hosted(
        name="printer",
        twin=twin,
        carrier=PtyCarrier(line=line, link=folder / "printer"),
        wire=Wire(SeededEntropy(1), line=line, pace=Pace.LINE_RATE),
        clock=SystemClock(),
    )
    await hosted.start()
    text = f'language = "en"\nfolder = "till"\n[devices]\nprinter = "{hosted.address}"\n{keys}'
    try:
        return await carry_out(parse_config(text, folder / "pos.toml"), Devices())
    finally:
        await hosted.stop()
        assert twin.paper_text().strip() == ""


def of_printer(answer: Answer) -> dict[str, str]:
    rows = answer.fields["devices"]
    assert isinstance(rows, list)
    [row] = [row for row in rows if row["role"] == "printer"]
    return dict(row)


async def test_a_printer_that_proves_its_papers_is_well(tmp_path: Path) -> None:
    answer = await doctor(tmp_path, print_done=True)

    assert answer.done
    assert (of_printer(answer)["lamp"], of_printer(answer)["sentence"]) == ("O", "")


async def test_a_printer_that_never_proves_is_told_with_the_line_to_write(tmp_path: Path) -> None:
    """Every receipt would end as unsure; and the line that doctor names cures it."""
    answer = await doctor(tmp_path, print_done=False)

    assert answer.done, "it prints: nothing is broken"
    assert of_printer(answer)["lamp"] == "!"
    assert 'printer_proof = "status" under [devices]' in of_printer(answer)["sentence"]

    cured = await doctor(tmp_path, print_done=False, keys='printer_proof = "status"')
    assert (of_printer(cured)["lamp"], of_printer(cured)["sentence"]) == ("O", "")
