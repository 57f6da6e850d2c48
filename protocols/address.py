"""Where a device is: scheme://place?option=value, one line of configuration.

    serial:///dev/ttyUSB0?baud=9600&parity=even
    tcp://127.0.0.1:9100
    rfc2217://127.0.0.1:2217?baud=19200
    sim://printer
    pcsc://Reader%20Name%2000%2000

The scheme names the bus that opens it; the place and the options are the bus's own affair.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote


class AddressError(ValueError):
    """The address itself is wrong: unknown scheme, bad option. No retry will help."""


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed device address."""

    scheme: str
    """What names the bus."""
    place: str
    """Everything between :// and ?: a path, a reader's name, or host:port."""
    options: dict[str, str] = field(default_factory=dict)
    """What follows ?, each name once."""

    def __str__(self) -> str:
        options = "&".join(f"{quote(name)}={quote(value)}" for name, value in self.options.items())
        return f"{self.scheme}://{quote(self.place, safe='/:[]')}" + (
            f"?{options}" if options else ""
        )

    def endpoint(self) -> tuple[str, int]:
        """Return the place as (host, port). Raises: AddressError."""
        host, colon, port = self.place.rpartition(":")
        digits = port.isascii() and port.isdigit() and len(port) <= 5
        if not colon or not host or not digits or not 0 < int(port) < 65536:
            raise AddressError(
                f"{self}: expected host:port, such as {self.scheme}://127.0.0.1:9100"
            )
        return host.strip("[]"), int(port)

    def known(self, *names: str) -> None:
        """Check that no option has another name. Raises: AddressError."""
        for name in self.options:
            if name not in names:
                allowed = ", ".join(sorted(names)) or "none"
                raise AddressError(f"{self}: unknown option {name!r}; this scheme takes: {allowed}")


def parse_address(text: str) -> Address:
    """Parse one address. Raises: AddressError naming what is wrong with it."""
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme.isidentifier():
        raise AddressError(
            f"{text!r} is not an address; it reads scheme://place, as in serial:///dev/ttyS0"
        )
    place, _, query = rest.partition("?")
    if not place:
        raise AddressError(f"{text!r} names no place after {scheme}://")
    options: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, strict_parsing=bool(query), keep_blank_values=True)
    except ValueError as error:
        raise AddressError(f"{text!r}: options read name=value&name=value") from error
    for name, value in pairs:
        if name in options:
            raise AddressError(f"{text!r}: option {name!r} stands twice")
        options[name] = value
    return Address(scheme, unquote(place), options)
