"""The cards of a bench: made where there are none, shared by slots, and known to its PIN pads by their issuer."""

import asyncio
from pathlib import Path

from protocols.iso8583.pin import EncipheredPin
from protocols.pin_pad.till import Answered
from protocols.pin_pad.words import EnteredForBank
from protocols.purse.suite import public_key
from sim.bank.people import read_people
from sim.bank.pins import PinKeys
from sim.cards.emv import EmvCard
from sim.cards.emv_issue import TEST_MASTERS
from sim.cards.passbook import PassbookCard
from sim.cards.purse import PurseCard
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.hosted import Hosted
from sim.pin_pad import PinPadTwin
from sim.stage.bench import Bench
from sim.stage.decks import Decks
from sim.stage.plan import read_plan
from sim.twin import Twin
from tests.sim.test_pin_pad import PAN, for_bank
from tests.sim.test_pin_pad import Bench as PadBench
from tests.support.purses import tell


def pad_bench(twin: Twin) -> PadBench:
    assert isinstance(twin, PinPadTwin)
    return PadBench(twin=twin).begin()


def test_cards_are_made_once_and_shared_by_whoever_names_their_folder(tmp_path: Path) -> None:
    decks = Decks(tmp_path, seed=1)

    cards, away = decks.deck(None)
    assert "customer-1" in cards and (tmp_path / "cards" / "customer-1.toml").exists()
    assert decks.deck(tmp_path / "cards")[0] is cards and decks.deck(None)[1] is away


def test_chips_give_challenges_that_follow_from_the_benchs_seed(tmp_path: Path) -> None:
    given = []
    for seed in (1, 1, 2):
        card = Decks(tmp_path, seed=seed).deck(None)[0]["customer-1"]
        assert isinstance(card, PurseCard)
        card.purse.selected = True
        given.append(tell(card.purse, 0x00, 0x84, 0, 0).data)

    assert len(given[0]) == 16 and given[0] == given[1] != given[2]


def test_issuers_keys_are_those_that_the_cards_were_made_under(tmp_path: Path) -> None:
    decks = Decks(tmp_path, seed=1)

    [(number, key)] = decks.issuer_keys(None).items()
    text = (tmp_path / "cards" / "issuer.toml").read_text()
    assert number == 1 and key.hex() in text and len(key) == len(public_key(1))


def test_a_bench_serves_a_pin_pad_that_knows_the_issuer_of_its_cards(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text('[devices.pin_pad]\nwire = "tcp"\n[devices.scanner]\n')

    async def story() -> None:
        plan = read_plan(tmp_path / "plan.toml")
        bench = Bench(plan, folder=tmp_path / "b", clock=SystemClock(), entropy=SeededEntropy(3))
        try:
            endpoint = await bench.start()
            assert set(endpoint.devices) == {"pin_pad", "scanner"}
            assert endpoint.devices["pin_pad"].startswith("tcp://127.0.0.1:")
            assert (tmp_path / "b" / "cards" / "issuer.toml").exists()
        finally:
            await bench.stop()

    asyncio.run(story())


def test_a_pad_is_loaded_once_and_its_counter_outlives_the_bench(tmp_path: Path) -> None:
    """The bank of the payment cards reads each PIN; no key serves twice, over any number of starts."""
    text = '[devices.pin_pad]\nwire = "tcp"\noptions = { pin_block = "0" }\n'
    (tmp_path / "plan.toml").write_text(text)
    said: list[EnteredForBank] = []

    async def story() -> None:
        plan = read_plan(tmp_path / "plan.toml")
        bench = Bench(plan, folder=tmp_path / "b", clock=SystemClock(), entropy=SeededEntropy(3))
        try:
            await bench.start()
            hosted = bench.devices["pin_pad"]
            assert isinstance(hosted, Hosted)
            answer = for_bank("4711", pad_bench(hosted.twin))
            assert isinstance(answer, Answered) and isinstance(answer.answer, EnteredForBank)
            said.append(answer.answer)
        finally:
            await bench.stop()

    for _ in range(3):
        asyncio.run(story())

    assert len({each.ksn for each in said}) == 3
    for each in said:
        assert PinKeys().open(EncipheredPin(block=each.block, ksn=each.ksn), PAN) == "4711"


def test_a_bench_makes_the_payment_cards_that_its_pad_and_the_virtual_banks_know(
    tmp_path: Path,
) -> None:
    decks = Decks(tmp_path, seed=1, card_set="payment")

    cards, _ = decks.deck(None)
    issuer = decks.emv_issuer(None)
    assert issuer is not None and issuer.keys == TEST_MASTERS
    people = read_people()
    for label, card in cards.items():
        if isinstance(card, PassbookCard):
            assert card.chip.personality.account in people.accounts
        else:
            assert isinstance(card, EmvCard)
            # One is another country's, and one has a number that no bank can have given out.
            stranger = label in ("elsewhere", "bad-number")
            assert stranger is (card.chip.personality.pan not in people.cards), label
