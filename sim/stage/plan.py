"""What a bench shall serve, read from a TOML file.

    seed = 1                      # of the faults on the wires
    card_set = "shop"             # what cards the bench makes; ips-sim cards make --help

    [devices.printer]             # the name, as in sim://printer
    kind = "printer"              # may be left out where the name is a kind
    profile = "no-print-done"     # a device as it is sold: what follows is on top; ips-sim list
    wire = "pty"                  # pty, tcp or rfc2217; of a card slot pcsc or vpcd
    link = "/tmp/till/printer"    # a pty's stable name; else the bench's folder and the name
    port = 9100                   # of tcp, rfc2217 and http; 0 takes a free one
    cards = "~/cards"             # of a card slot: ips-sim cards made it; else the bench makes some;
                                  # of a PIN pad: whose issuer it knows
    to = "http://127.0.0.1:8086"  # of kind host: where the host itself is
    trace = "day.trace"           # of kind replay: what ips-sim up --trace recorded
    channel = "printer"           # in it; else the device's own name
    pace = "line_rate"            # or at_once
    line = { baud = 19200, bytesize = 8, parity = "none", stop = "1" }
    faults = { drop_ppm = 100, flip_ppm = 0, duplicate_ppm = 0, garbage_ppm = 0, reorder_ppm = 0,
               delay_ms = 0, piece_bytes = 0, ends_after_bytes = 0 }
    options = { }                 # the kind's own; ips-sim list shows them

A wrong key or value is one error that names the place, and the nearest known key.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from protocols.control import Verb
from protocols.serial_line import BAUD_MAX, LineSettings, Parity, StopBits
from protocols.trace.events import Event, TraceError
from sim.faults import DELAY_NS_MAX, PER_MILLION, Faults
from sim.stage.kinds import BYTE_WIRES, CARD_WIRES, KINDS, Kind, Needs, WireKind
from sim.stage.profiles import Profile, profiles
from sim.trace_file import find_channel, load_trace
from sim.wire import Pace

S = TypeVar("S", bound=msgspec.Struct)

DEVICES_MAX: Final = 1_024
"""On one bench; each has its descriptors and its place in memory."""
_NAME: Final = "[A-Za-z0-9][A-Za-z0-9_-]{0,31}"
_NS_PER_MS: Final = 1_000_000
_PRESETS: Final = Path(__file__).parent / "presets"


class PlanError(ValueError):
    """The plan is wrong. The message names the file, the place in it, and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a replayed device once said."""

    protocol: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePlan:
    """One device of a bench."""

    name: str
    kind: Kind
    options: msgspec.Struct
    wire: WireKind
    link: Path | None
    """A pty's stable name; None takes the bench's folder and the device's name."""
    port: int
    cards: Path | None
    """The folder of cards beside a slot; None takes the bench's folder, and cards are made there."""
    to: str
    """Of a host, where it is itself; else empty."""
    recording: Recording | None
    """Of a replayed device."""
    line: LineSettings
    pace: Pace
    faults: Faults
    start: tuple[Verb, ...]
    """What is done to it before anybody meets it."""
    quick_ack: bool
    """Of a card on vpcd: acknowledge each piece at once."""
    till: Mapping[str, Any]
    """What a till's configuration says under [devices] to live with its profile."""

    def brought(self) -> dict[str, Any]:
        """Return what its twin is built from besides its options, as far as the plan knows."""
        if self.recording is None:
            return {}
        return {"protocol": self.recording.protocol, "recording": self.recording.events}

    @property
    def protocol(self) -> str:
        """What its bytes mean, as a trace names it."""
        return self.kind.protocol if self.recording is None else self.recording.protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole bench."""

    seed: int
    card_set: str = "shop"
    """What cards are made where the bench has none yet: a set's name, or its file."""
    devices: tuple[DevicePlan, ...]


class _Top(msgspec.Struct, frozen=True):
    devices: dict[str, dict[str, Any]]
    seed: int = 1
    card_set: str = "shop"


Rate = Annotated[int, msgspec.Meta(ge=0, le=PER_MILLION)]


class _Line(msgspec.Struct, frozen=True):
    baud: Annotated[int, msgspec.Meta(ge=50, le=BAUD_MAX)] = 9_600
    bytesize: Annotated[int, msgspec.Meta(ge=5, le=8)] = 8
    parity: Parity = Parity.NONE
    stop: StopBits = StopBits.ONE


class _Faults(msgspec.Struct, frozen=True):
    drop_ppm: Rate = 0
    flip_ppm: Rate = 0
    duplicate_ppm: Rate = 0
    garbage_ppm: Rate = 0
    reorder_ppm: Rate = 0
    ends_after_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=DELAY_NS_MAX // _NS_PER_MS)] = 0
    piece_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0


class _Device(msgspec.Struct, frozen=True):
    kind: str | None = None
    profile: str = ""
    quick_ack: bool = True
    wire: WireKind | None = None
    link: str | None = None
    cards: str | None = None
    to: str = ""
    trace: str | None = None
    channel: str | None = None
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    pace: Pace = Pace.AT_ONCE
    line: dict[str, Any] = {}
    faults: dict[str, Any] = {}
    options: dict[str, Any] = {}


def presets() -> list[str]:
    """Return the names of the plans that come with the program."""
    return sorted(file.stem for file in _PRESETS.glob("*.toml"))


def read_preset(name: str) -> Plan:
    """Read a plan that comes with the program. Raises: PlanError."""
    file = _PRESETS / f"{name}.toml"
    if name not in presets():
        raise PlanError(f"no preset {name!r}{_nearest(name, presets())}")
    return read_plan(file)


def read_plan(file: Path) -> Plan:
    """Read a plan. Raises: PlanError."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PlanError(f"{file}: byte {error.start} is no UTF-8; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{file}: {error}") from error
    top = _convert(raw, _Top, f"{file}")
    if not 0 < len(top.devices) <= DEVICES_MAX:
        raise PlanError(f"{file}: devices: a bench has 1 to {DEVICES_MAX} devices")
    devices = tuple(
        device_plan(name, value, f"{file}: devices.{name}") for name, value in top.devices.items()
    )
    return Plan(seed=top.seed, card_set=top.card_set, devices=devices)


def device_plan(name: str, value: dict[str, Any], where: str) -> DevicePlan:
    """Decode one device's table. Raises: PlanError that begins with `where`."""
    if not re.fullmatch(_NAME, name):
        raise PlanError(f"{where}: a name has 1 to 32 letters, digits, hyphens and underscores")
    kind = _kind(name, _convert(value, _Device, where), where)
    profile = _profile(kind, value, where)
    device = _convert(profile.under(value), _Device, where)
    wire = _wire(device, kind, where)
    line = _convert(device.line, _Line, f"{where}.line")
    faults = _convert(device.faults, _Faults, f"{where}.faults")
    return DevicePlan(
        name=name,
        kind=kind,
        options=_convert(device.options, kind.options, f"{where}.options"),
        wire=wire,
        link=None if device.link is None else Path(device.link).expanduser(),
        port=device.port,
        cards=None if device.cards is None else Path(device.cards).expanduser(),
        to=_to(device, wire, where),
        recording=_recording(name, device, kind, wire, where),
        line=LineSettings(
            baud=line.baud, data_bits=line.bytesize, parity=line.parity, stop_bits=line.stop
        ),
        pace=device.pace,
        start=profile.start,
        quick_ack=device.quick_ack,
        till=profile.till,
        faults=Faults(
            drop_ppm=faults.drop_ppm,
            flip_ppm=faults.flip_ppm,
            duplicate_ppm=faults.duplicate_ppm,
            garbage_ppm=faults.garbage_ppm,
            reorder_ppm=faults.reorder_ppm,
            ends_after_bytes=faults.ends_after_bytes,
            delay_ns=faults.delay_ms * _NS_PER_MS,
            piece_bytes=faults.piece_bytes,
        ),
    )


def _kind(name: str, device: _Device, where: str) -> Kind:
    """Raises: PlanError."""
    kind = KINDS.get(device.kind or name)
    if kind is None:
        wrong = device.kind or name
        raise PlanError(f"{where}: kind: no kind {wrong!r}{_nearest(wrong, list(KINDS))}")
    return kind


def _profile(kind: Kind, value: dict[str, Any], where: str) -> Profile:
    """Return what a device is as it comes. Raises: PlanError."""
    name = value.get("profile", "")
    known = profiles(kind.name)
    if name and name not in known:
        raise PlanError(f"{where}: profile: no {kind.name} {name!r}{_nearest(name, list(known))}")
    return known.get(name, Profile(about=""))


def _wire(device: _Device, kind: Kind, where: str) -> WireKind:
    """Return what the device is reached over. Raises: PlanError."""
    wire = device.wire or kind.wires[0]
    if wire not in kind.wires:
        fitting = ", ".join(each.value for each in kind.wires)
        raise PlanError(f"{where}: wire: a {kind.name} is reached over: {fitting}")
    if device.cards is not None and kind.needs not in (Needs.CARDS, Needs.ISSUERS):
        raise PlanError(
            f"{where}: cards: only a card slot has cards, and a PIN pad knows their issuer"
        )
    if (device.trace or device.channel) and kind.needs is not Needs.RECORDING:
        raise PlanError(f"{where}: trace: only a device of kind replay has a recording")
    if device.link is not None and wire is not WireKind.PTY:
        raise PlanError(f"{where}: link: only a pty has a link; {wire.value} has none")
    if device.port and wire not in (WireKind.TCP, WireKind.RFC2217, WireKind.HTTP):
        raise PlanError(f"{where}: port: a {wire.value} has no port; wire = tcp or rfc2217 has")
    return wire


def _to(device: _Device, wire: WireKind, where: str) -> str:
    """Return where a host is. Raises: PlanError."""
    if wire is not WireKind.HTTP:
        if device.to:
            raise PlanError(f"{where}: to: only a host is somewhere else")
        return ""
    try:
        place = urlsplit(device.to)
        bare = not (place.path.strip("/") or place.query)
        fits = place.scheme == "http" and bool(place.hostname) and place.port != 0 and bare
    except ValueError:
        fits = False
    if not fits:
        raise PlanError(f"{where}: to: {device.to!r}: expected http://PLACE:PORT, the host itself")
    return device.to


def _recording(
    name: str, device: _Device, kind: Kind, wire: WireKind, where: str
) -> Recording | None:
    """Read what a replayed device once said. Raises: PlanError."""
    if kind.needs is not Needs.RECORDING:
        return None
    if device.trace is None:
        raise PlanError(f"{where}: trace: which? Record one: ips-sim up FILE --trace day.trace")
    try:
        trace = load_trace(Path(device.trace).expanduser())
        channel = find_channel(trace, device.channel or name)
    except TraceError as error:
        raise PlanError(f"{where}: trace: {error}") from error
    except OSError as error:
        raise PlanError(f"{where}: trace: {device.trace}: {error.strerror}") from error
    protocol = trace.channels()[channel].protocol
    if (protocol == "iso7816") != (wire in CARD_WIRES) or protocol == "http":
        wires = CARD_WIRES if protocol == "iso7816" else BYTE_WIRES
        fitting = ", ".join(each.value for each in wires)
        raise PlanError(f"{where}: wire: {channel} is {protocol}, reached over: {fitting}")
    events = tuple(event for event in trace.events if event.channel == channel)
    return Recording(protocol=protocol, events=events)


def _convert(value: dict[str, Any], to: type[S], where: str) -> S:
    """Decode one table. Raises: PlanError naming the place."""
    known = [field.encode_name for field in msgspec.structs.fields(to)]
    for key in value:
        if key not in known:
            raise PlanError(f"{where}: unknown key {key!r}{_nearest(key, known)}")
    try:
        return msgspec.convert(value, to)
    except msgspec.ValidationError as error:
        sentence, _, place = str(error).partition(" - at `$")
        key = place.rstrip("`").lstrip(".")
        raise PlanError(f"{where}: {key + ': ' if key else ''}{sentence}") from error


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"{hint} Known: {', '.join(known) or 'none'}"
