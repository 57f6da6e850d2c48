"""`ips-broker purse` and `audit float` as an operator runs them, over a real folder and a real card."""

import json
from pathlib import Path

import pytest

from ips.cli import main
from ips.host import HostEntropy
from ips.keys import KeyFolder
from protocols.iso7816 import parse_response
from protocols.purse.card import AID, Purse
from protocols.purse.details import PurseClass
from protocols.purse.issuing import Profile, make_card
from protocols.purse.memory import Cell
from protocols.purse.suite import P256, secret_from
from tests.support.purses import KRW, remembers, tell

NAME = b"kim....."


class Office:
    """Runs commands in one folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def run(self, *words: str, status: int = 0):
        """Return what a command printed as JSON; its complaint where it fails."""
        ended = main([*words, "--folder", str(self.folder), "--json"])
        told = self._capsys.readouterr()
        assert ended == status, told.err
        return json.loads(told.out) if told.out else told.err

    def text(self, *words: str) -> str:
        """Return what a command printed for people."""
        assert main([*words, "--folder", str(self.folder)]) == 0
        return self._capsys.readouterr().out

    def card(self, balance: int) -> Purse:
        """Make a card under the folder's key."""
        issuer = KeyFolder(self.folder / "keys", HostEntropy()).purse_issuer()
        assert issuer is not None
        profile = Profile(
            name=NAME,
            purse_class=PurseClass.CONSUMER,
            expiry=20301231,
            currencies=(KRW, 0, 0, 0, 0),
            ceilings=(100_000, 0, 0, 0, 0),
            balances=(balance, 0, 0, 0, 0),
        )
        made = make_card(issuer, profile, secret=secret_from(bytes(40)))
        purse = Purse(made.personality, Cell(made.image), P256())
        tell(purse, 0, 0xA4, 4, 0, AID)
        return purse


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    made = Office(tmp_path / "broker", capsys)
    made.run("migrate")
    return made


def test_purse_from_key_to_hotlist(office: Office, tmp_path: Path) -> None:
    """Key, purse, float, claim, clear, hotlist, limits: each command, each answer."""
    assert "makes one" in office.run("purse", "hotlist", "add", NAME.hex(), status=1)
    office.run("purse", "issuer")
    kinds = {row["name"]: row["kind"] for row in office.run("keys", "list")}
    assert kinds == {"identity": "Ed25519", "purse-issuer-1": "P-256"}
    card = office.card(50_000)

    office.run("purse", "add", card.personality.certificate.hex(), "--first", "KRW=50000")
    [row] = office.run("purse", "list")
    assert (row["purse"], row["class"], row["balance"]) == (NAME.hex(), "consumer", 50_000)
    audit = office.run("audit", "float")
    assert audit["float"]["KRW"]["float"] == 50_000 and audit["findings"] == [] and audit["proved"]
    assert "50,000" in office.text("audit", "float")

    order = office.run("purse", "claim", "order", NAME.hex().upper())
    told = parse_response(card.handle(bytes.fromhex(order["apdu"])))
    assert told is not None and told.ok
    file = tmp_path / "claim.json"
    claim = {
        "certificate": card.personality.certificate.hex(),
        "nonce": order["nonce"],
        "answer": told.data.hex(),
        "entries": [entry[1:].hex() for entry in remembers(card).log],
    }
    file.write_text(json.dumps(claim))
    assert office.run("purse", "claim", "present", str(file))["entries"] == []
    assert office.run("purse", "claim", "list") == []
    assert "claimed nothing" in office.run("purse", "claim", "clear", NAME.hex(), status=1)
    pay = ("purse", "claim", "pay", "00" * 38, "--into", NAME.hex())
    assert "no purse has claimed it" in office.run(*pay, status=1)

    office.run("purse", "hotlist", "add", NAME.hex(), "--reason", "found in a bus")
    [stopped] = office.run("purse", "hotlist", "list")
    assert stopped["reason"] == "found in a bus"
    office.run("purse", "hotlist", "remove", NAME.hex())
    assert office.run("purse", "hotlist", "list") == []

    update = office.run("purse", "update", NAME.hex(), "--day", "20260417", "--transfer-max", "10")
    assert card.handle(bytes.fromhex(update["apdu"])) == b"\x90\x00"
    assert remembers(card).update_sequence == 1
    [waits] = office.run("purse", "commands", "--waiting")[:1]
    told = (waits["purse"], waits["command"], waits["state"], waits["answer"])
    assert told == (NAME.hex(), "update", "waiting", "")
    assert [row["command"] for row in office.run("purse", "commands")] == ["update", "claim"]
    assert "waiting" in office.text("purse", "commands")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["purse", "claim", "order", "kim"], "16 hexadecimal digits"),
        (["purse", "claim", "pay", "xy", "--into", "kim"], "in hexadecimal"),
        (["purse", "claim", "pay", "00", "--into", "kim"], "38 bytes"),
        (["purse", "add", "00", "--first", "KRW"], "CURRENCY=AMOUNT"),
        (["purse", "add", "zz"], "in hexadecimal"),
        (["purse", "claim", "present", "/dev/null"], "expected certificate"),
    ],
)
def test_misuse_has_its_sentence(office: Office, words: list[str], told: str) -> None:
    office.run("purse", "issuer")
    assert told in office.run(*words, status=1)


def test_audit_of_a_float_that_was_tampered_with_ends_with_status_1(office: Office) -> None:
    """A first value that no ledger knows of."""
    import sqlite3

    office.run("purse", "issuer")
    office.run("purse", "add", office.card(5_000).personality.certificate.hex())
    connection = sqlite3.connect(office.folder / "broker.sqlite")
    with connection:
        connection.execute("INSERT INTO purse_first VALUES (?, 'KRW', 5000)", (NAME.hex(),))
    connection.close()

    [finding] = office.run("audit", "float", status=1)["findings"]
    assert finding["where"] == "float-issued KRW"
