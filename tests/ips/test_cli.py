"""The command's face: help, misuse, configuration errors, and no traceback ever."""

import json
import stat
from pathlib import Path

import pytest

from ips.cli import main
from ips.rules import FLOWS_FOLDER as FLOWS
from ips.store.connection import FILE_NAME


def leaves(parser, words: list[str]) -> list[list[str]]:
    """Return the words of every command that has no commands of its own."""
    found = []
    for action in parser._actions:
        choices = getattr(action, "choices", None)
        if isinstance(choices, dict):
            for name, inner in choices.items():
                found += leaves(inner, [*words, name])
    return found or [words]


def commands() -> list[list[str]]:
    from ips.console.parser import build_parser

    return leaves(build_parser(), [])


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """`--help` ends with an example of this very command."""
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])

    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"example: ips-broker {' '.join(words)}" in told
    assert "--json" in told


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nothing"],
        ["inquire", "profit"],
        ["inquire", "settled", "--limit", "-3"],
        ["inquire", "settled", "--limit", "0"],
        ["refund", "request", "x", "--reason", "x", "--amount", "-5"],
        ["purse", "update", "4355535430303031", "--day", "20261399"],
        ["purse", "certify", "01", "--class", "merchant", "--expiry", "20260230"],
        ["terminal"],
    ],
)
def test_misuse_is_status_2(words: list[str]) -> None:
    """A wrong word ends with status 2."""
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("listne = 'x'", "listne is not known; did you mean listen?"),
        ("listen = 'x'", "'x' is not HOST:PORT"),
        ("listen = '127.0.0.1:99999'", "is not HOST:PORT"),
        ("[stores.main]\nnmae_ko = 'x'", "stores.main.nmae_ko is not known; did you mean"),
        ("[stores.main]\ncurrency = 'XXX'", "stores.main: 'XXX' is not a known ISO 4217 currency"),
        ("[stores.main]\nzone = 'Asia/Soul'", "stores.main"),
        ("[stores.'ma-in']", "1 to 8 letters and digits"),
        ("stores = 5", "Expected `object`, got `int`"),
        ("= broken", "is not TOML"),
    ],
)
def test_a_wrong_configuration_names_file_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    """One clear line, status 2, and nothing was made."""
    file = tmp_path / "broker.toml"
    file.write_text(text)

    status = main(["terminal", "list", "--config", str(file)])

    error = capsys.readouterr().err
    assert status == 2
    assert str(file) in error
    assert told in error
    assert error.count("\n") == 1


def test_asking_without_a_database_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readers make nothing."""
    status = main(["inquire", "settled", "--folder", str(tmp_path / "none")])

    assert status == 1
    assert "ips-broker migrate" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["inquire", "settled", "--store", "mian"], "there is no store 'mian'; there are: main"),
        (["audit", "people", "--terminal", "99"], "there is no terminal 99"),
    ],
)
def test_a_place_that_is_misspelt_is_not_one_without_money(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    """Nothing settled, nobody did anything: neither may be the answer to a wrong word."""
    folder = ["--folder", str(tmp_path / "b")]
    assert main(["migrate", *folder]) == 0
    capsys.readouterr()

    assert main([*words, *folder]) == 1
    assert told in capsys.readouterr().err


def test_what_the_folder_holds_is_private(tmp_path: Path) -> None:
    """Folder 0700; database, keys and lock 0600."""
    folder = tmp_path / "b"
    assert main(["migrate", "--folder", str(folder)]) == 0

    modes = {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}, modes
    assert FILE_NAME in modes


def test_a_key_that_others_can_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says which file and what to do."""
    folder = tmp_path / "b"
    main(["migrate", "--folder", str(folder)])
    (folder / "keys" / "host.secret").chmod(0o644)

    status = main(["keys", "list", "--folder", str(folder)])

    assert status == 1
    assert "chmod 600" in capsys.readouterr().err


def test_a_key_of_another_host_opens_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder copied without its secret is useless, and says so."""
    folder = tmp_path / "b"
    main(["migrate", "--folder", str(folder)])
    (folder / "keys" / "host.secret").write_bytes(bytes(32))

    status = main(["terminal", "add", "01", "--folder", str(folder)])

    assert status == 1
    assert "not wrapped by this host's secret" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("policy", 'tendres = ["cash"]', "tendres is not known; did you mean tenders?"),
        ("policy", "refund_days_max = 'x'", "refund_days_max"),
        ("catalogue", "[", "policy.toml"),
        ("catalogue", 'version = "1"\nitems = [{}]', "items[0]"),
        (
            "catalogue",
            'version = "1"\nitems = [{sku="a",name_ko="a",name_en="a",price=-1}]',
            "item 1 (a): price -1",
        ),
        (
            "catalogue",
            (
                'version = "1"\nitems = [{sku="a",name_ko="a",name_en="a",price=1},'
                '{sku="a",name_ko="a",name_en="a",price=1}]'
            ),
            "item 2: sku a is also that of item 1",
        ),
    ],
)
def test_a_wrong_document_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, told: str
) -> None:
    """It names file and place, and no version is made."""
    folder, file = tmp_path / "b", tmp_path / "policy.toml"
    file.write_text(text)

    status = main(["document", "publish", name, str(file), "--folder", str(folder)])

    assert status == 1
    assert told in capsys.readouterr().err
    main(["migrate", "--folder", str(folder)])
    capsys.readouterr()
    main(["document", "list", "--folder", str(folder), "--json"])
    assert json.loads(capsys.readouterr().out) == []


def test_links_that_nobody_serves_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A policy with e-receipts at a broker without a door for customers: said when it is published."""
    policy, config = tmp_path / "policy.toml", tmp_path / "broker.toml"
    policy.write_text('receipt_link = "https://r.example.kr"')
    config.write_text(f'folder = "{tmp_path}/b"\n')
    publish = ["document", "publish", "policy", str(policy), "--config", str(config)]

    assert main(publish) == 0
    assert "receipts.listen" in capsys.readouterr().out

    config.write_text(f'folder = "{tmp_path}/b"\n[receipts]\nlisten = "127.0.0.1:8601"\n')
    assert main(publish) == 0
    assert "receipts.listen" not in capsys.readouterr().out


def asked(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command; return status, output and complaint."""
    capsys.readouterr()
    status = main(words)
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize("name", sorted(path.stem for path in FLOWS.glob("*.toml")))
def test_every_flow_is_drawn_by_name_and_from_its_file(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """I3, W6: what is drawn is the flow in use; a file can be drawn before it is used."""
    status, drawn, _ = asked(["flow", "draw", name], capsys)

    assert status == 0
    assert drawn.startswith("stateDiagram-v2\n    [*] --> ")
    assert asked(["flow", "draw", str(FLOWS / f"{name}.toml")], capsys)[1] == drawn
    chart = json.loads(asked(["flow", "draw", name, "--json"], capsys)[1])
    assert chart["name"] == name
    assert {edge["source"] for edge in chart["edges"]} <= {node["name"] for node in chart["nodes"]}


def test_a_flow_is_drawn_in_the_readers_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert '"결제 완료"' in asked(["flow", "draw", "cash", "--language", "ko"], capsys)[1]


@pytest.mark.parametrize(
    ("name", "told"),
    [("slae", "there is no flow slae: choose card"), ("none/x.toml", "cannot be read")],
)
def test_a_flow_that_is_not_there_is_named(
    name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, complaint = asked(["flow", "draw", name], capsys)

    assert status == 1
    assert told in complaint


def test_a_broken_flow_file_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture of half a flow would be believed."""
    file = tmp_path / "broken.toml"
    file.write_text((FLOWS / "cash.toml").read_text("utf-8").replace("initial", "intiial", 1))

    status, drawn, complaint = asked(["flow", "draw", str(file)], capsys)

    assert (status, drawn) == (1, "")
    assert "broken.toml" in complaint


def test_a_module_is_activated_and_deactivated_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """I18: what the list says is what new payments find."""
    folder = ["--folder", str(tmp_path / "b")]
    main(["migrate", *folder])

    def state() -> str:
        rows = json.loads(asked(["module", "list", "--json", *folder], capsys)[1])
        return {row["module"]: row["state"] for row in rows}["chaos"]

    assert asked(["module", "activate", "chaos", *folder], capsys)[0] == 0
    assert state() == "active"
    assert asked(["module", "deactivate", "chaos", *folder], capsys)[0] == 0
    assert state() in ("inactive", "draining")
    status, _, complaint = asked(["module", "activate", "chaso", *folder], capsys)
    assert status == 1
    assert "chaso" in complaint


def test_module_check_tells_fit_from_unfit_by_its_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For the maker of a module: 0 fit, 1 not, and what to change."""
    assert asked(["module", "check", "cash"], capsys)[:2] == (0, "cash: fit\n")
    assert asked(["module", "check", "chaos", "--field", "outcome=declined"], capsys)[0] == 0
    status, _, complaint = asked(["module", "check", "chaos", "--field", "outcome"], capsys)
    assert (status, "NAME=VALUE" in complaint) == (1, True)
