"""A bank's host behind a line: what a broker dials, signs on to, and waits for.

    broker  == length | message, code ==  twin  --  host
                                            |
     verbs: answers late, lost, doubled, crossed, after the reversal, with a wrong code; codes at will;
            an issuer away; a card reported lost; everything that is only in memory forgotten

Before sign-on every request is refused with 96. What is no message, or has a wrong authentication
code, is not answered: whoever sent it hears silence, and asks for its reversal.
"""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from protocols.control import Event, Verb, VerbHelp
from protocols.iso8583 import elements as de
from protocols.iso8583 import mti
from protocols.iso8583.describe import masked_pan
from protocols.iso8583.framing import FrameReader, FramingError, Header, frame
from protocols.iso8583.mac import MacAlgorithm, MacError, seal, unseal
from protocols.iso8583.message import MalformedError, Message
from protocols.iso8583.response import Response
from protocols.iso8583.specs import SPECS
from protocols.ports import Clock
from sim.bank.books import Books
from sim.bank.host import SIGN_OFF, SIGN_ON, Host
from sim.bank.keys import TEST_KEY
from sim.bank.people import People, Status, read_people
from sim.bank.pins import PinKeys
from sim.twin import History, VerbError, refuse_verb

DELAY_MS_MAX: Final = 600_000
COUNT_MAX: Final = 1_000
_NS_PER_MS: Final = 1_000_000
_STATUS: Final[tuple[Status, ...]] = ("good", "lost", "stolen", "restricted")
_COUNT: Final = {"count": f"how many, 1 to {COUNT_MAX}"}
_COUNTED: Final = (
    "lose_answers",
    "lose_requests",
    "double_answers",
    "answer_after_reversal",
    "wrong_codes",
)
_CARD: Final = {"card": "its number, or the last four digits", "status": ", ".join(_STATUS)}
_VERBS: Final = [
    VerbHelp(name="decline", label_ko="다음 요청 거절", label_en="Refuse the next request",
             arguments={"code": "two characters, as in field 39"}),
    VerbHelp(name="delay", label_ko="늦게 응답", label_en="Answer late",
             arguments={"ms": f"milliseconds, 0 to {DELAY_MS_MAX}"}),
    VerbHelp(name="lose_answers", label_ko="응답 잃기", label_en="Do it and say nothing",
             arguments=_COUNT),
    VerbHelp(name="lose_requests", label_ko="요청 무시", label_en="Hear nothing",
             arguments=_COUNT),
    VerbHelp(name="double_answers", label_ko="두 번 응답", label_en="Answer twice", arguments=_COUNT),
    VerbHelp(name="cross_answers", label_ko="응답 순서 바꾸기", label_en="Answer the next two crosswise"),
    VerbHelp(name="answer_after_reversal", label_ko="취소 뒤 응답",
             label_en="Answer only when it is reversed", arguments=_COUNT),
    VerbHelp(name="wrong_codes", label_ko="잘못된 인증값", label_en="Answer with a wrong code",
             arguments=_COUNT),
    VerbHelp(name="garble", label_ko="잡음", label_en="Send garbage"),
    VerbHelp(name="issuer_away", label_ko="발급사 불통", label_en="Lose an issuer",
             arguments={"bank": "its name"}),
    VerbHelp(name="issuer_back", label_ko="발급사 복구", label_en="Reach an issuer again",
             arguments={"bank": "its name"}),
    VerbHelp(name="report_card", label_ko="카드 신고", label_en="Report a card", arguments=_CARD),
    VerbHelp(name="forget_pins", label_ko="비밀번호 오류 해제", label_en="Forgive wrong PINs",
             arguments={"card": "its number, or the last four digits"}),
    VerbHelp(name="restore_answers", label_ko="정상으로", label_en="Answer as usual from now on"),
    VerbHelp(name="restart", label_ko="껐다 켜기", label_en="Switch off and on"),
]  # fmt: skip


class BankTwin:
    """A bank's host; satisfies sim.twin.Twin and sim.twin.Dialled."""

    device = "bank"

    def __init__(
        self,
        *,
        clock: Clock,
        books: Books | None = None,
        bank: str = "hanbit",
        people: str = "",
        spec: str = "ascii",
        header: Header = Header.BINARY,
        mac: MacAlgorithm = MacAlgorithm.CMAC,
        mac_key: str = TEST_KEY,
        file: str = "",
        place: Path | None = None,
    ) -> None:
        """`books` may be shared by hosts; else they are in `file`, at `place`, or in memory.

        Raises: PeopleError, ValueError for a bank or variant that there is not.
        """
        known: People = books.people if books else read_people(*([Path(people)] if people else []))
        if bank not in known.banks or spec not in SPECS:
            raise ValueError(f"{bank} in {spec}: there is no such bank, or no such variant")
        self._books = books or Books(Path(file).expanduser() if file else place, known)
        self.host = Host(bank, books=self._books, keys=PinKeys(), clock=clock)
        self._spec, self._header = SPECS[spec], header
        self._key, self._mac = bytes.fromhex(mac_key), mac
        self._history = History()
        self._counts = dict.fromkeys(_COUNTED, 0)
        self._delay_ns = 0
        self._crossing = False
        self._forget()

    def _forget(self) -> None:
        """Be as after switching on."""
        self._reader = FrameReader(self._header)
        self._signed_on = False
        self._deaf = False
        self._out = bytearray()
        self._late: deque[tuple[int, bytes]] = deque()
        self._crossed: bytes | None = None
        self._withheld: list[bytes] = []

    def opened(self, now_ns: int) -> None:
        """Learn that a broker has dialled: a new line begins with its first byte."""
        self._forget()

    def closed(self, now_ns: int) -> None:
        """Learn that it has hung up: what was to be said is lost."""
        self._forget()

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    @property
    def deadline_ns(self) -> int | None:
        """When it says something late."""
        return self._late[0][0] if self._late else None

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the line."""
        if self._deaf:
            return
        try:
            whole = self._reader.receive(data)
        except FramingError as error:
            self._deaf = True
            self._history.add(now_ns, "out_of_step", str(error))
            return
        for each in whole:
            self._heed(each, now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the line."""
        said = bytes(self._out)
        self._out.clear()
        return said

    def tick(self, now_ns: int) -> None:
        """Say what is late."""
        while self._late and self._late[0][0] <= now_ns:
            self._out += self._late.popleft()[1]

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do."""
        return list(_VERBS)

    def do(self, verb: Verb, now_ns: int) -> None:
        """Let something go wrong. Raises: VerbError."""
        known = next((help_ for help_ in _VERBS if help_.name == verb.verb), None)
        if known is None or set(known.arguments) != set(verb.arguments):
            raise refuse_verb(verb, _VERBS)
        self._work(verb, now_ns)
        self._history.add(now_ns, verb.verb, self._shown(verb))

    def state(self) -> dict[str, Any]:
        """Return what its operator sees."""
        accounts = self._books.accounts()
        return {
            "bank": self.host.bank,
            "signed_on": self._signed_on,
            "away": sorted(self.host.away),
            "accounts": {
                _shown_account(name): balance
                for (bank, name, _), balance in sorted(accounts.items())
                if bank == self.host.bank
            },
            "objections": self._books.objections(),
            **{name: count for name, count in self._counts.items() if count},
        }

    def _heed(self, data: bytes, now_ns: int) -> None:
        try:
            message = unseal(data, self._spec, self._key, self._mac)
        except (MalformedError, MacError) as error:
            self._history.add(now_ns, "not_understood", str(error))
            return
        self._history.add(now_ns, f"got_{message.mti}", message.text(de.STAN))
        if self._counted("lose_requests", message):
            return
        answer = self._answer(message)
        if answer is None:
            return
        said = f"{message.text(de.STAN)} {answer.text(de.RESPONSE_CODE)}"
        self._history.add(now_ns, f"said_{answer.mti}", said)
        self._say(message, answer, now_ns)

    def _answer(self, message: Message) -> Message | None:
        network = mti.first_of(message.mti) == mti.NETWORK
        if network and message.text(de.NETWORK_CODE) in (SIGN_ON, SIGN_OFF):
            self._signed_on = message.text(de.NETWORK_CODE) == SIGN_ON
        if not self._signed_on and not network:
            if mti.is_answer(message.mti) or not mti.is_known(message.mti):
                return None
            kept = message.only(de.TRANSMITTED_AT, de.STAN, de.TERMINAL)
            return Message(
                mti.answer_to(message.mti), {**kept, de.RESPONSE_CODE: Response.MALFUNCTION.value}
            )
        return self.host.answer(message)

    def _say(self, message: Message, answer: Message, now_ns: int) -> None:
        key = self._key
        if self._counted("wrong_codes", message):
            key = bytes(reversed(key))
        data = frame(seal(answer, self._spec, key, self._mac), self._header)
        if self._counted("lose_answers", message):
            return
        if self._counted("double_answers", message):
            data += data
        if self._counted("answer_after_reversal", message):
            self._withheld.append(data)
            return
        if mti.first_of(message.mti) == mti.REVERSAL and self._withheld:
            data += b"".join(self._withheld)
            self._withheld.clear()
        if self._crossing and mti.first_of(message.mti) != mti.NETWORK:
            if self._crossed is None:
                self._crossed = data
                return
            data += self._crossed
            self._crossed, self._crossing = None, False
        if self._delay_ns:
            self._late.append((now_ns + self._delay_ns, data))
        else:
            self._out += data

    def _counted(self, name: str, message: Message) -> bool:
        """Say whether this message is one of those; signs of life never are, nor what undoes."""
        kind = mti.first_of(message.mti)
        if kind == mti.NETWORK or (name == "answer_after_reversal" and kind == mti.REVERSAL):
            return False
        if not self._counts[name]:
            return False
        self._counts[name] -= 1
        return True

    def _work(self, verb: Verb, now_ns: int) -> None:
        arguments = verb.arguments
        match verb.verb:
            case "decline":
                code = arguments["code"]
                if len(code) != 2 or not (code.isascii() and code.isalnum()):
                    raise VerbError("decline: a code is two letters or digits")
                self.host.declines.append(code)
            case "delay":
                self._delay_ns = _number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case "cross_answers":
                self._crossing = True
            case "garble":
                self._out += b"\xff\xff garbage \x00"
            case "issuer_away" | "issuer_back":
                self._reach(verb)
            case "report_card":
                pan = self._pan(verb)
                if arguments["status"] not in _STATUS:
                    raise VerbError(f"report_card: status is one of {', '.join(_STATUS)}")
                with self._books.writing():
                    self._books.set_status(pan, arguments["status"])
            case "forget_pins":
                with self._books.writing():
                    self._books.count_pin(self._pan(verb), wrong=False)
            case "restore_answers":
                self._restore()
            case "restart":
                self._forget()
            case counted:
                self._counts[counted] = _number(verb, "count", 1, COUNT_MAX)

    def _restore(self) -> None:
        """Let nothing go wrong any more; what is late, crossed or withheld is said now."""
        self._counts = dict.fromkeys(_COUNTED, 0)
        self._delay_ns, self._crossing = 0, False
        self.host.declines.clear()
        self.host.away.clear()
        waiting = [data for _, data in self._late]
        self._out += b"".join((*waiting, self._crossed or b"", *self._withheld))
        self._late.clear()
        self._withheld.clear()
        self._crossed = None

    def _reach(self, verb: Verb) -> None:
        bank = verb.arguments["bank"]
        if bank not in self._books.people.banks:
            known = ", ".join(self._books.people.banks)
            raise VerbError(f"{verb.verb}: no bank {bank!r}; there are {known}")
        change = self.host.away.add if verb.verb == "issuer_away" else self.host.away.discard
        change(bank)

    def _pan(self, verb: Verb) -> str:
        wanted = verb.arguments["card"]
        people = self._books.people
        fits = [
            n for n in (*people.cards, *people.accounts) if len(wanted) >= 4 and n.endswith(wanted)
        ]
        if len(fits) != 1:
            raise VerbError(f"{verb.verb}: {len(fits)} cards end so; give a whole number")
        return fits[0]

    def _shown(self, verb: Verb) -> str:
        return " ".join(
            masked_pan(value) if name == "card" else value for name, value in verb.arguments.items()
        )


def _shown_account(name: str) -> str:
    kind, _, number = name.partition("/")
    return f"{kind}/{masked_pan(number)}" if kind in ("card", "deposit") else name


def _number(verb: Verb, name: str, least: int, most: int) -> int:
    text = verb.arguments[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise VerbError(f"{verb.verb}: {name} is a whole number from {least} to {most}")
    return int(text)
