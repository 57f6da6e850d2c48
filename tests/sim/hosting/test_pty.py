"""A pty's stable name: taken over from the dead, refused to the living, gone when the cable is."""

import os

import pytest

from protocols.serial_line import LineSettings
from sim.hosting.pty import PtyCarrier

pytestmark = pytest.mark.system


class Ear:
    def __init__(self):
        self.lines = []

    def received(self, data):
        pass

    def line_set(self, settings):
        self.lines.append(settings)

    def opened(self):
        pass

    def closed(self):
        pass


async def test_name_left_by_a_killed_bench_is_taken_over_whoever_has_its_terminal_now(tmp_path):
    """Goal: neither a terminal that is gone nor one that some shell now has is an obstacle."""
    master, slave = os.openpty()
    for target in ("/dev/pts/99999", os.ttyname(slave)):
        link = tmp_path / "port"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        carrier = PtyCarrier(line=LineSettings(), link=link)

        await carrier.plug(Ear())
        assert str(link.readlink()) != target
        await carrier.pull()
        assert not link.is_symlink()
    os.close(master)
    os.close(slave)


async def test_name_left_by_a_killed_bench_is_taken_over_when_another_bench_has_its_terminal(
    tmp_path,
):
    """Goal: a terminal's number is no proof of who has the name; the other bench is left alone."""
    other = PtyCarrier(line=LineSettings(), link=tmp_path / "other")
    await other.plug(Ear())
    terminal = (tmp_path / "other").readlink()
    (tmp_path / "port").symlink_to(terminal)
    carrier = PtyCarrier(line=LineSettings(), link=tmp_path / "port")

    await carrier.plug(Ear())

    assert (tmp_path / "port").readlink() != terminal
    assert (tmp_path / "other").readlink() == terminal
    await carrier.pull()
    await other.pull()


async def test_name_of_a_living_bench_is_refused_and_stays(tmp_path):
    """Goal: two devices never share a port."""
    first = PtyCarrier(line=LineSettings(), link=tmp_path / "port")
    await first.plug(Ear())
    target = (tmp_path / "port").readlink()

    with pytest.raises(FileExistsError, match="belongs to a bench that is running"):
        await PtyCarrier(line=LineSettings(), link=tmp_path / "port").plug(Ear())

    assert (tmp_path / "port").readlink() == target
    await first.pull()


async def test_file_of_somebody_is_not_touched(tmp_path):
    """Goal: a name is a link of ours or nothing."""
    (tmp_path / "port").write_text("precious")

    with pytest.raises(FileExistsError, match="choose another name"):
        await PtyCarrier(line=LineSettings(), link=tmp_path / "port").plug(Ear())

    assert (tmp_path / "port").read_text() == "precious"


async def test_pulled_port_leaks_no_descriptor(tmp_path):
    """Goal: a thousand pulls a day are no leak."""
    carrier = PtyCarrier(line=LineSettings(), link=tmp_path / "port")
    before = len(os.listdir("/proc/self/fd"))

    for _ in range(20):
        await carrier.plug(Ear())
        await carrier.pull()
        await carrier.pull()

    assert len(os.listdir("/proc/self/fd")) == before
