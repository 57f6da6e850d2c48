"""A virtual PIN pad: two lines, twelve keys, and a seal around them.

    till  == protocols.pin_pad ==  PadEnd  --  keys, display, the issuers' keys that were put into it
                                      |
     verbs: press, clear, enter, cancel; late, broken, doubled and lost bytes; open it, switch it off and on

It checks the card's certificate before it asks for a PIN, seals the PIN for that card as soon as enter
is pressed, and forgets the digits with that. No digit stands in its state or history, only how many
there are. What it asks with are its own words; the till chooses the language and the amount.

    state      SH       CF           PN                        digit, clear   enter            cancel, time, CA
    IDLE       show     CONFIRMING   ENTERING, or refused      -              -                -
    CONFIRMING busy     busy         busy                      -              answer, IDLE     answer, IDLE
    ENTERING   busy     busy         busy                      progress       answer, IDLE     answer, IDLE

For the bank it enciphers under a key that it uses once and has lost before the block leaves (pin_pad_keys).

Source: protocols/pin_pad; protocols/purse/sealed_pin; protocols/dukpt.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocols.control import Event, Verb, VerbHelp
from protocols.emv.certificates import CertificateError, enciphered_pin, pin_filler_bytes
from protocols.emv.rsa import PublicKey
from protocols.hpke import SealError
from protocols.line_display.cells import clip, decode_text
from protocols.money import Money
from protocols.pin_pad.pad import Asked, CancelWanted, Forget, PadEnd, PadEvent
from protocols.pin_pad.words import (
    LINE_CELLS,
    Aborted,
    AskStatus,
    Cancelled,
    Confirm,
    Confirmed,
    EncipherForBank,
    EncipherForChip,
    Ending,
    Entered,
    EnteredForChip,
    EnterPin,
    Identify,
    Identity,
    Language,
    PinBlockFormat,
    Purpose,
    Reason,
    Refused,
    SealForCard,
    Show,
    Shown,
    Status,
    TimedOut,
    TooShort,
)
from protocols.ports import Entropy
from protocols.purse.details import Certificate
from protocols.purse.memory import Memory
from protocols.purse.proof import ProofError, Prover
from protocols.purse.sealed_pin import RANDOM_BYTES, seal_pin
from protocols.purse.suite import P256
from protocols.secure_pin import DIGITS_MAX, pin_block
from sim.pin_pad_keys import BankKeys, UsedUpError, chip_key
from sim.pin_pad_mouth import Mouth
from sim.twin import History, VerbError, refuse_verb

MODEL: Final = "IPS virtual pad"
VERSION: Final = "1"
DELAY_MS_MAX: Final = 60_000
COUNT_MAX: Final = 1_000
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_MS: Final = {"ms": f"milliseconds, 0 to {DELAY_MS_MAX}"}
_COUNT: Final = {"count": f"how many, 1 to {COUNT_MAX}"}
_VERBS: Final = [
    VerbHelp(name="press", label_ko="숫자 누르기", label_en="Press digits",
             arguments={"digits": "0 to 9"}),
    VerbHelp(name="clear", label_ko="정정", label_en="Press clear"),
    VerbHelp(name="enter", label_ko="확인", label_en="Press enter"),
    VerbHelp(name="cancel", label_ko="취소", label_en="Press cancel"),
    VerbHelp(name="mute", label_ko="무응답", label_en="Say nothing"),
    VerbHelp(name="unmute", label_ko="응답 재개", label_en="Answer again"),
    VerbHelp(name="delay", label_ko="늦게 답하기", label_en="Answer late", arguments=_MS),
    VerbHelp(name="delay_acks", label_ko="ACK 늦추기", label_en="ACK after the answer",
             arguments=_MS),
    VerbHelp(name="lose_acks", label_ko="ACK 잃기", label_en="Say no ACK", arguments=_COUNT),
    VerbHelp(name="break_frames", label_ko="깨진 전문", label_en="Flip a bit of frames",
             arguments=_COUNT),
    VerbHelp(name="double_answers", label_ko="두 번 답하기", label_en="Answer twice", arguments=_COUNT),
    VerbHelp(name="garble", label_ko="잡음", label_en="Send garbage"),
    VerbHelp(name="restart", label_ko="껐다 켜기", label_en="Switch off and on"),
    VerbHelp(name="open_up", label_ko="뜯기", label_en="Open its case"),
    VerbHelp(name="repair", label_ko="수리", label_en="Close it, keys anew"),
]  # fmt: skip
_WORDS: Final = {
    Language.KO: {
        "pin": "비밀번호:",
        "confirm": "맞으면 확인",
        "wait": "기다려 주세요",
        "cancelled": "취소되었습니다",
        "late": "시간이 지났습니다",
        "short": "자릿수가 모자랍니다",
    },
    Language.EN: {
        "pin": "PIN:",
        "confirm": "Press enter",
        "wait": "Please wait",
        "cancelled": "Cancelled",
        "late": "Time is up",
        "short": "Too few digits",
    },
}


class PinPadTwin:
    """A PIN pad; satisfies sim.twin.Twin."""

    device = "pin_pad"

    def __init__(
        self,
        *,
        issuer_keys: Mapping[int, bytes],
        entropy: Entropy,
        authorities: Mapping[tuple[bytes, int], PublicKey] | None = None,
        pin_block: PinBlockFormat = PinBlockFormat.FORMAT_4,
        bank_memory: Memory | None = None,
    ) -> None:
        """`issuer_keys` are put into it for good, by number: whose purses it seals a PIN for.

        `authorities`, by RID and index: under whom chips are. `pin_block`: how it enciphers for the bank, and
        so what was loaded into `bank_memory`; None, it enciphers for none.
        """
        self._authorities = dict(authorities or {})
        self._bank_keys = None if bank_memory is None else BankKeys(pin_block, bank_memory)
        self._issuer_keys = dict(issuer_keys)
        self._prover = Prover(P256(), issuer_keys)
        self._entropy = entropy
        self._serial = entropy.token(4).hex().upper()
        self._history = History()
        self._opened = False
        self._mouth = Mouth()
        self._start()

    def _start(self) -> None:
        """Be as after switching on."""
        self._pad = PadEnd()
        self._mouth.forget()
        self._be_idle()

    def _be_idle(self) -> None:
        self._language = Language.KO
        self._lines = ("", "")
        self._asked: Confirm | EnterPin | None = None
        self._certificate: Certificate | None = None
        self._chip: PublicKey | None = None
        self._digits = ""
        self._ends_ns = 0

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    @property
    def deadline_ns(self) -> int | None:
        """When it says something late or again, or the time for a key is up."""
        times = [self._pad.deadline_ns, self._mouth.deadline_ns]
        if self._asked is not None:
            times.append(self._ends_ns)
        return min((due for due in times if due is not None), default=None)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the till."""
        if not self._mouth.faults.mute:
            self._heed(self._pad.receive(data, now_ns), now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the till."""
        return self._mouth.outgoing()

    def tick(self, now_ns: int) -> None:
        """End what has waited too long; say what is late."""
        self._heed(self._pad.tick(now_ns), now_ns)
        if self._asked is not None and now_ns >= self._ends_ns:
            self._end(TimedOut(), "late", now_ns)
        self._mouth.say(self._pad.pieces(), now_ns)

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do."""
        return list(_VERBS)

    def do(self, verb: Verb, now_ns: int) -> None:
        """Press a key, or break something. Raises: VerbError."""
        known = next((help_ for help_ in _VERBS if help_.name == verb.verb), None)
        if known is None or set(known.arguments) != set(verb.arguments):
            raise refuse_verb(verb, _VERBS)
        match verb.verb:
            case "press" | "clear" | "enter" | "cancel":
                self._key(verb, now_ns)
            case "restart":
                self._start()
                self._pad.switched_on()
                self._history.add(now_ns, "restarted")
            case "open_up" | "repair":
                self._open(now_ns, opened=verb.verb == "open_up")
            case _:
                self._break(verb)
        self._mouth.say(self._pad.pieces(), now_ns)

    def state(self) -> dict[str, Any]:
        """Return display and keys, with how many digits there are and never which."""
        upper, lower = self._lines
        return {
            "upper": upper,
            "lower": f"{lower} {'*' * len(self._digits)}".strip(),
            "keypad": self._keypad(),
            "opened": self._opened,
            "mute": self._mouth.faults.mute,
            "serial": self._serial,
            "ksn": "" if self._bank_keys is None else self._bank_keys.ksn,
        }

    # The till

    def _heed(self, events: list[PadEvent], now_ns: int) -> None:
        for event in events:
            match event:
                case Forget():
                    self._history.add(now_ns, "begun_anew")
                    self._be_idle()
                case CancelWanted() if self._asked is not None:
                    self._end(Aborted(), "cancelled", now_ns)
                case CancelWanted():
                    pass
                case Asked(command):
                    self._obey(command, now_ns)
        self._mouth.say(self._pad.pieces(), now_ns)

    def _obey(self, command: Identify | AskStatus | Show | Confirm | EnterPin, now_ns: int) -> None:
        match command:
            case Identify():
                keys = tuple(sorted(self._issuer_keys))
                self._answer(Identity(MODEL, self._serial, VERSION, keys), now_ns)
            case AskStatus():
                self._answer(Status(opened=self._opened), now_ns)
            case Show(language, upper, lower):
                self._language = language
                self._show(upper, lower, now_ns)
                self._answer(Shown(), now_ns)
            case Confirm():
                self._begin(command, "confirm", now_ns)
            case EnterPin():
                self._begin_entry(command, now_ns)

    def _begin(self, command: Confirm | EnterPin, word: str, now_ns: int) -> None:
        self._asked, self._language = command, command.language
        self._ends_ns = now_ns + command.seconds * _NS_PER_S
        self._show(_amount(command.amount, command.language), self._word(word), now_ns)

    def _begin_entry(self, command: EnterPin, now_ns: int) -> None:
        """Ask for a PIN, if the card that it is for can be trusted and the pad too."""
        if self._opened:
            self._answer(Refused(Reason.OPENED), now_ns)
            return
        if isinstance(command.purpose, EncipherForBank):
            has_key = self._bank_keys is not None and self._bank_keys.ksn
            reason, wanted_by = Reason.KEYS, "the bank" if has_key else ""
        else:
            reason, wanted_by = Reason.CERTIFICATE, self._trusted(command.purpose, now_ns)
        if not wanted_by:
            self._answer(Refused(reason), now_ns)
            return
        self._digits = ""
        self._history.add(now_ns, "pin_wanted", wanted_by)
        self._begin(command, "pin", now_ns)

    def _trusted(self, purpose: SealForCard | EncipherForChip, now_ns: int) -> str:
        """Return whose card it is for; nothing where its certificate is by nobody this pad knows."""
        try:
            if isinstance(purpose, EncipherForChip):
                self._chip = chip_key(purpose, self._authorities)
                return "a chip"
            self._certificate = self._prover.certificate(purpose.certificate)
        except (ProofError, CertificateError) as error:
            self._history.add(now_ns, "pin_refused", str(error))
            return ""
        return self._certificate.name.decode("ascii", "replace")

    def _answer(self, answer: Ending, now_ns: int) -> None:
        self._pad.answer(answer, now_ns)
        if self._mouth.faults.doubled_answers:
            self._mouth.faults.doubled_answers -= 1
            self._pad.say_again(now_ns)

    def _end(self, answer: Ending, word: str, now_ns: int) -> None:
        self._be_idle_with(word, now_ns)
        self._history.add(now_ns, "ended", type(answer).__name__.lower())
        self._answer(answer, now_ns)

    def _be_idle_with(self, word: str, now_ns: int) -> None:
        language = self._language
        self._be_idle()
        self._language = language
        self._show(self._word(word), "", now_ns)

    # The keys

    def _key(self, verb: Verb, now_ns: int) -> None:
        asked = self._asked
        if asked is None:
            raise VerbError(f"{verb.verb}: nobody asks for anything: the keys do nothing")
        match verb.verb:
            case "cancel":
                self._end(Cancelled(), "cancelled", now_ns)
            case "enter" if isinstance(asked, EnterPin):
                self._enter(asked, now_ns)
            case "enter":
                self._end(Confirmed(), "wait", now_ns)
            case _:
                self._digit(verb, asked, now_ns)

    def _digit(self, verb: Verb, asked: Confirm | EnterPin, now_ns: int) -> None:
        if isinstance(asked, Confirm):
            raise VerbError(f"{verb.verb}: only enter and cancel do something now")
        digits = verb.arguments.get("digits", "")
        if verb.verb == "press" and not (digits.isascii() and digits.isdigit()):
            raise VerbError("press: digits only")
        kept = "" if verb.verb == "clear" else self._digits + digits
        self._digits = kept[: min(asked.digits_max, DIGITS_MAX)]
        self._pad.progress(len(self._digits), now_ns)

    def _enter(self, asked: EnterPin, now_ns: int) -> None:
        if len(self._digits) < asked.digits_min:
            self._end(TooShort(), "short", now_ns)
            return
        ending = self._sealed(asked.purpose)
        self._end(ending, "cancelled" if isinstance(ending, Refused) else "wait", now_ns)

    def _sealed(self, purpose: Purpose) -> Ending:
        """Return the PIN as whoever it is for can open it."""
        match purpose:
            case SealForCard(challenge):
                assert self._certificate is not None, "no entry begins without a certificate"
                try:
                    body = seal_pin(
                        pin_block(self._digits),
                        certificate=self._certificate,
                        challenge=challenge,
                        random=self._entropy.token(RANDOM_BYTES),
                    )
                except SealError:
                    return Refused(Reason.CERTIFICATE)
                return Entered(body)
            case EncipherForChip(challenge=challenge):
                assert self._chip is not None, "no entry begins without a key"
                filler = self._entropy.token(pin_filler_bytes(self._chip))
                block = pin_block(self._digits)
                return EnteredForChip(enciphered_pin(self._chip, block, challenge, filler))
            case EncipherForBank(pan):
                assert self._bank_keys is not None, "no entry for the bank begins without keys"
                try:
                    return self._bank_keys.encipher(self._digits, pan, self._entropy)
                except UsedUpError:
                    return Refused(Reason.KEYS)

    def _open(self, now_ns: int, *, opened: bool) -> None:
        """A pad that is opened forgets what it was doing, and takes no PIN until it is repaired."""
        self._opened = opened
        self._history.add(now_ns, "opened" if opened else "repaired")
        if opened and isinstance(self._asked, EnterPin):
            self._end(Refused(Reason.OPENED), "cancelled", now_ns)

    def _break(self, verb: Verb) -> None:
        faults = self._mouth.faults
        match verb.verb:
            case "mute" | "unmute":
                faults.mute = verb.verb == "mute"
            case "delay":
                faults.delay_ns = _number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case "delay_acks":
                faults.ack_delay_ns = _number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case "lose_acks":
                faults.lost_acks = _number(verb, "count", 1, COUNT_MAX)
            case "break_frames":
                faults.broken_frames = _number(verb, "count", 1, COUNT_MAX)
            case "double_answers":
                faults.doubled_answers = _number(verb, "count", 1, COUNT_MAX)
            case _:
                self._mouth.noise()

    # The display

    def _show(self, upper: str, lower: str, now_ns: int) -> None:
        lines = tuple(decode_text(clip(line, LINE_CELLS)) for line in (upper, lower))
        self._lines = (lines[0], lines[1])
        self._history.add(now_ns, "shown", " | ".join(self._lines))

    def _word(self, name: str) -> str:
        return _WORDS[self._language][name]

    def _keypad(self) -> str:
        match self._asked:
            case None:
                return "idle"
            case Confirm():
                return "confirm"
            case EnterPin():
                return f"{len(self._digits)} digits"


def _amount(amount: Money, language: Language) -> str:
    won = language is Language.KO and amount.currency.code == "KRW"
    return f"{amount.format()}원" if won else f"{amount.currency.code} {amount.format()}"


def _number(verb: Verb, name: str, least: int, most: int) -> int:
    text = verb.arguments[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise VerbError(f"{verb.verb}: {name} is a whole number from {least} to {most}")
    return int(text)
