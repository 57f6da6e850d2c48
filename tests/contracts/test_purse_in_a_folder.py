"""The shop's purse in a folder as a manager makes it: till and broker, by their commands.

M3, M9. Key at the till, purse at the issuer, installed at the till, shown by doctor, in the float.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from ips import cli as broker_cli
from pos import cli as till_cli
from protocols.purse.details import PurseClass

CONFIG = """
language = "en"
folder = "till"
[devices]
customer_card = "pcsc://no such reader"
shop_card = "file://purse"
teller_card = "file://teller"
"""


@dataclass
class Store:
    """A manager at both keyboards."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def till(self, *words: str, status: int = 0) -> str:
        config = str(self.folder / "pos.toml")
        ended = till_cli.main(["--config", config, *words])
        told = self.capsys.readouterr()
        assert ended == status, told.err
        return told.out + told.err if status else told.out

    def broker(self, *words: str, status: int = 0) -> str:
        ended = broker_cli.main([*words, "--folder", str(self.folder / "broker")])
        told = self.capsys.readouterr()
        assert ended == status, told.err
        return told.out or told.err


@pytest.fixture
def store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Store:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "pos.toml").write_text(CONFIG)
    made = Store(tmp_path, capsys)
    made.broker("migrate")
    made.broker("purse", "issuer")
    return made


def test_purse_is_made_certified_installed_and_shown(store: Store) -> None:
    request = store.till("purse", "make").strip()
    assert store.till("purse", "make").strip() == request, "one key"
    answer = store.broker("purse", "certify", request, "--name", "shop0001").splitlines()[0]
    again = store.broker("purse", "certify", request, "--name", "shop0001").splitlines()[0]
    assert again == answer, "a lost answer is asked for again"

    installed = json.loads(store.till("purse", "install", answer, "--json"))

    assert installed["name"] == "SHOP0001" and installed["holds"] == {"KRW": "0"}
    doctor = store.till("doctor", status=1)
    assert "Shop's purse" in doctor and "SHOP0001: 0 KRW, until" in doctor
    [row] = json.loads(store.broker("purse", "list", "--json"))
    assert (row["purse"], row["class"]) == (b"SHOP0001".hex(), "merchant")
    assert "already" in store.till("purse", "install", answer, status=1)
    assert "already" in store.till("purse", "make", status=1)


def test_doctor_says_what_to_do_while_there_is_no_purse(store: Store) -> None:
    assert "ips-pos purse make" in store.till("doctor", status=1)
    store.till("purse", "make")
    assert "ips-pos purse install" in store.till("doctor", status=1)


def test_teller_holds_its_first_value_and_it_is_in_no_float(store: Store) -> None:
    request = store.till("purse", "make", "--teller").strip()

    answer = store.broker(
        "purse", "certify", request, "--class", "teller", "--first", "KRW=1000000"
    ).splitlines()[0]

    assert json.loads(store.till("purse", "install", answer, "--teller", "--json"))["holds"] == {
        "KRW": "1,000,000"
    }
    assert "Teller's purse" in store.till("doctor", status=1)
    [row] = json.loads(store.broker("purse", "list", "--json"))
    assert (row["class"], row["balance"]) == (PurseClass.TELLER.name.lower(), 1_000_000)
    audit = json.loads(store.broker("audit", "float", "--json"))
    assert audit["float"] == {} and audit["findings"] == []


def test_merchants_first_value_is_owed(store: Store) -> None:
    request = store.till("purse", "make").strip()
    store.broker("purse", "certify", request, "--first", "KRW=700")

    audit = json.loads(store.broker("audit", "float", "--json"))
    assert audit["float"]["KRW"]["float"] == 700 and audit["findings"] == []


def test_purse_begins_with_the_hotlist(store: Store, tmp_path: Path) -> None:
    first = store.till("purse", "make").strip()
    store.broker("purse", "certify", first, "--name", "STOLEN01")
    store.broker("purse", "hotlist", "add", b"STOLEN01".hex(), "--reason", "stolen")
    (tmp_path / "pos.toml").write_text(CONFIG.replace("file://purse", "file://second"))
    second = store.till("purse", "make").strip()

    answer = store.broker("purse", "certify", second).splitlines()[0]

    assert b"STOLEN01".hex() in answer


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["00"], "98 bytes"),
        (["zz"], "hexadecimal"),
        (["REQUEST", "--name", "SHORT"], "8 letters and digits"),
        (["REQUEST", "--currency", "XXX"], "ISO 4217"),
        (["REQUEST", "--first", "KRW=5", "--ceiling", "4"], "cannot hold 5"),
        (["REQUEST", "--first", "KRW=5", "--first", "USD=5"], "one currency"),
        (["REQUEST", "--expiry", "20200101"], "20200101"),
    ],
)
def test_broker_says_what_is_wrong_with_a_request(
    store: Store, words: list[str], sentence: str
) -> None:
    request = store.till("purse", "make").strip()
    given = [request if word == "REQUEST" else word for word in words]

    assert sentence in store.broker("purse", "certify", *given, status=1)
    assert "no purse yet" in store.broker("purse", "list")


def test_day_that_is_none_is_misuse(store: Store) -> None:
    request = store.till("purse", "make").strip()

    with pytest.raises(SystemExit) as ended:
        store.broker("purse", "certify", request, "--expiry", "20301399")

    assert ended.value.code == 2
    assert "'20301399' is no date such as 20260417" in store.capsys.readouterr().err
    assert "no purse yet" in store.broker("purse", "list")


def test_same_key_is_not_certified_as_another_purse(store: Store) -> None:
    """Or its first value would be in it twice, under two names."""
    request = store.till("purse", "make").strip()
    store.broker("purse", "certify", request)

    assert "otherwise" in store.broker("purse", "certify", request, "--first", "KRW=5", status=1)
    assert "otherwise" in store.broker("purse", "certify", request, "--name", "OTHER001", status=1)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [("zz", "hexadecimal"), ("9201", "no answer of an issuer"), ("", "no answer of an issuer")],
)
def test_till_says_what_is_wrong_with_an_answer(store: Store, answer: str, sentence: str) -> None:
    store.till("purse", "make")

    assert sentence in store.till("purse", "install", answer, status=1)


def test_purse_is_made_where_the_configuration_says(store: Store, tmp_path: Path) -> None:
    (tmp_path / "pos.toml").write_text('language = "en"\nfolder = "till"\n')

    assert "file://purse" in store.till("purse", "make", status=1)
    assert "file://purse" in store.till("purse", "install", "00", status=1)


def test_install_before_make_says_so(store: Store) -> None:
    assert "ips-pos purse make" in store.till("purse", "install", "00", status=1)
