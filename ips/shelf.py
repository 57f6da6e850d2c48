"""The payment modules of this broker: found, activated, at work (I18, I19).

    found --activate--> active --deactivate--> draining, while payments of it are under way
      ^                                             |
      +---------------------------------------------+ (deactivated again when none is left)

A module that was found and never activated does nothing. What a draining module began it may end;
nothing new is asked of it. Cash is active from the first day: it needs nobody's permission.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ips.registry import Listing, load
from ips.spi import PaymentModule
from ips.store.group import Group
from ips.store.reader import Reader
from ips.store.rows import ModuleRow, ModuleState
from ips.terminals import Refused


class Shelf(Mapping[str, PaymentModule]):
    """The modules that may be asked now, by name; their code is imported when first asked for."""

    def __init__(self, reader: Reader, listings: Mapping[str, Listing]) -> None:
        self._reader = reader
        self.listings = listings
        self._loaded: dict[str, PaymentModule] = {}

    def state(self, name: str) -> ModuleState:
        """Return a module's state; `installed` for one that was found and never activated."""
        row = self._reader.module(name)
        return "installed" if row is None else row.state

    def __getitem__(self, name: str) -> PaymentModule:
        if name not in self.listings or self.state(name) not in ("active", "draining"):
            raise KeyError(name)
        if name not in self._loaded:
            self._loaded[name] = load(name, self.listings)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.listings if self.state(name) in ("active", "draining"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeModule:
    """Work: activate a module, or deactivate it and drain what is under way."""

    listing: Listing
    active: bool
    actor: str

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 256

    @property
    def is_batch(self) -> bool:
        """Answer with the online requests."""
        return False

    def apply(self, group: Group) -> ModuleRow | Refused:
        """Return the module as it is now."""
        name = self.listing.name
        before = group.store.module(name)
        state: ModuleState = "active"
        if not self.active:
            state = "draining" if group.store.payments_under_way(name) else "inactive"
        row = ModuleRow(name, self.listing.version, state, group.now_ns, self.actor)
        group.changes.modules[name] = row
        old = "installed" if before is None else before.state
        group.remember(self.actor, "module.change", name, before=old, after=state)
        return row
