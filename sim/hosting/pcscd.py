"""A card daemon of our own: stock pcscd, private to this program, with virtual readers.

    folder/comm          the daemon's socket; a client finds it by PCSCLITE_CSOCK_NAME
    folder/conf/*        one reader.conf entry a reader
    folder/NAME          the socket that a virtual card dials, for our own driver; spaces are _
    127.0.0.1:PORT       the port that a virtual card dials, for Debian's vpcd

pcscd's own socket path is compiled in, but it takes a listening socket from systemd, and that
hand-over anybody can play: descriptor 3, LISTEN_FDS, LISTEN_PID. No root: without it, and without
/run/pcscd, the daemon gets a /run of its own in a user's namespace. Nothing of the system's daemon is
touched. The daemon dies with the thread that started it.

Two drivers: ours (ifd/, a unix socket, a change seen at once, a keypad if wanted) and vpcd (a change
seen every 0.4 s; two readers an entry; listens on every interface, so for tests only).
"""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Final

from protocols.ports import NANOSECONDS_PER_SECOND, Clock

READERS_MAX: Final = 16
"""pcscd before 2.5 has no more; so has our driver."""
SOCKET_PATH_MAX: Final = 107
READY_S: Final = 10
END_S: Final = 5
_LOOK_AGAIN_S: Final = 0.005
IFD_VARIABLE: Final = "IPS_IFD"
SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
_BUILT: Final = Path(__file__).parents[2] / "build" / "ifd" / "libifdips.so"
_DRIVER_FOLDERS: Final = ("/usr/lib/pcsc/drivers/serial", "/usr/local/lib/pcsc/drivers/serial")

_HAND_OVER: Final = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15, 0, 0, 0)
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(sys.argv[2], sys.argv[2:])
"""
_OWN_RUN: Final = 'mount -t tmpfs none /run && mkdir -p /run/pcscd && exec "$0" "$@"'


class DaemonError(Exception):
    """The daemon cannot be had. The message says what is missing and how to get it."""


class ReaderDriver(Enum):
    """Which driver a reader has."""

    OURS = "ours"
    OURS_WITH_KEYPAD = "keypad"
    VPCD = "vpcd"
    """Two readers, `NAME 00 00` and `NAME 00 01`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderPlan:
    """One reader."""

    name: str
    """What its PC/SC name begins with; also a file's name, so no slash."""
    driver: ReaderDriver = ReaderDriver.OURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Where a virtual card goes to be in a reader."""

    path: Path | None = None
    port: int | None = None


def find_daemon() -> str | None:
    """Return where pcscd is; it often stands outside an ordinary user's PATH."""
    return shutil.which("pcscd") or shutil.which("pcscd", path="/usr/sbin:/usr/local/sbin")


def find_driver() -> Path | None:
    """Return where our driver is: IPS_IFD, else where the set-up built it."""
    named = os.environ.get(IFD_VARIABLE)
    found = Path(named) if named else _BUILT
    return found if found.is_file() else None


def find_vpcd() -> Path | None:
    """Return where Debian's vpcd is."""
    files = (Path(folder) / "libifdvpcd.so" for folder in _DRIVER_FOLDERS)
    return next((file for file in files if file.is_file()), None)


class PrivateDaemon:
    """One pcscd with its readers. Start and stop from one thread, which must live as long."""

    def __init__(self, folder: Path, readers: tuple[ReaderPlan, ...], *, clock: Clock) -> None:
        """Plan it. Raises: DaemonError where something is missing."""
        assert len({reader.name for reader in readers}) == len(readers), (
            "a reader's name is its own"
        )
        if not 0 < len(readers) <= READERS_MAX:
            raise DaemonError(f"one daemon has 1 to {READERS_MAX} readers, not {len(readers)}")
        self.folder = folder.absolute()
        self._readers = readers
        self._clock = clock
        self._program = _found(find_daemon(), "pcscd", "pcscd")
        self._dials: dict[str, Dial] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: socket | None = None
        longest = max(len(os.fsencode(self.folder / each.name)) for each in readers)
        if any(character.isspace() for character in str(self.folder)):
            raise DaemonError(f"{self.folder}: pcscd reads no path with a space: choose another")
        if max(longest, len(os.fsencode(self.client_socket))) > SOCKET_PATH_MAX:
            raise DaemonError(f"{self.folder} is too long for sockets: choose a shorter folder")

    @property
    def client_socket(self) -> Path:
        """What a client sets PCSCLITE_CSOCK_NAME to, before its first call."""
        return self.folder / "comm"

    def dial(self, name: str) -> Dial:
        """Return where a card for this reader goes. vpcd's second reader is NAME/1."""
        return self._dials[name]

    def start(self) -> None:
        """Start it and wait until every reader of ours listens. Raises: DaemonError."""
        assert self._process is None, "it runs already"
        if self._listener is None:
            self._configure()
            self._listener = self._listen()
        for dial in self._dials.values():
            # A killed daemon leaves its sockets, and they would look as if the new one listened.
            if dial.path is not None:
                dial.path.unlink(missing_ok=True)
        log = (self.folder / "pcscd.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self._command(self._listener.fileno()),
                pass_fds=[self._listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._await_readers()

    def stop(self) -> None:
        """End it and take its files away; harmless when it does not run."""
        self._end(signal.SIGTERM)
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """End it as a crash would; `start` starts it again on the same socket."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_S)

    def _command(self, listener: int) -> list[str]:
        daemon = [self._program, "--foreground", "--config", str(self.folder / "conf")]
        if _has_polkit(self._program):
            daemon.append("--disable-polkit")
        if os.geteuid() != 0 and not Path("/run/pcscd").is_dir():
            daemon = ["unshare", "-Urm", "sh", "-c", _OWN_RUN, *daemon]
        return [sys.executable, "-I", "-S", "-c", _HAND_OVER, str(listener), *daemon]

    def _configure(self) -> None:
        conf = self.folder / "conf"
        conf.mkdir(parents=True, mode=0o700)
        for number, reader in enumerate(self._readers):
            entry = self._vpcd(reader) if reader.driver is ReaderDriver.VPCD else self._ours(reader)
            # Readers get their numbers in the order of the folder, which is nobody's promise.
            (conf / f"{number:02d}").write_text(entry)

    def _ours(self, reader: ReaderPlan) -> str:
        driver = _found(find_driver(), "our reader driver", "libpcsclite-dev gcc make; then: make")
        library = self.folder / "ifd.so"
        if not library.is_symlink():
            library.symlink_to(Path(driver).absolute())
        path = self.folder / _file_name(reader.name)
        self._dials[reader.name] = Dial(path=path)
        keypad = "keypad:" if reader.driver is ReaderDriver.OURS_WITH_KEYPAD else ""
        return _entry(reader.name, f"/dev/null:{keypad}{path}", library)

    def _vpcd(self, reader: ReaderPlan) -> str:
        stock = Path(_found(find_vpcd(), "Debian's vpcd", "vsmartcard-vpcd"))
        # Its slots are static: one copy of the library an entry, or cards show up in two readers.
        library = self.folder / f"vpcd-{_file_name(reader.name)}.so"
        shutil.copyfile(stock, library)
        port = _two_free_ports()
        self._dials[reader.name] = Dial(port=port)
        self._dials[f"{reader.name}/1"] = Dial(port=port + 1)
        return _entry(reader.name, f"/dev/null:{port:#06x}", library, f"CHANNELID {port:#06x}\n")

    def _listen(self) -> socket:
        listener = socket(AF_UNIX, SOCK_STREAM)
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(str(self.client_socket))
        listener.listen(64)
        return listener

    def _await_readers(self) -> None:
        assert self._process is not None
        deadline_ns = self._clock.monotonic_ns() + READY_S * NANOSECONDS_PER_SECOND
        while not all(_listens(dial) for dial in self._dials.values()):
            if self._clock.monotonic_ns() > deadline_ns:
                self.kill()
                raise DaemonError(f"pcscd has no reader after {READY_S} s; {self._said()}")
            try:
                status = self._process.wait(_LOOK_AGAIN_S)
            except subprocess.TimeoutExpired:
                continue
            self._process = None
            raise DaemonError(f"pcscd ended with status {status}; {self._said()}")

    def _said(self) -> str:
        lines = (self.folder / "pcscd.log").read_text(errors="replace").strip().splitlines()
        return f"it said: {lines[-1]}" if lines else "it said nothing"


def _entry(name: str, device: str, library: Path, rest: str = "") -> str:
    return f'FRIENDLYNAME "{name}"\nDEVICENAME {device}\nLIBPATH {library}\n{rest}'


def _file_name(reader: str) -> str:
    """Return a reader's name as pcscd's configuration can have it in a path."""
    return reader.replace(" ", "_")


def _found(path: Path | str | None, what: str, package: str) -> str:
    if path is None:
        raise DaemonError(f"{what} is not here. Debian: apt-get install {package}")
    return str(path)


def _has_polkit(program: str) -> bool:
    """Say whether this pcscd would ask polkit (from 2.0) and can be told not to."""
    told = subprocess.run([program, "--help"], capture_output=True, timeout=END_S, check=False)
    return b"disable-polkit" in told.stdout + told.stderr


def _listens(dial: Dial) -> bool:
    if dial.path is not None:
        return dial.path.is_socket()
    wanted = f":{dial.port:04X} "
    return any(
        wanted in line.split(" rem")[0] and line.split()[3:4] == ["0A"]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
    )


def _two_free_ports() -> int:
    """Return a port that is free, and so is the next: an entry of vpcd takes both."""
    for _ in range(64):
        with socket() as first, socket() as second:
            first.bind(("", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise DaemonError("no two neighbouring ports are free")
