"""What a watched world says of its wires."""

import pytest

from protocols.serial_line import LineSettings
from protocols.trace.events import Channel
from sim.clock import VirtualClock
from sim.recorder import Recorder
from sim.stage.recording import Watch
from sim.stage.world.recorded import WatchedGround
from sim.stage.world.wires import MemoryGround, Wire


@pytest.mark.parametrize(
    ("wire", "line"), [(Wire.PTY, "9600 8N1"), (Wire.RFC2217, "9600 8N1"), (Wire.TCP, "")]
)
def test_only_what_is_set_to_a_rate_says_one(wire: Wire, line: str) -> None:
    clock = VirtualClock()
    recorder = Recorder(clock=clock, program="test")
    ground = WatchedGround(MemoryGround(clock), Watch(recorder), wire)
    ground.carrier("printer", LineSettings())
    [channel] = [event for event in recorder.events() if isinstance(event, Channel)]
    assert (channel.link, channel.line) == (wire.value, line)
