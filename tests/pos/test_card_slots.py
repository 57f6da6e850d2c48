"""Which slot a till finds a card in: the customers', the shop's, or one that a scheme has for itself."""

from pathlib import Path

import pytest

from pos.card_slots import SlotCards
from pos.config import ConfigError, parse_config
from pos.wiring import cards_of, tenders_of
from protocols.address import parse_address
from protocols.ports import CardChannel
from protocols.purse.coordinator import decode_state
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import HostedSlot
from sim.smart_card import SmartCardTwin
from tests.support.card_bench import QUERY, SELECT, card

S = 1_000_000_000


async def named_by(channel: CardChannel, clock: VirtualClock) -> str:
    deadline_ns = clock.monotonic_ns() + S
    await channel.transmit(SELECT, deadline_ns=deadline_ns)
    answer = await channel.transmit(QUERY, deadline_ns=deadline_ns)
    state = decode_state((answer or b"")[:-2])
    assert state is not None
    return state.name.decode().rstrip(".")


def slots_of(**named: str) -> list[str]:
    """Return which of the cards the shop's are that a till with such slots powers: e-cash, ICash."""
    found: list[str] = []

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        for name in ("shop", "module"):
            carrier = MemoryReader(name, clock=clock, latency_ns=1_000)
            carrier.offer()
            twin = SmartCardTwin({name: card(name.encode().ljust(8, b"."))}, inserted=name)
            await HostedSlot(name=name, twin=twin, carrier=carrier, clock=clock).start()
        cards = SlotCards(
            customer=parse_address("sim://customer"),
            shop=parse_address(named["shop"]) if "shop" in named else None,
            schemes={"icash": parse_address(named["icash"])} if "icash" in named else {},
            clock=clock,
        )
        for scheme in ("purse", "icash"):
            channel = await cards.shop(deadline_ns=clock.monotonic_ns() + S, scheme=scheme)
            found.append("" if channel is None else await named_by(channel, clock))
        await cards.close()

    run(story)
    return found


def test_scheme_that_names_a_slot_has_its_card_there() -> None:
    assert slots_of(shop="sim://shop", icash="sim://module") == ["shop", "module"]


def test_scheme_that_names_none_has_its_card_in_the_shops_slot() -> None:
    assert slots_of(shop="sim://shop") == ["shop", "shop"]


def test_shop_may_take_the_other_scheme_alone() -> None:
    assert slots_of(icash="sim://module") == ["", "module"]


@pytest.mark.parametrize(
    ("devices", "opens"),
    [
        ("", False),
        ("customer_card = 'sim://c'", False),
        ("shop_card = 'sim://s'\nshop_cards = { cash = 'sim://m' }", False),
        ("customer_card = 'sim://c'\nshop_card = 'sim://s'", True),
        ("customer_card = 'sim://c'\nshop_cards = { cash = 'sim://m' }", True),
        ("customer_card = 'sim://c'\nshop_cards = { cash = '' }", False),
    ],
)
def test_till_takes_cards_where_both_sides_have_a_slot(devices: str, opens: bool) -> None:
    config = parse_config(f"[devices]\n{devices}\n", Path("pos.toml"))

    assert (cards_of(config, VirtualClock()) is not None) is opens


def test_slot_for_a_scheme_that_nobody_has_names_the_nearest() -> None:
    config = parse_config("[devices]\nshop_cards = { purs = 'sim://m' }\n", Path("pos.toml"))

    with pytest.raises(ConfigError, match=r"shop_cards\.purs: .*did you mean purse\?"):
        tenders_of(config)
