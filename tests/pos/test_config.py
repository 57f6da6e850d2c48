"""The configuration: defaults that sell, and errors that name file, key and what to write."""

from pathlib import Path

import pytest

from pos.config import Config, ConfigError, default_file, load_config, parse_config
from pos.rights import Role

FILE = Path("/shop/pos.toml")


def test_a_till_without_a_file_has_everything(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    config = load_config(None)

    assert default_file() == tmp_path / "intermarket" / "pos.toml"
    assert config.folder == str(tmp_path / "data" / "intermarket" / "pos")
    assert (config.language, config.devices.printer) == ("ko", "")


def test_a_relative_xdg_path_is_ignored(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert default_file() == tmp_path / ".config" / "intermarket" / "pos.toml"


def test_a_whole_file_is_read() -> None:
    config = parse_config(
        """
        language = "en"
        folder = "state"
        terminal = "02"
        [store]
        id = "S9"
        zone = "Europe/Berlin"
        currency = "EUR"
        [clerk]
        role = "supervisor"
        [devices]
        printer = "serial:///dev/ttyUSB0?baud=9600"
        drawer = "none"
        paper_columns = 48
        [broker]
        url = "http://127.0.0.1:8080"
        """,
        FILE,
    )

    assert isinstance(config, Config)
    assert (config.folder, config.terminal) == ("/shop/state", "02")
    assert (config.clerk.role, config.devices.drawer) == (Role.SUPERVISOR, "none")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("langauge = 'ko'", "unknown key langauge; did you mean language?"),
        ("[devices]\nprnter = 'x'", r"unknown key devices.prnter; did you mean devices.printer?"),
        ("[devices]\nzzz = 'x'", "there are printer, line_display"),
        ("language = 'fr'", r"\$\.language"),
        ("language = ", "not TOML"),
        ("[store]\ncurrency = 'WON'", "'WON' is not in ISO 4217"),
        ("[store]\nzone = 'Seoul'", "no IANA zone"),
        ("[store]\nid = '한빛'", "1 to 8 letters and digits"),
        ("terminal = ''", "1 to 8 letters and digits"),
        ("[devices]\npaper_columns = 40", "32, 42 or 48, not 40"),
        ("[devices]\nprinter_prof = 'gsh'", "did you mean devices.printer_proof?"),
        ("[devices]\nscanner_end = 'cr'", "did you mean devices.scanner_ending?"),
        ("[devices]\nprinter_proof = 'paper'", r"\$\.devices\.printer_proof"),
        ("[devices]\ndrawer_pin = 3", r"\$\.devices\.drawer_pin"),
        ("[devices]\ndrawer_pulses = 0", "devices.drawer_pulses is 1 to 5, not 0"),
        ("[devices]\ndrawer_pulses = 6", "devices.drawer_pulses is 1 to 5, not 6"),
        ("[devices]\nscanner_repeat_ms = -1", "scanner_repeat_ms is 0 to 10000, not -1"),
        ("[devices]\nscanner_repeat_ms = 10001", "scanner_repeat_ms is 0 to 10000, not 10001"),
        ("[devices]\nprinter = '/dev/ttyUSB0'", "devices.printer: .*is not an address"),
        (
            "[devices]\nshop_cards = { icash = 'x' }",
            "devices.shop_cards.icash: .*is not an address",
        ),
        ("[devices]\nshop_cards = 'x'", r"\$\.devices\.shop_cards"),
        ("[receipt]\nslip = 'three'", r"\$\.receipt\.slip"),
        ("[clerk]\nrole = 'boss'", r"\$\.clerk\.role"),
    ],
)
def test_a_wrong_file_names_file_key_and_cure(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_config(text, FILE)

    assert str(FILE) in str(caught.value)


def test_a_missing_named_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")
