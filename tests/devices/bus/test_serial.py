"""The serial bus: settings reach the port, and each way to fail is a sentence with the port and a remedy."""

import asyncio
import errno
import os
import subprocess
import sys
import termios

import pytest

from devices.bus.serial import BUS, _why
from protocols.address import AddressError, parse_address
from protocols.ports import LinkDownError
from protocols.serial_line import LineSettings, Parity

DEADLINE_NS = 1 << 62


@pytest.fixture
def terminal():
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


async def opened(text):
    return await BUS.open(parse_address(text), deadline_ns=DEADLINE_NS)


async def test_rate_and_stop_bits_are_set_and_input_is_raw(terminal):
    """Goal: the port is set as the address says, and changes no byte."""
    master, name = terminal

    link = await opened(f"serial://{name}?baud=19200&stop=2&flow=xonxoff")
    iflag, oflag, cflag, lflag, ispeed, ospeed, _ = termios.tcgetattr(master)
    link.close()

    assert ispeed == ospeed == termios.B19200
    assert cflag & termios.CSTOPB
    assert iflag & termios.IXON
    assert not oflag & termios.OPOST
    assert not lflag & (termios.ICANON | termios.ECHO)


async def test_settings_a_terminal_cannot_have_are_a_sentence_not_a_termios_error(terminal):
    """Goal: 7E1 on a pty raises termios.error inside pyserial; nobody sees that."""
    _, name = terminal

    with pytest.raises(LinkDownError, match=f"{name} cannot be set to 9600 7E1"):
        await opened(f"serial://{name}?bytesize=7&parity=even")


async def test_busy_port_names_the_program_that_has_it(terminal):
    """Goal: somebody can end the right program."""
    _, name = terminal
    code = (
        "import sys, serial; port = serial.Serial(sys.argv[1], exclusive=True);"
        "print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(LinkDownError, match=f"{name} is in use by .*process {process.pid}"):
            await opened(f"serial://{name}")
    finally:
        process.communicate(timeout=10)


async def test_port_is_exclusively_ours_against_other_programs(terminal):
    """Goal: a second till cannot write into our receipt."""
    _, name = terminal
    link = await opened(f"serial://{name}")
    code = "import sys, serial; serial.Serial(sys.argv[1], exclusive=True)"

    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, name], capture_output=True, timeout=20
    )
    link.close()

    assert done.returncode != 0
    assert b"exclusively lock" in done.stderr


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("/dev/ttyNOWHERE7", "is not there"),
        ("/dev/null", "is no serial port"),
        ("/tmp", "is no serial port"),
    ],
)
async def test_what_is_no_port_is_said_so(place, said):
    """Goal: each wrong name gets its own sentence."""
    with pytest.raises(LinkDownError, match=f"{place} {said}"):
        await opened(f"serial://{place}")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOENT, "plug the device in"),
        (errno.EIO, "plug the device in"),
        (errno.EBUSY, "end that program"),
        (errno.EAGAIN, "end that program"),
        (errno.EACCES, "usermod -aG"),
        (errno.EINVAL, "choose settings"),
        (errno.ENOTTY, "correct the port's name"),
        (errno.ENOMEM, "Check the device"),
    ],
)
def test_every_refusal_names_the_port_and_what_to_do(number, remedy):
    """Goal: no error family leaks and none is without a remedy: OSError and termios.error alike."""
    line = LineSettings(data_bits=7, parity=Parity.EVEN)

    for error in (OSError(number, "text"), termios.error(number, "text")):
        sentence = _why("/dev/ttyNOWHERE7", line, error)
        assert sentence.startswith("/dev/ttyNOWHERE7 ")
        assert remedy in sentence


@pytest.mark.parametrize("option", ["dtr=up", "rts=", "speed=9600", "baud=1"])
async def test_wrong_option_is_the_address_fault(option):
    """Goal: no retry for what is written wrongly."""
    with pytest.raises(AddressError, match=option.partition("=")[0]):
        await opened(f"serial:///dev/ttyNOWHERE7?{option}")


async def test_hang_up_by_the_kernel_is_a_loss(terminal):
    """Goal: the master's end is the device's end."""
    master, slave = os.openpty()
    name = os.ttyname(slave)
    link = await opened(f"serial://{name}")
    lost = asyncio.get_running_loop().create_future()
    link.attach(lambda data: None, lost.set_result)

    os.close(slave)
    os.close(master)

    assert name in await asyncio.wait_for(lost, 5)
    link.close()
