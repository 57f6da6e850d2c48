"""What the collector prints is what a module takes, and what it answers is what the collector reads.

The two commands of two programs, joined as a shell joins them: `ips-broker icash statement`,
`ips-sim cards tell`, `ips-broker icash collect`; and what a person may type wrong on the way.
"""

import io
import json
from pathlib import Path

import pytest

from ips.cli import main as broker
from protocols.icash.card import CARD_AID
from protocols.icash.coordinator import Order, purchase
from protocols.purse.suite import P256
from sim.cards.file import read_card
from sim.cards.issue import make_set, read_set, set_file
from sim.entropy import SeededEntropy
from sim.stage.cli import main as bench
from tests.sim.cards.test_icash_cards import play

MODULE = "ISHP0001"


class Office:
    """Both programs on two folders, one command at a time."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.cards = folder / "cards"
        self.folder = folder / "broker"
        self._capsys = capsys
        self._patch = patch
        make_set(self.cards, read_set(set_file("shop")), suite=P256(), entropy=SeededEntropy(1))

    def broker(self, *words: str, told: str = "", status: int = 0) -> str:
        return self._run(broker, [*words, "--folder", str(self.folder)], told, status)

    def tell(self, *words: str, told: str = "", status: int = 0) -> str:
        return self._run(bench, ["cards", "tell", str(self.cards), *words], told, status)

    def _run(self, main, words: list[str], told: str, status: int) -> str:
        self._patch.setattr("sys.stdin", io.StringIO(told))
        assert main(words) == status
        said = self._capsys.readouterr()
        return said.out if not status else said.err


@pytest.fixture
def office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Office:
    made = Office(tmp_path, capsys, monkeypatch)
    taken_over = made.broker("icash", "issuer", "--from", str(made.cards / "icash-issuer.toml"))
    assert "collection" in taken_over
    return made


def test_statement_goes_from_the_office_to_the_module_and_back(office: Office) -> None:
    order = Order(amount=3_000, currency=410, reference=b"order-01", day=20260417)
    card, module = (
        read_card(office.cards / f"{name}.toml") for name in ("icash-1", "icash-module")
    )
    play(purchase(order), card, module)

    asked = office.broker("icash", "statement", MODULE)
    answers = office.tell("icash-module", told=asked)
    assert len(answers.split()) == len(asked.split()) == 18
    done = office.broker("icash", "collect", MODULE, told=answers)
    assert "total 3,000; paid now 0" in done and "3,000 of it no terminal has reported" in done
    [row] = json.loads(office.broker("icash", "list", "--json"))
    assert (row["name"], row["total"], row["collected"], row["open"]) == (MODULE, 3_000, 0, 0)
    assert office.broker("icash", "clear", MODULE) == "# nothing is open\n"


def test_card_says_its_records_in_turns_or_whole(office: Office) -> None:
    """T=0 and T=1: whoever reads a proof by hand gets all of it."""
    order = Order(amount=3_000, currency=410, reference=b"order-01", day=20260417)
    select = bytes.fromhex("00A40400") + bytes((len(CARD_AID),)) + CARD_AID
    for label in ("icash-1", "icash-2"):
        module = read_card(office.cards / "icash-module.toml")
        play(purchase(order), read_card(office.cards / f"{label}.toml"), module)
        _, record = office.tell(label, select.hex(), "905A000000").split()
        assert len(bytes.fromhex(record)) == 1 + 39 + 8 + 8 + 2 and record.endswith("9000")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["statement", "TOO-LONG-A-NAME"], "8 letters and digits, or 16 hexadecimal"),
        (["collect", MODULE, "/nonexistent"], "cannot be read"),
        (["prove", "00" * 39, "0"], "is written in hexadecimal"),
        (["prove", "00", "00" * 8], "39 bytes and its proof 8"),
        (["pay", "00" * 39, "00" * 8, "--to", "x"], "no details of a purchase"),
        (["issuer", "--from", "/nonexistent"], "as `ips-sim cards make` writes"),
        (["clear", MODULE], "icash statement` first"),
    ],
)
def test_what_is_typed_wrong_is_said_in_one_sentence(
    office: Office, words: list[str], sentence: str
) -> None:
    said = office.broker("icash", *words, status=1)

    assert sentence in said and len(said.splitlines()) == 1


def test_answers_that_are_none_are_refused(office: Office) -> None:
    assert "hexadecimal" in office.broker("icash", "collect", MODULE, told="hello\n", status=1)
    assert "0 statements" in office.broker("icash", "collect", MODULE, told="# -\n", status=1)


def test_broker_without_an_issuers_keys_says_how_to_get_some(office: Office) -> None:
    office.folder = office.folder / "other"
    assert "icash issuer" in office.broker("icash", "statement", MODULE, status=1)
    assert "no ICash module" in office.broker("icash", "list")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["nobody", "00A40400"], "no such card"), (["icash-1", "00A4"], "four bytes or more")],
)
def test_command_for_no_card_and_no_command_say_so(
    office: Office, words: list[str], sentence: str
) -> None:
    assert sentence in office.tell(*words, status=1)
