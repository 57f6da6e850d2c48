"""Which slot a till finds a card in: the customers', the shop's, or one that a scheme has for itself."""

import asyncio
from pathlib import Path

import pytest

from pos.card_slots import SlotCards
from pos.config import ConfigError, parse_config
from pos.wiring import Host, card_address, cards_of, tenders_of
from protocols.address import parse_address
from protocols.ports import CardAbsent, CardChannel, SlotDown, SlotState
from protocols.purse.coordinator import decode_state
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import HostedSlot
from sim.smart_card import SmartCardTwin
from tests.pos.conftest import PassBy
from tests.support.card_bench import CLOCK, QUERY, SELECT, card, deadline
from tests.support.file_purses import HOST_SECRET, shop_purse

S = 1_000_000_000


HOST = Host(
    clock=VirtualClock(), entropy=SeededEntropy(1), faults=PassBy(), secret=Path("/etc/host.secret")
)


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
def test_till_takes_e_cash_where_both_sides_have_a_slot(devices: str, opens: bool) -> None:
    """A bank's card needs the customer's alone."""
    config = parse_config(f"[devices]\n{devices}\n", Path("pos.toml"))
    cards = cards_of(config, HOST)

    assert (cards is not None and cards.configured) is opens
    assert (cards is not None and cards.reads) is ("customer_card" in devices)


def test_slot_for_a_scheme_that_nobody_has_names_the_nearest() -> None:
    config = parse_config("[devices]\nshop_cards = { purs = 'sim://m' }\n", Path("pos.toml"))

    with pytest.raises(ConfigError, match=r"shop_cards\.purs: .*did you mean purse\?"):
        tenders_of(config)


def test_purse_in_a_folder_lies_in_the_tills_and_opens_with_the_hosts_secret() -> None:
    config = parse_config("folder = 'till'\n", Path("/shop/pos.toml"))

    own = card_address(config, HOST, "file://purse")
    elsewhere = card_address(config, HOST, "file:///mnt/purse?secret=/mnt/secret")
    reader = card_address(config, HOST, "pcsc://IPS%20shop")

    assert (own.place, own.options) == ("/shop/till/purse", {"secret": "/etc/host.secret"})
    assert (elsewhere.place, elsewhere.options) == ("/mnt/purse", {"secret": "/mnt/secret"})
    assert (reader.place, reader.options) == ("IPS shop", {})


def test_slot_that_cannot_be_opened_is_told_and_tried_again(tmp_path: Path) -> None:
    """No purse yet: the lamp says so; once it is there, the same slots have it."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        told: list[tuple[str, SlotState]] = []
        slots = SlotCards(customer=parse_address("sim://nobody"), clock=clock)
        slots.watch(lambda role, state: told.append((role, state)))
        assert await slots.open("customer", deadline_ns=clock.monotonic_ns()) is None
        [(role, state)] = told
        assert role == "customer" and isinstance(state, SlotDown)
        MemoryReader("nobody", clock=clock).offer()
        assert await slots.open("customer", deadline_ns=clock.monotonic_ns()) is not None
        assert told[-1] == ("customer", CardAbsent())
        assert isinstance(slots.state("customer"), CardAbsent)
        await slots.close()

    run(story)


async def test_slot_is_opened_once_however_many_want_it(tmp_path: Path) -> None:
    """A purse in a folder has one lock: the lamps and a payment share one slot."""
    secret = tmp_path / "host.secret"
    secret.write_bytes(HOST_SECRET)
    secret.chmod(0o600)
    address = parse_address(f"file://{shop_purse(tmp_path / 'purse')}?secret={secret}")
    slots = SlotCards(customer=address, clock=CLOCK)

    first, second = await asyncio.gather(
        slots.open("customer", deadline_ns=deadline()),
        slots.customer(deadline_ns=deadline()),
    )

    assert first is not None and second is not None
    await slots.close()
