"""The control interface of virtual equipment: JSON over HTTP on loopback, with a bearer token.

    GET  /devices              list of DeviceState
    GET  /devices/NAME         DeviceState
    POST /devices/NAME         Verb -> DeviceState; 404 no such device, 422 no such verb or argument
    GET  /devices/NAME/paper   a printer's paper so far: text; with Accept: image/png, a picture
    GET  /devices/NAME/history Event list, oldest first, bounded; of them only
                               ?what=NAME         those of one name
                               ?after_ns=N        those later than N
                               ?within_s=SECONDS  and wait so long until there is one
    GET  /openapi.json         all this for programs, without a token

Whatever is not done is answered with a Refusal.

The interface describes itself: whoever renders it shows the verbs that a device says it has. The
counter's training panel and a tester's script are such callers; neither imports the equipment.
"""

from typing import Any, Final

import msgspec

HISTORY_MAX: Final = 1_000
WITHIN_S_MAX: Final = 60
"""How long one call may wait for an event."""


class VerbHelp(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be done to a device."""

    name: str
    """As sent: paper_out, open_cover, scan, pull_cable, mute."""
    label_ko: str
    label_en: str
    arguments: dict[str, str] = {}
    """Name to a sentence on what it means; a value is always a string."""
    optional: dict[str, str] = {}
    """The same of arguments that may be left out."""
    choices: dict[str, list[str]] = {}
    """Name to the values there are now, where they can be listed."""


class DeviceState(msgspec.Struct, frozen=True, kw_only=True):
    """A device as the control interface shows it."""

    name: str
    device: str
    """printer, line_display, scanner, ..."""
    address: str
    """What a driver would open: serial:///dev/pts/3, tcp://127.0.0.1:9100."""
    verbs: list[VerbHelp]
    state: dict[str, Any]
    """What can be seen on it: paper, cover, drawer, text on the display."""


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """Do this."""

    verb: str
    arguments: dict[str, str] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a device."""

    at_ns: int
    what: str
    detail: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """Why something was not done."""

    error: str
    """A sentence."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a bench tells its parent over a pipe, one line of JSON, when everything is open."""

    url: str
    token: str
    devices: dict[str, str]
    """Name to address."""
