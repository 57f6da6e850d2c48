"""Training mode: everything works, nothing is real, and neither journal is ever taken for the other."""

import json
from pathlib import Path

import pytest

from pos.config import parse_config
from pos.host import HostClock
from pos.store.errors import StoreError
from pos.store.store import FILE_NAME, Store
from pos.training import PIN, as_training, open_marked
from protocols.documents import Policy, policy_of, stored_document
from protocols.facts import SaleClosed, ShiftClosed, StaffSigned, decode_fact
from protocols.journal import Record, decode_record
from protocols.staff import check_staff
from tests.pos.test_cli import GOODS, Shell
from tests.support.staff import employ, put_policy

MILK = "8801115114154"


@pytest.fixture
def shell(monkeypatch, tmp_path: Path, capsys) -> Shell:
    """A till with goods, a policy of its own, real staff with Kim signed on, and one real sale."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    shop = Shell(tmp_path, capsys)
    goods = tmp_path / "goods.csv"
    goods.write_text(GOODS, encoding="utf-8")
    assert shop.run("catalogue", "import", str(goods))[0] == 0
    with Store(folder(shop) / FILE_NAME, clock=HostClock()) as store:
        employ(store)
        put_policy(store, Policy(vat_percent=7))
    assert play(shop, "7PN:4711", "50.OS", MILK, "CA") == 0
    return shop


def folder(shop: Shell) -> Path:
    return shop.home / "data" / "intermarket" / "pos"


def play(shop: Shell, *entries: str, training: bool = False) -> int:
    script = shop.home / "entries"
    script.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
    return shop.run(*(["--training"] * training), "script", str(script))[0]


def records(path: Path) -> list[Record]:
    with Store(path / FILE_NAME, clock=HostClock()) as store:
        return [decode_record(data) for data in store.records(0)]


def practise(shop: Shell, *entries: str) -> int:
    return play(shop, *entries, training=True)


def test_a_training_day_leaves_the_real_journal_as_it_was(shell: Shell) -> None:
    """Sold, voided, counted, closed: in another file, under another name, each sale marked."""
    before = records(folder(shell))

    day = ("1PN:" + PIN, "50.OS", MILK, "20.CA", f"2*{MILK}", "VS:x", "50000x1,2980x1CN", "CZ")
    assert practise(shell, *day) == 0

    assert records(folder(shell)) == before
    practised = records(folder(shell) / "training")
    assert {record.terminal for record in practised} == {"TR01"}
    facts = [decode_fact(record.kind, record.body) for record in practised]
    [sale] = [fact for fact in facts if isinstance(fact, SaleClosed)]
    assert sale.training and sale.tenders[0].attempt.startswith("S1-TR01-")
    [z] = [fact for fact in facts if isinstance(fact, ShiftClosed)]
    assert (z.z, z.sales, z.gross, z.over_short) == (1, 1, 2_980, 0), "the practised Z adds up"


def test_the_real_z_knows_nothing_of_training(shell: Shell) -> None:
    """Practised in the middle of a real shift."""
    assert practise(shell, "1PN:" + PIN, "OS", MILK, "CA", MILK, "CA") == 0
    assert play(shell, "50000x1,2980x1CN", "CZ") == 0

    *_, z = (decode_fact(record.kind, record.body) for record in records(folder(shell)))
    assert isinstance(z, ShiftClosed)
    assert (z.z, z.sales, z.gross, z.over_short) == (1, 1, 2_980, 0)


def test_paper_and_view_say_what_they_are(shell: Shell) -> None:
    """Both ends of every sheet, and the mark that a screen draws."""
    assert practise(shell, "2PN:" + PIN, "50.OS", MILK, "CA", "0CN", "CZ:x") == 0
    status, paper = shell.run("--training", "report", "z")

    assert status == 0
    assert paper.count("*** 연습 ***") == 2
    assert "실제 거래가 아닙니다" in paper
    assert play(shell, "SI", "3PN:8520") == 0
    status, real = shell.run("report", "x")
    assert status == 0
    assert "연습" not in real


def test_goods_and_policy_are_the_tills_and_its_people_are_not(shell: Shell) -> None:
    """A real PIN is not tried here, so no guess here counts or fails there."""
    assert practise(shell, "7PN:4711") == 1
    assert practise(shell, "3PN:8520") == 1
    assert practise(shell, "2PN:0000") == 1

    with Store(folder(shell) / "training" / FILE_NAME, clock=HostClock()) as store:
        policy = store.document("policy")
        assert policy is not None
        assert policy_of(stored_document(policy[1])).vat_percent == 7
    assert practise(shell, "2PN:" + PIN, "OS", MILK, "CA") == 0
    with Store(folder(shell) / FILE_NAME, clock=HostClock()) as store:
        assert [store.setting(f"pin-tries-{number}") for number in (2, 3, 7)][:2] == [None, None]


def test_an_approval_can_be_practised(shell: Shell) -> None:
    """The clerk to be may not; the supervisor to be allows it."""
    assert practise(shell, "1PN:" + PIN, "OS", "5000CI:x", "2PN:" + PIN) == 1, "RGT-02 is a refusal"

    moved = records(folder(shell) / "training")[-1]
    assert (moved.kind, moved.actor, moved.approver) == ("cash.moved", "1", "2")


def test_goods_that_changed_are_taken_over_the_next_time(shell: Shell) -> None:
    assert practise(shell, "1PN:" + PIN, "OS", MILK, "CA") == 0
    dearer = shell.home / "dearer.csv"
    dearer.write_text(GOODS.replace("2980", "3180"), encoding="utf-8")
    assert shell.run("catalogue", "import", str(dearer))[0] == 0

    assert practise(shell, MILK, "CA") == 0

    *_, sale = (decode_fact(r.kind, r.body) for r in records(folder(shell) / "training"))
    assert isinstance(sale, SaleClosed)
    assert sale.total == 3_180


def test_neither_mode_opens_the_others_journal(shell: Shell) -> None:
    """A wrong folder in a configuration mixes nothing up."""
    assert practise(shell, "1PN:" + PIN) == 0
    wrong = shell.home / "wrong.toml"
    wrong.write_text(f'folder = "{folder(shell) / "training"}"\n')
    status, _ = shell.run("--config", str(wrong), "report", "x")
    assert status == 1
    assert "holds training: start with --training" in shell.complaint

    nested = folder(shell) / "training" / "training"
    nested.mkdir()
    (folder(shell) / FILE_NAME).rename(nested / FILE_NAME)
    status, _ = shell.run("--config", str(wrong), "--training", "report", "x")
    assert status == 1
    assert "holds real sales: training has a folder of its own" in shell.complaint


def test_a_training_counter_joins_no_broker(shell: Shell) -> None:
    config = shell.home / "joined.toml"
    config.write_text('language = "en"\n[broker]\nurl = "http://127.0.0.1:1"\n')

    status, _ = shell.run("--config", str(config), "--training", "enrol", "01-7F3K-9QMW")

    assert status == 1
    assert "joins no broker" in shell.complaint


def test_nothing_real_is_wired() -> None:
    """Only a bench's devices stay; no broker, no purse, whatever the file says."""
    text = """
    terminal = "ABCDEFGH"
    folder = "till"
    [devices]
    printer = "serial:///dev/ttyUSB0"
    line_display = "sim://display"
    scanner = "tcp://127.0.0.1:9"
    customer_card = "pcsc://X"
    shop_card = "file://purse"
    pin_pad = "serial:///dev/ttyUSB1"
    shop_cards = { icash = "pcsc://Y" }
    paper_columns = 32
    [broker]
    url = "https://broker.example"
    """
    real = parse_config(text, Path("/etc/pos.toml"))

    config = as_training(real)

    devices = config.devices
    assert (devices.line_display, devices.paper_columns) == ("sim://display", 32)
    assert not any(
        (devices.printer, devices.scanner, devices.customer_card, devices.shop_card,
         devices.pin_pad, devices.shop_cards)
    )  # fmt: skip
    assert config.broker.url == ""
    assert (config.terminal, config.folder) == ("TRCDEFGH", "/etc/till/training")
    assert config.training and not real.training


def test_a_file_may_name_a_training_till(shell: Shell) -> None:
    """A classroom's counter: the same as --training."""
    config = shell.home / "class.toml"
    config.write_text('training = true\nfolder = "class"\n')

    status, said = shell.run("--config", str(config), "sign", "off", "--json")

    assert status == 1
    assert json.loads(said)["code"] == "USR-07"
    assert (shell.home / "class" / "training" / FILE_NAME).exists()


def test_the_trainer_opens_it_from_the_counter(shell: Shell) -> None:
    """Noted in the real journal; with an open sale nobody leaves."""
    assert play(shell, MILK, "TM", "2PN:x") == 1
    note = records(folder(shell))[-1]
    assert note.kind != "terminal.noted"

    assert play(shell, "CA", "TM", "3PN:8520") == 1, "RGT-02 was answered"

    note = records(folder(shell))[-1]
    assert (note.kind, note.actor, note.approver) == ("terminal.noted", "7", "3")


def test_a_store_that_cannot_be_taken_over_is_named(tmp_path: Path) -> None:
    """A real journal that is no database stops training with a sentence, and is left as it is."""
    (tmp_path / "till").mkdir()
    (tmp_path / "till" / FILE_NAME).write_bytes(b"no database at all" * 100)
    config = as_training(parse_config('folder = "till"', tmp_path / "pos.toml"))

    with pytest.raises(StoreError):
        open_marked(config, HostClock())


def test_the_people_to_practise_with_are_a_staff_list() -> None:
    from pos.training import practice_staff

    for language in ("ko", "en"):
        check_staff(practice_staff(language))
    assert StaffSigned.kind == "staff.signed"
