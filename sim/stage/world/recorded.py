"""A world whose wires and networks are watched: for assertions, for reports, and for working it by hand."""

import httpx

from protocols.serial_line import LineSettings
from sim.hosting.card_slot import CardCarrier
from sim.hosting.carrier import Carrier
from sim.hosting.tapped_host import HostTap
from sim.smart_card import SmartCardTwin
from sim.stage.kinds import KINDS
from sim.stage.recording import Watch, card_channel, device_channel
from sim.stage.world.equipment import SLOTS, Equipment
from sim.stage.world.network import Heard, Network, unread
from sim.stage.world.wires import Ground, Wire


class WatchedGround:
    """Where equipment stands, watched; satisfies Ground."""

    def __init__(self, ground: Ground, watch: Watch, wire: Wire) -> None:
        self._ground = ground
        self._watch = watch
        self._wire = wire

    def carrier(self, name: str, line: LineSettings) -> Carrier:
        """Return what a device's bytes travel on."""
        return self._watch.carrier(
            self._ground.carrier(name, line),
            name,
            protocol=KINDS[_kind(name)].protocol,
            link=self._wire.value,
            line="" if self._wire is Wire.TCP else str(line),
        )

    def reader(self, name: str) -> CardCarrier:
        """Return a card reader."""
        return self._watch.reader(self._ground.reader(name), name, link=self._wire.value)


class WatchedNetwork(Network):
    """The way from one till to its broker, watched at the till's end."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, heard: Heard, watch: Watch, prefix: str
    ) -> None:
        super().__init__(inner, heard)
        self._watch = watch
        self._name = f"{prefix}broker"
        self._tap: HostTap | None = watch.host(self._name, link=Wire.MEMORY.value)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request. Raises: httpx.TransportError as a real network would."""
        body = await request.aread()
        what = f"{request.method} {request.url.path}"
        await self._watch.passage(f"{self._name} > {what}")
        number = self._asked(request, body)
        try:
            answer, told = await unread(await super().handle_async_request(request))
            await self._watch.passage(f"{self._name} < answer to {what}")
        except BaseException:
            # A till that gave up, or died, heard no answer either.
            self._answered(number, 0, "", b"")
            raise
        self._answered(number, answer.status_code, answer.headers.get("content-type", ""), told)
        # What was read to be told is gone: the till gets its like.
        stream = httpx.ByteStream(told)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)

    def _asked(self, request: httpx.Request, body: bytes) -> int:
        if self._tap is None:
            return 0
        kind, path = request.headers.get("content-type", ""), request.url.raw_path.decode("ascii")
        return self._tap.asked(request.method, path, kind, body)

    def _answered(self, number: int, status: int, content_type: str, body: bytes) -> None:
        if self._tap is not None:
            self._tap.answered(number, status, content_type, body)


def note_verbs(equipment: Equipment, watch: Watch, prefix: str) -> None:
    """Have what is done to the devices beside a till stand in the trace."""
    for name, device in equipment.devices.items():
        place = f"{prefix}{name}"
        is_slot = isinstance(device.twin, SmartCardTwin)
        channel = card_channel(place) if is_slot else device_channel(place)
        equipment.devices[name] = watch.noted(device, channel)


def _kind(name: str) -> str:
    """Return a kind of device by the name of one, without its till's: 01-printer."""
    device = name.rpartition("-")[2]
    # What carries bytes at a slot's place is a reader on a line.
    return "hybrid_reader" if device in SLOTS else device
