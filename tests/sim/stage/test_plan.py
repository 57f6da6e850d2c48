"""A bench's plan: read whole, or one error with file, place and the nearest known word."""

from pathlib import Path

import msgspec
import pytest

from pos.config import DevicesTable
from protocols.control import Verb
from protocols.serial_line import LineSettings, Parity, StopBits
from sim.clock import VirtualClock
from sim.faults import Faults
from sim.hosting.hosted import WIRE_VERBS
from sim.stage.kinds import KINDS, Needs, PrinterOptions, ScannerOptions, WireKind
from sim.stage.plan import DEVICES_MAX, PlanError, presets, read_plan, read_preset
from sim.stage.profiles import profiles
from sim.wire import Pace

FULL = """
seed = 9
[devices.scanner]
[devices.till2-scanner]
kind = "scanner"
wire = "rfc2217"
port = 2217
pace = "line_rate"
line = { baud = 19200, bytesize = 7, parity = "even", stop = "2" }
faults = { drop_ppm = 1, flip_ppm = 2, duplicate_ppm = 3, garbage_ppm = 4, delay_ms = 5, piece_bytes = 6 }
options = { identifiers = true }
[devices.display]
kind = "line_display"
link = "/tmp/till/display"
"""


def read(tmp_path, text):
    file = tmp_path / "bench.toml"
    file.write_text(text, encoding="utf-8")
    return read_plan(file)


def test_plan_is_read_whole(tmp_path):
    """Goal: every key has its place; what is left out is the factory's setting."""
    plan = read(tmp_path, FULL)
    plain, second, display = plan.devices

    assert plan.seed == 9
    assert (plain.name, plain.kind, plain.wire) == ("scanner", KINDS["scanner"], WireKind.PTY)
    assert (plain.line, plain.pace, plain.faults) == (LineSettings(), Pace.AT_ONCE, Faults())
    assert second.line == LineSettings(
        baud=19_200, data_bits=7, parity=Parity.EVEN, stop_bits=StopBits.TWO
    )
    assert second.faults == Faults(
        drop_ppm=1, flip_ppm=2, duplicate_ppm=3, garbage_ppm=4, delay_ns=5_000_000, piece_bytes=6
    )
    assert (second.port, second.pace) == (2_217, Pace.LINE_RATE)
    assert second.options == ScannerOptions(identifiers=True)
    assert display.link == Path("/tmp/till/display")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("devces = 1", "unknown key 'devces'; did you mean 'devices'?"),
        ("seed = 1", "missing required field `devices`"),
        ("seed = 1\n[devices]", "1 to 1024 devices"),
        ("[devices.printr]", "devices.printr: kind: no kind 'printr'; did you mean 'printer'?"),
        ("[devices.scanner]\nwyre = 'tcp'", "devices.scanner: unknown key 'wyre'; did you mean 'wire'?"),
        ("[devices.scanner]\nwire = 'usb'", "devices.scanner: wire: Invalid enum value 'usb'"),
        ("[devices.scanner]\nport = 70000", "devices.scanner: port: Expected `int` <= 65535"),
        ("[devices.scanner]\nport = 7", "a pty has no port"),
        ("[devices.scanner]\nwire = 'tcp'\nlink = '/tmp/x'", "only a pty has a link"),
        ("[devices.scanner]\nline = { bawd = 9600 }", "devices.scanner.line: unknown key 'bawd'; did you mean 'baud'?"),
        ("[devices.scanner]\nline = { baud = 9600.5 }", "devices.scanner.line: baud: Expected `int`"),
        ("[devices.scanner]\nline = { parity = 'evn' }", "devices.scanner.line: parity: Invalid enum value 'evn'"),
        ("[devices.scanner]\nfaults = { drop_ppm = -1 }", "devices.scanner.faults: drop_ppm: Expected `int` >= 0"),
        ("[devices.scanner]\noptions = { identifier = true }", "did you mean 'identifiers'?"),
        ("[devices.line_display]\noptions = { x = 1 }", "unknown key 'x'. Known: found_in"),
        ("[devices.'a b']", "letters, digits"),
        ("[devices.scanner\n", "line 1"),
    ],
)  # fmt: skip
def test_wrong_plan_is_one_sentence_with_the_place(tmp_path, text, said):
    """Goal: file, place, and what to write instead."""
    with pytest.raises(PlanError) as caught:
        read(tmp_path, text)

    assert str(caught.value).startswith(str(tmp_path / "bench.toml"))
    assert said in str(caught.value)


def test_too_many_devices_are_refused(tmp_path):
    """Goal: DEVICES_MAX holds exactly."""
    rows = [f"[devices.s{number}]\nkind = 'scanner'" for number in range(DEVICES_MAX + 1)]

    assert len(read(tmp_path, "\n".join(rows[:-1])).devices) == DEVICES_MAX
    with pytest.raises(PlanError, match="1 to 1024"):
        read(tmp_path, "\n".join(rows))


def test_unreadable_files_are_named(tmp_path):
    """Goal: missing, and not UTF-8."""
    with pytest.raises(PlanError, match=r"none\.toml: cannot be read: No such file"):
        read_plan(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe4")
    with pytest.raises(PlanError, match="byte 2 is no UTF-8"):
        read_plan(tmp_path / "latin.toml")


@pytest.mark.parametrize("name", presets())
def test_presets_are_good_plans(name):
    """Goal: what comes with the program works."""
    assert read_preset(name).devices


def test_unknown_preset_names_the_nearest():
    """Goal: a slip is seen."""
    with pytest.raises(PlanError, match="did you mean 'counter'"):
        read_preset("conter")


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ('kind = "smart_card"\nwire = "pty"', "wire: a smart_card is reached over: pcsc, vpcd"),
        ('kind = "scanner"\nwire = "pcsc"', "wire: a scanner is reached over: pty, tcp, rfc2217"),
        ('kind = "scanner"\ncards = "x"', "cards: only a card slot"),
        ('kind = "smart_card"\nport = 1', "port: a pcsc has no port"),
        ('kind = "smart_card"\nlink = "x"', "link: only a pty"),
    ],
)
def test_card_slot_has_its_own_wires(tmp_path, device, sentence):
    file = tmp_path / "bench.toml"
    file.write_text(f"[devices.slot]\n{device}\n")

    with pytest.raises(PlanError, match=sentence):
        read_plan(file)


def test_card_slot_is_reached_over_pcsc_unless_the_plan_says_vpcd(tmp_path):
    file = tmp_path / "bench.toml"
    file.write_text(
        '[devices.a]\nkind = "smart_card"\n[devices.b]\nkind = "smart_card"\nwire = "vpcd"\ncards = "c"\n'
    )

    a, b = read_plan(file).devices

    assert (a.wire, a.cards) == (WireKind.PCSC, None)
    assert (b.wire, str(b.cards)) == (WireKind.VPCD, "c")


TRACE = """{"trace":1,"wall_ns":0,"program":"x"}
{"kind":"channel","at_ns":0,"channel":"tty:printer","protocol":"escpos","link":"pty"}
{"kind":"channel","at_ns":0,"channel":"card:customer","protocol":"iso7816","link":"pcsc"}
{"kind":"mark","at_ns":1,"channel":"tty:printer","text":"one"}
"""


def test_a_replayed_device_has_the_recording_of_its_channel(tmp_path):
    """Goal: its own name is its channel, unless the plan says another."""
    (tmp_path / "day.trace").write_text(TRACE)
    trace = f'kind = "replay"\ntrace = "{tmp_path / "day.trace"}"\n'
    plan = read(
        tmp_path,
        f'[devices.printer]\n{trace}[devices.second]\n{trace}channel = "tty:printer"\n'
        f'[devices.customer]\nwire = "pcsc"\n{trace}',
    )

    printer, second, customer = plan.devices
    assert printer.recording == second.recording
    assert (printer.protocol, customer.protocol) == ("escpos", "iso7816")
    assert [event.at_ns for event in printer.recording.events] == [0, 1]


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("", "devices.printer: trace: which? Record one"),
        ('trace = "none"', "devices.printer: trace: none: No such file or directory"),
        ('trace = "TRACE"\nchannel = "prnter"', "no channel 'prnter'; did you mean 'printer'?"),
        ('trace = "bench.toml"', "line 1: this is no trace"),
        ('trace = "TRACE"\nchannel = "customer"', "is iso7816, reached over: pcsc, vpcd"),
        ('trace = "TRACE"\nwire = "pcsc"', "is escpos, reached over: pty, tcp, rfc2217"),
        ('trace = "TRACE"\ncards = "x"', "only a card slot has cards"),
    ],
)
def test_a_wrong_recording_is_said(tmp_path, rest, said, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "TRACE").write_text(TRACE)

    with pytest.raises(PlanError) as refused:
        read(tmp_path, f'[devices.printer]\nkind = "replay"\n{rest}')
    assert said in str(refused.value)


def test_only_a_replayed_device_has_a_trace(tmp_path):
    with pytest.raises(PlanError, match="only a device of kind replay has a recording"):
        read(tmp_path, '[devices.printer]\ntrace = "x"')


@pytest.mark.parametrize(
    "to",
    ["", "127.0.0.1:80", "https://x:1", "http://", "http://x:0", "http://x:99999", "http://x/y"],
)
def test_a_host_has_a_plain_address(tmp_path, to):
    with pytest.raises(PlanError, match="expected http://PLACE:PORT, the host itself"):
        read(tmp_path, f'[devices.broker]\nkind = "host"\nto = "{to}"')


def test_only_a_host_is_somewhere_else(tmp_path):
    with pytest.raises(PlanError, match="to: only a host"):
        read(tmp_path, '[devices.printer]\nto = "http://127.0.0.1:80"')


def test_profile_lies_beneath_what_the_plan_says_itself(tmp_path):
    plan = read(
        tmp_path,
        """
[devices.printer]
profile = "xon-xoff"
options = { buffer_bytes = 512 }
[devices.scanner]
profile = "no-suffix"
[devices.printer2]
kind = "printer"
profile = "one-way"
""",
    )
    printer, scanner, silent = plan.devices
    assert printer.options == PrinterOptions(print_done=False, xon_xoff=True, buffer_bytes=512)
    assert scanner.till == {"scanner_ending": "silence"}
    assert silent.start == (Verb(verb="silence_answers"),)


def test_unknown_profile_names_the_nearest(tmp_path):
    with pytest.raises(PlanError, match="profile: no printer 'one-wey'; did you mean 'one-way'"):
        read(tmp_path, '[devices.printer]\nprofile = "one-wey"\n')


@pytest.mark.parametrize("kind", [kind for kind in KINDS if profiles(kind)])
def test_every_profile_builds_a_twin_and_a_till_that_lives_with_it(tmp_path, kind):
    """Its options are the twin's, its verbs the twin's or the wire's, its till's keys the till's."""
    for name, profile in profiles(kind).items():
        table = f'[devices.x]\nkind = "{kind}"\nprofile = "{name}"\n'
        [device] = read(tmp_path, table).devices
        remembers = device.kind.needs is Needs.MEMORY
        brought = {"clock": VirtualClock()} if remembers else {}
        own = device.kind.build(device.options, **brought).verbs()
        offered = {verb.name for verb in (*own, *WIRE_VERBS)}
        assert {verb.verb for verb in device.start} <= offered
        msgspec.convert(dict(profile.till), DevicesTable)
        assert set(profile.till) <= {field.name for field in msgspec.structs.fields(DevicesTable)}
        assert profile.about
