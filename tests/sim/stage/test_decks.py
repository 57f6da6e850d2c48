"""The cards of a bench: made where there are none, shared by slots, and known to its PIN pads by their issuer."""

import asyncio
from pathlib import Path

from protocols.purse.suite import public_key
from sim.cards.purse import PurseCard
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.stage.bench import Bench
from sim.stage.decks import Decks
from sim.stage.plan import read_plan
from tests.support.purses import tell


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
