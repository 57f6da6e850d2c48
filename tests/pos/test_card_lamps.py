"""The shop's own cards in the list of devices: each slot by its scheme's name, each card in its own words."""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pos.card_lamps import CardLamps
from pos.card_slots import SlotCards
from pos.equipment import NoDisplay, NoDrawer
from pos.messages import Language
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from pos.tenders.registry import find_tenders
from pos.till import Till
from pos.view import DeviceView, Lamp, Stage
from protocols.address import parse_address
from protocols.ports import CardAbsent, SlotDown
from protocols.purse.suite import P256
from sim.cards.card import Card
from sim.cards.file import read_cards
from sim.cards.issue import make_set, read_set, set_file
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import HostedSlot
from sim.smart_card import SmartCardTwin
from tests.pos.conftest import PassBy


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Card]:
    folder = tmp_path_factory.mktemp("cards")
    make_set(folder, read_set(set_file("shop")), suite=P256(), entropy=SeededEntropy(1))
    return read_cards(folder)


def seen(
    folder: Path,
    cards: dict[str, Card],
    inserted: dict[str, str],
    language: Language = "en",
    then: Callable[[Till, CardLamps], None] = lambda till, lamps: None,
) -> dict[str, DeviceView]:
    """Return how a till sees its card slots with these cards in them, by role; `then` looks on."""
    found: dict[str, DeviceView] = {}

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        for name, label in inserted.items():
            carrier = MemoryReader(name, clock=clock, latency_ns=1_000)
            carrier.offer()
            twin = SmartCardTwin(cards, inserted=label)
            await HostedSlot(name=name, twin=twin, carrier=carrier, clock=clock).start()
        slots = SlotCards(
            customer=parse_address("sim://customer"),
            shop=parse_address("sim://shop"),
            schemes={"icash": parse_address("sim://module")},
            clock=clock,
        )
        with Store(folder / FILE_NAME, clock=clock) as store:
            register = Register(
                setup=Setup(
                    store="S1",
                    store_name="한빛마트",
                    clerk=Clerk(id="kim", name="김영희", role=Role.MANAGER),
                    zone=ZoneInfo("Asia/Seoul"),
                    language=language,
                ),
                clock=clock,
                faults=PassBy(),
                runner=StoreInline(store),
                tenders=find_tenders(),
                cards=slots,
            )
            till = Till(register, drawer=NoDrawer(), display=NoDisplay())
            await till.start()
            lamps = CardLamps(slots, till, clock=clock)
            await lamps.look()
            await lamps.examine()
            found.update({device.role: device for device in till.view.devices})
            then(till, lamps)
            await till.stop()
        await slots.close()

    run(story)
    return found


BOTH = {"customer": "", "shop": "shop", "module": "icash-module"}


def test_module_says_its_name_its_total_and_its_room(
    tmp_path: Path, cards: dict[str, Card]
) -> None:
    devices = seen(tmp_path, cards, BOTH)

    module = devices["shop_card_icash"]
    assert (module.label, module.lamp) == ("Shop's ICASH", Lamp.OK)
    assert module.sentence == "ISHP0001: took 0 KRW in all, room for 16 unfinished"
    assert devices["shop_card"].sentence.startswith("SHOP0001: 0 KRW")


def test_it_says_so_in_korean(tmp_path: Path, cards: dict[str, Card]) -> None:
    module = seen(tmp_path, cards, BOTH, "ko")["shop_card_icash"]

    assert (module.label, module.sentence) == (
        "매장 ICash",
        "ISHP0001: 누계 0 KRW, 미완료 여유 16건",
    )


@pytest.mark.parametrize("wrong", ["icash-1", "shop"])
def test_card_that_is_no_module_is_told(tmp_path: Path, cards: dict[str, Card], wrong: str) -> None:
    devices = seen(tmp_path, cards, {"customer": "", "shop": "teller", "module": wrong})

    assert devices["shop_card_icash"].sentence == "this is no ICash module"


def test_empty_slot_is_told_like_any_device(tmp_path: Path, cards: dict[str, Card]) -> None:
    devices = seen(tmp_path, cards, {"customer": "", "shop": "shop", "module": ""})

    assert devices["shop_card_icash"].label == "Shop's ICASH"
    assert "module" not in devices["shop_card_icash"].sentence


DOWN = SlotDown(ko="없음", en="gone")


def test_reader_that_falls_silent_is_said_once_and_taken_back(
    tmp_path: Path, cards: dict[str, Card]
) -> None:
    """RDR-01: a lamp alone is easily missed, and a line that still says so is a lie."""

    def then(till: Till, lamps: CardLamps) -> None:
        lamps._changed("customer", DOWN)
        assert till.view.notice == till.register.say("RDR-01", reader="Customer's card")
        till.tell(till.register.say("x_printed"))
        lamps._changed("customer", DOWN)
        assert till.view.notice == till.register.say("x_printed")
        lamps._changed("customer", CardAbsent())
        lamps._changed("customer", DOWN)
        lamps._changed("customer", CardAbsent())
        assert till.view.notice is None

    seen(tmp_path, cards, BOTH, then=then)


@pytest.mark.parametrize("stage", [Stage.TENDER, Stage.DOUBT])
def test_reader_that_falls_silent_in_a_payment_never_says_that_nothing_moved(
    tmp_path: Path, cards: dict[str, Card], stage: Stage
) -> None:
    def then(till: Till, lamps: CardLamps) -> None:
        till.register.stage = stage
        lamps._changed("customer", DOWN)
        assert till.view.notice is None

    seen(tmp_path, cards, BOTH, then=then)
