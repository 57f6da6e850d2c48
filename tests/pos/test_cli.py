"""The command from the outside, in this process: what it prints, how it ends, what it keeps."""

import csv
import io
import json
import logging
from pathlib import Path

import pytest

from pos.cli import main
from pos.store.lock import FolderLock
from pos.tenders.registry import Registry, find_tenders
from protocols.staff import pin_matches
from tests.support.staff import write_staff

GOODS = """\
sku,barcodes,name_ko,name_en,price,tax
milk,8801115114154,서울우유 1L,Seoul Milk 1L,2980,과세
ramen,8801043015929,신라면 5입,Shin Ramyun 5p,4100,과세
rice,,쌀 10kg,Rice 10kg,35000,면세
"""


class Shell:
    """Runs commands as a shell would, in a home of its own."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys
        self.complaint = ""

    def run(self, *arguments: str) -> tuple[int, str]:
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        said = self._capsys.readouterr()
        self.complaint = said.err
        assert "Traceback" not in said.err
        return status, said.out

    def json(self, *arguments: str) -> dict[str, object]:
        return json.loads(self.run(*arguments, "--json")[1])  # type: ignore[no-any-return]


@pytest.fixture
def shell(monkeypatch, tmp_path: Path, capsys) -> Shell:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return Shell(tmp_path, capsys)


@pytest.fixture
def shop(shell: Shell) -> Shell:
    """A till with goods and an open shift."""
    goods = shell.home / "goods.csv"
    goods.write_text(GOODS, encoding="utf-8")
    assert shell.run("catalogue", "import", str(goods))[0] == 0
    assert shell.run("shift", "open", "50000")[0] == 0
    return shell


def test_a_sale_without_paper_tells_the_address_of_its_e_receipt(shop: Shell) -> None:
    """4e: by --no-paper and `reprint --link`; where there are none, nothing is sold for a promise."""
    refused = shop.json("sell", "8801115114154", "--tender", "cash", "--no-paper")
    assert (refused["done"], refused["code"]) == (False, "RPT-04")
    policy = shop.home / "policy.toml"
    policy.write_text('receipt_link = "receipts.example.kr"')
    assert shop.run("policy", "import", str(policy))[0] == 1
    assert "an address such as https://receipts.example.kr" in shop.complaint
    policy.write_text('receipt_link = "https://receipts.example.kr"')
    assert shop.run("policy", "import", str(policy))[0] == 0

    status, said = shop.run("sell", "8801115114154", "--tender", "cash", "--no-paper")

    [address] = [line for line in said.splitlines() if line.startswith("https://")]
    assert status == 0
    assert shop.run("reprint", "--link") == (0, f"{address}\n")
    fields = shop.json("reprint", "2", "--link")["fields"]
    assert isinstance(fields, dict) and fields["link"] == address
    assert shop.run("sell", "8801115114154", "--tender", "cash", "--paper")[0] == 1
    assert "PRN-08" in shop.complaint or "프린터" in shop.complaint


def test_a_day_without_screen_devices_or_broker(shop: Shell) -> None:
    """T1, I9: sold, counted, closed, and the journal is whole."""
    status, said = shop.run("sell", "8801115114154", "2*8801043015929", "--tender", "cash:20000")
    assert status == 0
    assert "8,820" in said

    assert shop.run("shift", "count", "50000x1", "10000x1", "1000x1", "100x1", "10x8")[0] == 0
    status, said = shop.run("shift", "close")
    assert status == 0
    z = shop.json("report", "z")["fields"]
    assert isinstance(z, dict)
    assert (z["expected"], z["counted"], z["over_short"], z["sales"]) == (61_180, 61_180, 0, 1)
    assert shop.run("journal", "verify")[0] == 0


def test_a_program_reads_json(shop: Shell) -> None:
    answer = shop.json("sell", "rice", "--tender", "cash:30000", "--tender", "cash:10000")

    assert answer["done"] is True
    fields = answer["fields"]
    assert isinstance(fields, dict)
    assert (fields["total"], fields["change"], fields["receipt"]) == (35_000, 5_000, "kept")
    assert str(fields["order"]).startswith("S1-01-")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["sell", "8809999999999", "--tender", "cash"], 1, "8809999999999"),
        (["sell", "milk", "--tender", "cash:100"], 1, "2,880"),
        (["sell", "milk", "--tender", "card"], 1, "리더가 설정되어 있지 않습니다"),
        (["sell", "milk"], 2, "--tender"),
        (["sell", "--tender", "cash"], 2, "ITEM"),
        (["sell", "VD", "--tender", "cash"], 2, "is no item"),
        (["sell", "x*milk", "--tender", "cash"], 2, "is no entry"),
        (["sell", "milk", "--tender", "cash:1,000"], 2, "is no tender"),
        (["sell", "99999*milk", "--tender", "cash"], 1, "99"),
        (["shift", "open", "1"], 1, "1차"),
        (["shift", "open", "ten"], 2, "'ten' is no whole number from 0 on"),
        (["shift", "open", "-5"], 2, "'-5' is no whole number from 0 on"),
        (["reprint", "-1"], 2, "'-1' is no whole number from 0 on"),
        (["sell", "x*1", "--tender", "cash"], 2, "'x*1' is no entry: Not a number: x"),
        (["shift", "close"], 1, "세지"),
        (["shift", "count", "ten"], 2, "is no entry"),
        (["report", "y"], 2, "invalid choice"),
        (["report", "z"], 1, ""),
        (["reprint"], 1, "프린터"),
        (["enrol", "01-7F3K-9QMW"], 1, "중계서버"),
        (["frobnicate"], 2, "invalid choice"),
        (["--config", "/nowhere/pos.toml", "queue"], 2, "/nowhere/pos.toml"),
        (["catalogue", "import", "/nowhere/goods.csv"], 1, "/nowhere/goods.csv: No such file"),
        (["script", "/nowhere/entries"], 1, "ips-pos: /nowhere/entries: No such file"),
    ],
)
def test_what_is_typed_wrong_is_one_clear_error(
    shop: Shell, arguments: list[str], status: int, words: str
) -> None:
    """One error, no traceback, nothing sold, and the next sale works."""
    before = shop.json("report", "x")["fields"]

    assert shop.run(*arguments)[0] == status

    assert words in shop.complaint
    after = shop.json("report", "x")["fields"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (before["sales"], before["by_method"]) == (after["sales"], after["by_method"])
    assert shop.run("sell", "milk", "--tender", "cash")[0] == 0


def test_every_command_has_help_with_an_example(shell: Shell) -> None:
    for command in ("", "sell", "shift", "shift open", "shift count", "shift close", "reprint",
                    "report", "queue", "doctor", "journal", "journal verify", "journal export",
                    "catalogue", "catalogue import", "enrol", "demo"):  # fmt: skip
        status, said = shell.run(*command.split(), "--help")
        assert status == 0, command
        assert "example" in said, command
        assert f"ips-pos {command}".strip() in said, command


def test_a_folder_in_use_says_by_whom(shop: Shell) -> None:
    lock = FolderLock(shop.home / "data" / "intermarket" / "pos", "another")

    status, _ = shop.run("sell", "milk", "--tender", "cash")

    assert status == 1
    assert "another, process" in shop.complaint
    lock.release()


def test_a_broken_journal_is_named_and_nothing_is_sold(shop: Shell) -> None:
    import sqlite3

    path = shop.home / "data" / "intermarket" / "pos" / "till.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER record_is_never_changed")
    connection.execute("UPDATE record SET bytes = x'00' WHERE sequence = 1")
    connection.commit()
    connection.close()

    assert shop.run("journal", "verify")[0] == 1
    assert "record 1" in shop.complaint


def test_the_journal_leaves_as_csv_and_json_lines(shop: Shell) -> None:
    shop.run("sell", "milk", "--tender", "cash")

    _, table = shop.run("journal", "export", "--form", "csv")
    _, lines = shop.run("journal", "export")

    rows = list(csv.DictReader(io.StringIO(table)))
    kinds = [json.loads(line)["kind"] for line in lines.splitlines()]
    assert kinds == ["shift.opened", "attempt.closed", "sale.closed"]
    assert [row["kind"] for row in rows] == kinds


def test_a_folder_without_a_journal_says_so(shell: Shell) -> None:
    assert shell.run("journal", "verify")[0] == 1
    assert "nothing was sold" in shell.complaint
    assert not (shell.home / "data" / "intermarket" / "pos" / "till.sqlite3").exists()


def test_doctor_names_a_port_that_is_not_there(shell: Shell) -> None:
    file = shell.home / "pos.toml"
    file.write_text(
        'language = "en"\nfolder = "till"\n[devices]\nline_display = "serial:///dev/ttyNONE9"\n'
    )

    status, said = shell.run("--config", str(file), "doctor")

    assert status == 1
    assert "/dev/ttyNONE9" in said + shell.complaint
    assert "correct the port's name" in said + shell.complaint


def test_screen_without_a_terminal_is_refused(shell: Shell) -> None:
    """From a timer, a pipe or with its errors in a file it would be a counter that nobody sees."""
    assert shell.run()[0] == 2
    assert "needs a terminal" in shell.complaint and not (shell.home / "data").exists()


def test_an_unforeseen_error_ends_in_a_sentence_and_a_log(shop: Shell, monkeypatch) -> None:
    """The one broad except of the program: the clerk reads a sentence, support reads the log."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pos.opening.carry_out", broken)

    assert shop.run("queue")[0] == 1

    assert "should not happen" in shop.complaint
    log = shop.home / "data" / "intermarket" / "pos" / "ips-pos.log"
    assert "ZeroDivisionError" in log.read_text(encoding="utf-8")


def test_a_staff_list_is_taken_whole_or_not_at_all(shell: Shell) -> None:
    """A fault is named with its person, and the list before stays."""
    good = write_staff(shell.home / "staff.json")
    assert shell.run("staff", "import", str(good)) == (0, "4 people\n")
    bad = shell.home / "bad.toml"
    bad.write_text('[[people]]\nnumber = 7\nname = "Kim"\nrole = "clerk"\npin = "4711"\n')

    status, _ = shell.run("staff", "import", str(bad))

    assert status == 1
    assert "person 1 (7): pin is what" in shell.complaint
    assert shell.complaint.endswith("Nothing was imported\n")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("rights = 5", "Expected `object`"),
        ("vat_percnt = 10", "did you mean vat_percent"),
        ("vat_percent = ", "Invalid value"),
    ],
)
def test_a_wrong_policy_is_named_and_not_taken(shell: Shell, text: str, wrong: str) -> None:
    file = shell.home / "policy.toml"
    file.write_text(text)

    assert shell.run("policy", "import", str(file))[0] == 1
    assert wrong in shell.complaint


def test_a_policy_of_a_till_alone_is_in_force(shop: Shell) -> None:
    """Rights by role, from a file."""
    file = shop.home / "policy.toml"
    file.write_text('[rights]\nmanager = ["screen.show"]\n')
    assert shop.run("policy", "import", str(file))[0] == 0

    assert shop.run("sell", "rice", "--tender", "cash")[0] == 1
    assert "권한이 없습니다: 상품 입력" in shop.complaint


def test_people_sign_on_and_off_and_a_supervisor_allows_what_a_clerk_may_not(
    shell: Shell, monkeypatch
) -> None:
    """Each PIN is asked for, and neither shown nor kept in clear anywhere in the till's folder."""
    goods = shell.home / "goods.csv"
    goods.write_text(GOODS, encoding="utf-8")
    assert shell.run("catalogue", "import", str(goods))[0] == 0
    file = write_staff(shell.home / "staff.json")
    assert shell.run("staff", "import", str(file))[0] == 0
    policy = shell.home / "policy.toml"
    policy.write_text('[rights]\nclerk = ["sale.enter", "payment.take", "staff.sign"]\n')
    assert shell.run("policy", "import", str(policy))[0] == 0

    def typed(pin: str, *words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{pin}\n"))
        return shell.run(*words)

    assert shell.run("shift", "open")[0] == 1
    assert "잠겨" in shell.complaint
    assert typed("4712", "sign", "on", "7")[0] == 1
    assert typed("4711", "sign", "on", "7") == (0, "김영희: 근무를 시작합니다\n")
    assert shell.run("shift", "open")[0] == 1
    assert "승인" in shell.complaint
    assert typed("8520", "shift", "open", "--approver", "3")[0] == 0
    assert shell.run("sell", "rice", "--tender", "cash")[0] == 0
    assert typed("8520", "shift", "count", "0", "--approver", "3")[0] == 0
    assert typed("4711", "shift", "close", "--reason", "x", "--approver", "1")[0] == 0
    assert shell.run("sign", "off")[0] == 0
    assert shell.run("sell", "rice", "--tender", "cash")[0] == 1

    rows = list(csv.DictReader(io.StringIO(shell.run("journal", "export", "--form", "csv")[1])))
    people = [(row["kind"], row["actor"], row["approver"]) for row in rows]
    assert people == [
        ("staff.signed", "7", ""),
        ("shift.opened", "7", "3"),
        ("attempt.closed", "7", ""),
        ("sale.closed", "7", ""),
        ("shift.counted", "7", "3"),
        ("shift.closed", "7", "1"),
        ("staff.signed", "7", ""),
    ]
    status, said = shell.run("audit", "--kind", "override", "--kind", "sign")
    assert status == 0
    assert [line.split()[2:5] for line in said.splitlines()[1:-1]] == [
        ["sign", "김영희", "-"],
        ["override", "김영희", "박민수"],
        ["override", "김영희", "박민수"],
        ["override", "김영희", "이정은"],
        ["sign", "김영희", "-"],
    ]
    assert said.splitlines()[-1] == "3 override, 2 sign"
    found = json.loads(shell.run("audit", "--person", "1", "--json")[1])
    assert [(row["what"], row["approver"]) for row in found] == [("shift.closed", "1")]
    assert shell.run("audit", "--date", "19980101") == (0, "nothing\n")
    assert shell.run("audit", "--date", "19981301")[0] == 2
    assert "is no date" in shell.complaint
    for kept in (shell.home / "data").rglob("*"):
        assert not kept.is_file() or not any(pin in kept.read_bytes() for pin in (b"8520", b"4712"))


def test_a_pin_is_printed_as_its_hash_alone(shell: Shell, monkeypatch) -> None:
    """What a staff file keeps; a weak PIN is refused, and neither is repeated."""
    monkeypatch.setattr("sys.stdin", io.StringIO("8520\n"))
    status, said = shell.run("staff", "pin")
    assert status == 0
    assert "8520" not in said
    kept = said.removeprefix('pin = "').removesuffix('"\n')
    assert pin_matches("8520", kept)

    monkeypatch.setattr("sys.stdin", io.StringIO("1234\n"))
    assert shell.run("staff", "pin")[0] == 1
    assert "tried first" in shell.complaint
    assert "1234" not in shell.complaint


def test_what_a_part_of_the_program_warns_of_is_in_the_log_and_not_on_the_terminal(
    shop: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's tender that cannot be imported: selling goes on, and support finds out why."""
    own = find_tenders().places
    broken = Registry({**own, "odd": "no_such_package:TENDER"})
    monkeypatch.setattr("pos.wiring.find_tenders", lambda: broken)
    before = logging.getLogger().handlers[:]
    status, _ = shop.run("sell", "milk", "--tender", "cash")
    assert (status, shop.complaint) == (0, "")
    log = shop.home / "data" / "intermarket" / "pos" / "ips-pos.log"
    assert "tender.broken" in log.read_text() and "no_such_package" in log.read_text()
    assert logging.getLogger().handlers == before
