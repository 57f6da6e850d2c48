"""The card slots of a bench: one private pcscd for them all.

Its folder is a short one in /tmp: sockets allow 107 bytes, which a bench's own folder may not leave.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from protocols.ports import Clock
from sim.control import Served
from sim.hosting.card_slot import CardCarrier, HostedSlot
from sim.hosting.card_socket import ReaderCarrier
from sim.hosting.pcscd import DaemonError, PrivateDaemon, ReaderDriver, ReaderPlan
from sim.stage.decks import Decks
from sim.stage.kinds import WireKind
from sim.stage.plan import DevicePlan
from sim.stage.recording import Watch, card_channel
from sim.twin import VerbError

if TYPE_CHECKING:
    from sim.smart_card import SmartCardTwin

RECORDED: Final = "recorded"
"""The one card of a replayed slot."""


class Readers:
    """The card slots of one bench; nothing at all where a plan has none."""

    def __init__(
        self,
        plans: Sequence[DevicePlan],
        *,
        decks: Decks,
        clock: Clock,
        watch: Watch,
    ) -> None:
        self._plans = plans
        self._decks = decks
        self._clock = clock
        self._watch = watch
        self._folder: Path | None = None
        self._daemon: PrivateDaemon | None = None

    def open(self) -> dict[str, Served]:
        """Start the daemon and return the slots by name. Raises: OSError with what is missing."""
        if not self._plans:
            return {}
        self._folder = Path(tempfile.mkdtemp(prefix="ips"))
        readers = tuple(_reader(plan) for plan in self._plans)
        try:
            self._daemon = PrivateDaemon(self._folder / "d", readers, clock=self._clock)
            self._daemon.start()
            return {plan.name: self._slot(plan, self._daemon) for plan in self._plans}
        except (DaemonError, VerbError, ValueError) as error:
            self.close()
            raise OSError(str(error)) from error

    def close(self) -> None:
        """End the daemon; harmless twice."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _slot(self, plan: DevicePlan, daemon: PrivateDaemon) -> Served:
        twin = self._twin(plan)
        name = _reader(plan).name
        carrier: CardCarrier = ReaderCarrier(
            daemon.dial(name),
            reader=name,
            daemon=daemon.client_socket,
            quick_ack=plan.quick_ack,
        )
        carrier = self._watch.reader(
            carrier, plan.name, link=plan.wire.value, card=lambda: twin.inserted
        )
        slot = HostedSlot(name=plan.name, twin=twin, carrier=carrier, clock=self._clock)
        return self._watch.noted(slot, card_channel(plan.name))

    def _twin(self, plan: DevicePlan) -> "SmartCardTwin":
        from sim.smart_card import SmartCardTwin

        if plan.recording is not None:
            from sim.replay import ReplayCard

            return SmartCardTwin(
                {RECORDED: ReplayCard(RECORDED, plan.recording.events)}, inserted=RECORDED
            )
        cards, away = self._decks.deck(plan.cards)
        twin = plan.kind.build(plan.options, cards=cards, away=away)
        assert isinstance(twin, SmartCardTwin), "a card wire carries card slots"
        return twin


def _reader(plan: DevicePlan) -> ReaderPlan:
    driver = ReaderDriver.VPCD if plan.wire is WireKind.VPCD else ReaderDriver.OURS_WITH_KEYPAD
    return ReaderPlan(name=f"IPS {plan.name}", driver=driver)
