"""Virtual shop equipment for pytest: each test gets a bench of its own, worked over its control interface.

    def test_receipt(receipt_printer):
        print_receipt(receipt_printer.path)               # your program, on a real pseudo-terminal
        assert "TOTAL" in receipt_printer.paper

Fixtures   receipt_printer  customer_display  barcode_scanner  stripe_reader  pin_pad
           card_reader  shop_card_reader
           bench: all of them; counter: a whole shop with a counter and a broker
Markers    intermarket_wire("pty", "tcp", "rfc2217")   run over each
           intermarket_seed(1, 2) or (count=20)        run with each; failing seeds are kept and run again
           intermarket_plan("bench.toml")              serve this plan
Options    --intermarket-seed N, --intermarket-seeds COUNT, --ips-sim PATH

A bench is a process (`ips-sim up`), started for the test and ended after it, so that tests never meet each
other's faults; under pytest-xdist every worker has its own. What passed on its wires is shown with a
failure. This module speaks HTTP and starts commands; it imports nothing of Intermarket.
"""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

KEPT = "intermarket/failing_seeds"
KEPT_MAX = 100
"""Failing seeds of one test; the newest stay."""
READY_S = 30.0
ANSWER_S = 10.0
TRACE_LINES_MAX = 80
WIRES = ("pty", "tcp", "rfc2217")
_KINDS = {
    "printer": "printer",
    "display": "line_display",
    "scanner": "scanner",
    "stripe": "stripe_reader",
}
_PADS = {"pad": "pin_pad"}
"""What knows the issuer of the cards."""
_SLOTS = {"customer": "", "shop": "shop"}
"""Card slots, and the card that is in at first."""
_OF_FIXTURE = {
    "receipt_printer": "printer",
    "customer_display": "display",
    "barcode_scanner": "scanner",
    "stripe_reader": "stripe",
    "pin_pad": "pad",
    "card_reader": "customer",
    "shop_card_reader": "shop",
}
_bench_key = pytest.StashKey["Bench"]()


class IntermarketError(Exception):
    """A bench, a twin or a counter did not do what it was asked; the message is its own."""


class Program:
    """A command that runs until it is ended, and says in one line of JSON when it is ready."""

    def __init__(self, command: list[str], *, log: Path) -> None:
        """Start it. It ends with this process, however that ends."""
        told, tell = os.pipe()
        life, self._lifeline = os.pipe()
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, "--announce-fd", str(tell), "--parent-fd", str(life)],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=(tell, life),
                start_new_session=True,
            )
        os.close(tell)
        os.close(life)
        with os.fdopen(told, "rb") as stream:
            ready, _, _ = select.select([stream], [], [], READY_S)
            line = stream.readline() if ready else b""
        if not line:
            self.end()
            said = log.read_text(errors="replace").strip().splitlines()
            raise IntermarketError(said[-1] if said else f"{command[0]} said nothing")
        self.told: dict[str, Any] = json.loads(line)

    def end(self) -> None:
        """End it and wait until it has."""
        with contextlib.suppress(OSError):
            os.close(self._lifeline)
        try:
            self.process.wait(ANSWER_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Control:
    """A bench's control interface."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        # A proxy of the user's shell is none for loopback.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, accept: str = "application/json") -> bytes:
        """Return what stands there. Raises: IntermarketError."""
        return self._ask(urllib.request.Request(self._url + path, headers={"accept": accept}))

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Send a verb. Raises: IntermarketError with the bench's sentence."""
        data = json.dumps(body).encode()
        return self._ask(urllib.request.Request(self._url + path, data=data))

    def _ask(self, request: urllib.request.Request) -> bytes:
        request.add_header("authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=ANSWER_S) as answer:
                told: bytes = answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                raise IntermarketError(json.loads(refused.read())["error"]) from None
        return told


class Twin:
    """A virtual device. Its verbs are methods: `printer.paper_out()`, `scanner.scan(code="880...")`."""

    def __init__(self, control: Control, name: str) -> None:
        self._control = control
        self.name = name
        seen = self._seen()
        self.address: str = seen["address"]
        """What a driver opens: serial:///dev/pts/3?baud=9600, tcp://127.0.0.1:9100."""
        self.verbs: dict[str, list[str]] = {
            verb["name"]: sorted(verb["arguments"]) for verb in seen["verbs"]
        }

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name.startswith("_") or name not in self.verbs:
            known = ", ".join(self.verbs) if "verbs" in self.__dict__ else "?"
            raise AttributeError(f"{name!r} is no verb of this device; there are: {known}")

        def work(**arguments: object) -> dict[str, Any]:
            return self.do(name, **arguments)

        return work

    @property
    def path(self) -> str:
        """The device file of a twin on a pty."""
        assert self.address.startswith("serial://"), f"{self.address} is no file"
        return self.address.removeprefix("serial://").partition("?")[0]

    @property
    def place(self) -> tuple[str, int]:
        """Host and port of a twin on TCP or RFC 2217."""
        host, _, port = self.address.partition("://")[2].partition("?")[0].rpartition(":")
        return host, int(port)

    @property
    def state(self) -> dict[str, Any]:
        """What can be seen on it now."""
        seen: dict[str, Any] = self._seen()["state"]
        return seen

    def do(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Do something to it; returns its state. Raises: IntermarketError."""
        body = {"verb": verb, "arguments": {key: str(value) for key, value in arguments.items()}}
        told: dict[str, Any] = json.loads(self._control.post(f"/devices/{self.name}", body))
        state: dict[str, Any] = told["state"]
        return state

    def history(self, what: str = "") -> list[dict[str, Any]]:
        """Return what happened to it, oldest first; only events of one name if it is given."""
        events = json.loads(self._control.get(f"/devices/{self.name}/history"))
        return [event for event in events if not what or event["what"] == what]

    def wait_until(self, holds: Callable[["Twin"], object], seconds: float = 10.0) -> None:
        """Wait until something is true of it. Raises: AssertionError with its state when it is not."""
        deadline = time.monotonic() + seconds
        while not holds(self):
            assert time.monotonic() < deadline, f"waited {seconds} s in vain; {self.state}"
            time.sleep(0.02)

    def _seen(self) -> dict[str, Any]:
        seen: dict[str, Any] = json.loads(self._control.get(f"/devices/{self.name}"))
        return seen


class ReceiptPrinter(Twin):
    """A printer, and what came out of it."""

    @property
    def paper(self) -> str:
        """The paper so far, as text."""
        return self._control.get(f"/devices/{self.name}/paper", "text/plain").decode()

    @property
    def picture(self) -> bytes:
        """The paper so far as a PNG, dot for dot."""
        return self._control.get(f"/devices/{self.name}/paper", "image/png")


class CustomerDisplay(Twin):
    """A display of two lines."""

    @property
    def lines(self) -> tuple[str, str]:
        """What stands on it, blanks at the ends taken off."""
        seen = self.state
        return seen["upper"].rstrip(), seen["lower"].rstrip()


class CardReader(Twin):
    """A PC/SC reader of a private daemon, with a keypad, and the cards beside it."""

    environment: Mapping[str, str] = {}
    """What a program's environment needs to find this reader's daemon."""

    @property
    def reader(self) -> str:
        """What the reader's PC/SC name begins with."""
        return f"IPS {self.name}"

    @property
    def cards(self) -> list[str]:
        """The cards that may be inserted."""
        names: list[str] = self.state["cards"]
        return names


_CLASSES: dict[str, type[Twin]] = {
    "printer": ReceiptPrinter,
    "line_display": CustomerDisplay,
    "smart_card": CardReader,
}


class Bench:
    """The equipment of one test."""

    def __init__(self, command: list[str], *, plan: Path, folder: Path, seed: int) -> None:
        """Serve a plan. Raises: IntermarketError with the sentence of ips-sim."""
        self.seed = seed
        self.trace = folder / "bench.trace"
        self._command = command
        served = [*command, "up", str(plan), "--folder", str(folder / "run")]
        self._program = Program([*served, "--trace", str(self.trace)], log=folder / "bench.log")
        told = self._program.told
        self._control = Control(told["url"], told["token"])
        self.devices: dict[str, str] = told["devices"]
        """Name to address."""

    def twin(self, name: str) -> Twin:
        """Return a device. Raises: IntermarketError naming those there are."""
        seen = json.loads(self._control.get(f"/devices/{name}"))
        return _CLASSES.get(seen["device"], Twin)(self._control, name)

    @property
    def daemon(self) -> str:
        """The socket of the card daemon; empty where no card slot is served."""
        addresses = (each for each in self.devices.values() if each.startswith("pcsc://"))
        return next(addresses, "").partition("?socket=")[2]

    def story(self) -> str:
        """Return what passed on every wire, in words; the last TRACE_LINES_MAX lines."""
        # The bench writes within a fifth of a second.
        time.sleep(0.3)
        shown = subprocess.run(
            [*self._command, "trace", "show", str(self.trace)],
            capture_output=True, text=True, timeout=READY_S, check=False,
        )  # fmt: skip
        lines = (shown.stdout or shown.stderr).splitlines()
        left = len(lines) - TRACE_LINES_MAX
        head = [f"... {left} lines before: ips-sim trace show {self.trace}"] if left > 0 else []
        return "\n".join((*head, *lines[-TRACE_LINES_MAX:]))

    def end(self) -> None:
        """Take everything away."""
        self._program.end()


class Counter:
    """A shop with a broker, equipment and a counter that is worked by entries, as its clerk's keys."""

    def __init__(self, ips_sim: list[str], ips_pos: list[str], folder: Path) -> None:
        """Make the shop and switch the counter on. Raises: IntermarketError."""
        self._shop = Program(
            [*ips_sim, "shop", str(folder / "shop"), "--language", "en"], log=folder / "shop.log"
        )
        self.config = Path(self._shop.told["config"])
        """The counter's configuration, for ips-pos commands beside it."""
        self._pos = [*ips_pos, "--config", str(self.config)]
        told = json.loads(self._shop.told["control"])
        self._control = Control(told["url"], told["token"])
        self.view: dict[str, Any] = {}
        """What the counter shows, as of its last answer."""
        with (folder / "counter.log").open("ab") as errors:
            self._process = subprocess.Popen(
                [*self._pos, "script", "-"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                start_new_session=True, bufsize=0,
            )  # fmt: skip

    @property
    def printer(self) -> ReceiptPrinter:
        """Its printer."""
        return ReceiptPrinter(self._control, "printer")

    @property
    def display(self) -> CustomerDisplay:
        """The customer's display."""
        return CustomerDisplay(self._control, "line_display")

    @property
    def scanner(self) -> Twin:
        """Its scanner."""
        return Twin(self._control, "scanner")

    def enter(self, entry: str, seconds: float = 20.0) -> dict[str, Any]:
        """Key an entry, as in `8800101000013` or `20000CA`; returns its answer, with the view."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(entry.encode() + b"\n")
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._process.stdout], [], [], left)[0]:
                break
            line = self._process.stdout.readline()
            if not line:
                raise IntermarketError(f"the counter ended before it answered {entry!r}")
            told: dict[str, Any] = json.loads(line)
            self.view = told["view"]
            # One entry at a time: the next answer is this one's (a PIN in it is masked).
            if "entry" in told:
                return told
        raise IntermarketError(f"no answer to {entry!r} within {seconds} s")

    def run(self, *words: str) -> str:
        """Run an ips-pos command beside the counter; returns what it prints."""
        done = subprocess.run(
            [*self._pos, *words], capture_output=True, text=True, timeout=READY_S, check=False
        )
        if done.returncode:
            raise IntermarketError(done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def end(self) -> None:
        """Switch everything off."""
        with contextlib.suppress(OSError):
            self._process.communicate(timeout=ANSWER_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        self._shop.end()


# What pytest calls


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the command line and of the configuration file."""
    group = parser.getgroup("intermarket")
    group.addoption("--ips-sim", metavar="PATH", help="the command ips-sim (else: found)")
    group.addoption("--intermarket-seed", type=int, metavar="N", help="run with this seed only")
    group.addoption(
        "--intermarket-seeds", type=int, metavar="COUNT",
        help="how many seeds a test with intermarket_seed(count=...) gets",
    )  # fmt: skip
    parser.addini("ips_sim", "the command ips-sim", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for line in (
        "intermarket_wire(*wires): run over each of pty, tcp, rfc2217",
        "intermarket_seed(*seeds, count=N): run with each seed, and with those that failed before",
        "intermarket_plan(file): the bench serves this plan",
    ):
        config.addinivalue_line("markers", line)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Keeper(config), "intermarket-keeper")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each wire and each seed."""
    if "bench" not in metafunc.fixturenames:
        return
    node = metafunc.definition
    wires = node.get_closest_marker("intermarket_wire")
    if wires is not None:
        unknown = sorted(set(wires.args) - set(WIRES))
        if unknown or not wires.args:
            raise pytest.UsageError(f"{node.nodeid}: intermarket_wire takes {', '.join(WIRES)}")
        metafunc.parametrize("intermarket_wire", wires.args, indirect=True)
    seeds = _seeds(metafunc.config, node)
    if seeds:
        metafunc.parametrize(
            "intermarket_seed", seeds, indirect=True, ids=[f"seed{seed}" for seed in seeds]
        )


def _seeds(config: pytest.Config, node: pytest.Item) -> list[int]:
    """Return the seeds of a test, those that failed before first; none for a test without marker."""
    marker = node.get_closest_marker("intermarket_seed")
    if marker is None:
        return []
    only = config.getoption("--intermarket-seed")
    if only is not None:
        return [only]
    count = config.getoption("--intermarket-seeds") or marker.kwargs.get("count", 0)
    asked = [*marker.args] or list(range(1, count + 1)) or [1]
    cache = _cache(config)
    kept = [] if cache is None else cache.get(KEPT, {}).get(node.nodeid, [])
    return list(dict.fromkeys((*kept, *asked)))


def _cache(config: pytest.Config) -> pytest.Cache | None:
    """Return pytest's cache; None where it is switched off."""
    return getattr(config, "cache", None)


class _Keeper:
    """Keeps the seeds that failed; lives in the process that hears of every test."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._failed: dict[str, list[int]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        if report.failed and "intermarket_seed" in told:
            test = report.nodeid.partition("[")[0]
            seeds = self._failed.setdefault(test, [])
            if told["intermarket_seed"] not in seeds:
                seeds.append(int(str(told["intermarket_seed"])))

    def pytest_sessionfinish(self) -> None:
        cache = _cache(self._config)
        if self._failed and cache is not None:
            kept = cache.get(KEPT, {})
            for test, seeds in self._failed.items():
                kept[test] = list(dict.fromkeys((*kept.get(test, []), *seeds)))[-KEPT_MAX:]
            cache.set(KEPT, kept)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what passed on the wires."""
    report = yield
    bench = item.stash.get(_bench_key, None)
    if bench is not None and report.failed and call.when == "call":
        report.sections.append((f"what passed on the bench (seed {bench.seed})", bench.story()))
    return report


# Fixtures


@pytest.fixture
def intermarket_seed(request: pytest.FixtureRequest) -> int:
    """The seed of the faults on the wires."""
    chosen = getattr(request, "param", None) or request.config.getoption("--intermarket-seed")
    return int(chosen or 1)


@pytest.fixture
def intermarket_wire(request: pytest.FixtureRequest) -> str:
    """What the devices are reached over."""
    return str(getattr(request, "param", "pty"))


@pytest.fixture(scope="session")
def intermarket_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this worker: the cards lie there as they were made, and the daemon's name."""
    return tmp_path_factory.mktemp("intermarket")


@pytest.fixture
def bench(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    intermarket_seed: int,
    intermarket_wire: str,
    intermarket_folder: Path,
) -> Iterator[Bench]:
    """Every device that the test's fixtures name; with none named, all that are no card reader."""
    item = request.node
    folder = tmp_path / "intermarket"
    folder.mkdir()
    item.user_properties.append(("intermarket_seed", intermarket_seed))
    command = _command(request.config, "ips-sim")
    marker = item.get_closest_marker("intermarket_plan")
    if marker is not None:
        plan = request.config.rootpath / marker.args[0]
    else:
        named = [name for fixture, name in _OF_FIXTURE.items() if fixture in item.fixturenames]
        names = named or list(_KINDS)
        cards = folder / "cards"
        if any(name in _SLOTS or name in _PADS for name in names):
            _deal(command, intermarket_folder / "cards", cards)
        plan = folder / "bench.toml"
        plan.write_text(_plan(names, intermarket_wire, intermarket_seed, cards))
    try:
        made = Bench(command, plan=plan, folder=folder, seed=intermarket_seed)
    except IntermarketError as error:
        pytest.fail(str(error), pytrace=False)
    item.stash[_bench_key] = made
    yield made
    made.end()


@pytest.fixture
def receipt_printer(bench: Bench) -> Twin:
    """A receipt printer with a drawer on it."""
    return bench.twin("printer")


@pytest.fixture
def customer_display(bench: Bench) -> Twin:
    """A customer display of two lines."""
    return bench.twin("display")


@pytest.fixture
def barcode_scanner(bench: Bench) -> Twin:
    """A serial scanner."""
    return bench.twin("scanner")


@pytest.fixture
def stripe_reader(bench: Bench) -> Twin:
    """A serial reader of magnetic stripes, and cards to swipe."""
    return bench.twin("stripe")


@pytest.fixture
def pin_pad(bench: Bench) -> Twin:
    """A PIN pad that knows the issuer of the cards."""
    return bench.twin("pad")


@pytest.fixture
def card_reader(
    bench: Bench, intermarket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> CardReader:
    """A card reader, empty, with a shop's set of cards beside it."""
    return _reader(bench, "customer", intermarket_folder, monkeypatch)


@pytest.fixture
def shop_card_reader(
    bench: Bench, intermarket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> CardReader:
    """The shop's own reader, its card in."""
    return _reader(bench, "shop", intermarket_folder, monkeypatch)


@pytest.fixture
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counter]:
    """A shop with goods, a broker, equipment on ptys, and a counter to key entries into."""
    folder = tmp_path / "counter"
    folder.mkdir()
    sim, pos = (_command(request.config, name) for name in ("ips-sim", "ips-pos"))
    try:
        made = Counter(sim, pos, folder)
    except IntermarketError as error:
        pytest.fail(str(error), pytrace=False)
    yield made
    made.end()


def _command(config: pytest.Config, name: str) -> list[str]:
    """Return a command of Intermarket: as configured, beside this Python, or on the path."""
    chosen = config.getoption("--ips-sim") or config.getini("ips_sim")
    beside = (Path(chosen) if chosen else Path(sys.executable)).with_name(name)
    path = str(beside) if beside.exists() or chosen else shutil.which(name)
    if path is None or not Path(path).exists():
        missing = path or name
        raise pytest.UsageError(f"{missing} is not here: install Intermarket, or --ips-sim PATH")
    return [path]


def _plan(names: list[str], wire: str, seed: int, cards: Path) -> str:
    rows = [f"seed = {seed}"]
    for name in names:
        rows.append(f"[devices.{name}]")
        if name in _SLOTS:
            rows += ['kind = "smart_card"', f"cards = {json.dumps(str(cards))}"]
            inserted = json.dumps(_SLOTS[name])
            rows.append(f"options = {{ inserted = {inserted}, antenna = true }}")
        else:
            kind = _KINDS.get(name) or _PADS[name]
            rows += [f'kind = "{kind}"', f'wire = "{wire}"']
            if name in _PADS:
                rows.append(f"cards = {json.dumps(str(cards))}")
    return "\n".join(rows) + "\n"


def _deal(command: list[str], made: Path, cards: Path) -> None:
    """Lay out a fresh set of cards: made once in a session, copied for each test."""
    if not made.exists():
        done = subprocess.run(
            [*command, "cards", "make", str(made), "--seed", "1"],
            capture_output=True, text=True, timeout=READY_S, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.fail(done.stderr.strip(), pytrace=False)
    shutil.copytree(made, cards)


def _reader(bench: Bench, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> CardReader:
    """Return a reader; a program, and this one, finds its daemon under one name for the whole session.

    libpcsclite reads that name once a process, so it must not change from test to test.
    """
    twin = bench.twin(name)
    assert isinstance(twin, CardReader), f"{name} is no card reader"
    link = folder / "pcscd"
    link.unlink(missing_ok=True)
    link.symlink_to(bench.daemon)
    twin.environment = {"PCSCLITE_CSOCK_NAME": str(link)}
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", str(link))
    return twin
