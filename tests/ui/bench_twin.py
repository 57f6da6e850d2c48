"""Virtual equipment as the training panel sees it, without a server."""

from pos.control_client import BenchRefusesError, BenchSilentError
from protocols.control import DeviceState, Verb, VerbHelp

PRINTER = DeviceState(
    name="printer",
    device="printer",
    address="serial:///dev/pts/3",
    verbs=[
        VerbHelp(name="paper_out", label_ko="용지 빼기", label_en="Take the paper out"),
        VerbHelp(
            name="babble",
            label_ko="쓰레기 보내기",
            label_en="Send garbage",
            arguments={"bytes": "how many, 1 to 4096"},
        ),
        VerbHelp(name="paper_in", label_ko="용지 넣기", label_en="Put paper in"),
        VerbHelp(name="pull_cable", label_ko="케이블 뽑기", label_en="Pull the cable"),
    ],
    state={"paper": "ok"},
)
SCANNER = DeviceState(
    name="scanner",
    device="scanner",
    address="serial:///dev/pts/4",
    verbs=[
        VerbHelp(
            name="scan",
            label_ko="바코드 읽기",
            label_en="Scan a code",
            arguments={"code": "digits of the code"},
        ),
        VerbHelp(name="mute", label_ko="먹통", label_en="Go mute"),
    ],
    state={},
)


class BenchTwin:
    """Remembers what it was asked to do; may be silent."""

    def __init__(self, *, silent: bool = False) -> None:
        self.asked: list[tuple[str, Verb]] = []
        self._silent = silent

    async def devices(self) -> list[DeviceState]:
        if self._silent:
            raise BenchSilentError("no answer")
        return [PRINTER, SCANNER]

    async def perform(self, device: str, verb: Verb) -> DeviceState:
        if self._silent:
            raise BenchSilentError("no answer")
        if verb.verb == "babble" and not verb.arguments["bytes"].isdecimal():
            raise BenchRefusesError("babble: bytes is 1 to 4096")
        self.asked.append((device, verb))
        return PRINTER if device == "printer" else SCANNER
