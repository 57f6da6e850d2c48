"""A world with taps on its wires and on its networks: for assertions, and for reports of failures."""

import httpx

from protocols.serial_line import LineSettings
from sim.hosting.card_slot import CardCarrier
from sim.hosting.carrier import Carrier
from sim.hosting.tapped import TappedReader, tap_carrier
from sim.hosting.tapped_host import HostTap
from sim.recorder import Recorder
from sim.stage.kinds import KINDS
from sim.stage.recording import Noted, card_channel, device_channel, host_channel
from sim.stage.world.equipment import SLOTS, Equipment
from sim.stage.world.network import Heard, Network
from sim.stage.world.wires import Ground, Wire


class RecordedGround:
    """Where equipment stands, overheard; satisfies Ground."""

    def __init__(self, ground: Ground, recorder: Recorder, wire: Wire) -> None:
        self._ground = ground
        self._recorder = recorder
        self._wire = wire

    def carrier(self, name: str, line: LineSettings) -> Carrier:
        """Return what a device's bytes travel on."""
        return tap_carrier(
            self._ground.carrier(name, line),
            self._recorder,
            device_channel(name),
            protocol=KINDS[_device(name)].protocol,
            link=self._wire.value,
            line=str(line),
        )

    def reader(self, name: str) -> CardCarrier:
        """Return a card reader."""
        channel = card_channel(name)
        self._recorder.channel(channel, protocol="iso7816", link=self._wire.value)
        return TappedReader(self._ground.reader(name), self._recorder, channel)


class RecordedNetwork(Network):
    """The way from one till to its broker, overheard at the till's end."""

    def __init__(self, inner: httpx.AsyncBaseTransport, heard: Heard, tap: HostTap) -> None:
        super().__init__(inner, heard)
        self._tap = tap

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request. Raises: httpx.TransportError as a real network would."""
        body = await request.aread()
        kind = request.headers.get("content-type", "")
        path = request.url.raw_path.decode("ascii")
        number = self._tap.asked(request.method, path, kind, body)
        try:
            answer = await super().handle_async_request(request)
            told = await answer.aread()
        except BaseException:
            # A till that gave up, or died, heard no answer either.
            self._tap.answered(number, 0, "", b"")
            raise
        kind = answer.headers.get("content-type", "")
        self._tap.answered(number, answer.status_code, kind, told)
        return answer


def note_verbs(equipment: Equipment, recorder: Recorder, prefix: str) -> None:
    """Have what is done to the devices beside a till stand in the trace."""
    for name, device in equipment.devices.items():
        place = f"{prefix}{name}"
        channel = card_channel(place) if name in SLOTS else device_channel(place)
        equipment.devices[name] = Noted(device, recorder, channel)


def recorded_network(
    inner: httpx.AsyncBaseTransport, heard: Heard, recorder: Recorder, prefix: str
) -> RecordedNetwork:
    """Return a till's network with a channel of its own."""
    tap = HostTap(recorder, host_channel(f"{prefix}broker"), link=Wire.MEMORY.value)
    return RecordedNetwork(inner, heard, tap)


def _device(name: str) -> str:
    """Return a device's name without its till's: 01-printer."""
    return name.rpartition("-")[2]
