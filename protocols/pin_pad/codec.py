"""How commands and answers are written in a frame's text, both directions.

    turn 2 digits | word 2 letters [ FS field ] ...      UTF-8; numbers decimal

Bytes are written as letters, a to p for 0 to 15, the high half first: a row of digits could be taken for
a card's number by whoever makes recordings fit to be shown.

    till -> pad
      ID                                                        who are you?
      ST                                                        how are you?
      SH  language FS line 1 FS line 2                          show two lines; both empty: be idle
      CF  language FS amount FS currency FS seconds             have the customer confirm an amount
      PN  language FS amount FS currency FS seconds FS min FS max FS purpose FS ...
            verify FS challenge FS certificate                  a PIN for this card (purse.sealed_pin)
            online FS number                                    a PIN for the bank (pin_block, dukpt)
            chip FS number FS RID and index FS challenge FS ..  a PIN for this chip (emv.certificates)
              its issuer's certificate FS remainder FS exponent FS its PIN key's, the same three
      CA                                                        end what runs under this turn
    pad -> till
      id  model FS serial FS version FS key ids, comma between
      st  ready, or opened: it takes no PIN any more
      ok                                                        shown
      cf                                                        the customer pressed enter
      dg  count                                                 so many digits so far; not the end yet
      pn  body                                                  entered: what the card is to be given
      pc  body                                                  entered: what the chip is to be given
      pb  format FS KSN FS block                                entered: what the bank is to be given
      cn, to, sh                                                cancelled, time is up, too short
      ab                                                        ended by CA
      no  reason                                                not done (words.Reason)

A card's number is written as a track is: `;` digits `==?` and a check byte that makes the whole even, a
third `=` where the byte would not be printable. So a recording finds it, and puts a test value there
that leaves the frame's own check as it was (protocols.trace.stand_ins).

The turn of an answer is its command's.
"""

import re
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Final, NamedTuple, TypeVar

from protocols.emv.certificates import CHALLENGE_BYTES as CHIP_CHALLENGE_BYTES
from protocols.emv.certificates import KEY_BYTES_MAX as CHIP_BYTES_MAX
from protocols.emv.terminal import RID_BYTES
from protocols.money import Money, currency
from protocols.pin_pad.frames import FS
from protocols.pin_pad.words import (
    KSN_AND_BLOCK_BYTES,
    LINE_CHARACTERS_MAX,
    SECONDS_MAX,
    TURNS,
    Aborted,
    Answer,
    AskStatus,
    Cancel,
    Cancelled,
    Command,
    Confirm,
    Confirmed,
    Digits,
    EncipherForBank,
    EncipherForChip,
    Entered,
    EnteredForBank,
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
from protocols.purse.details import CERTIFICATE_BYTES
from protocols.purse.sealed_pin import CHALLENGE_BYTES, SEALED_PIN_BYTES
from protocols.secure_pin import DIGITS_MAX, DIGITS_MIN

T = TypeVar("T")

_FS: Final = chr(FS)
_LETTERS: Final = "abcdefghijklmnop"
_TO_LETTERS: Final = str.maketrans("0123456789abcdef", _LETTERS)
_FROM_LETTERS: Final = str.maketrans(_LETTERS, "0123456789abcdef")
_NUMBER: Final = re.compile(r";(\d{12,19})={2,3}\?[ -~]", re.ASCII)
_OPENED: Final = {"ready": False, "opened": True}
_KEY_ID_MAX: Final = 255
_AMOUNT_MAX: Final = 999_999_999_999
_NAME_CHARACTERS_MAX: Final = 32


class WordError(ValueError):
    """A frame's text is no command, or no answer."""

    def __init__(self, reason: Reason, turn: int | None, what: str) -> None:
        super().__init__(what)
        self.reason = reason
        self.turn = turn
        """Whose it is, where that could be read."""


class _ReasonError(ValueError):
    """Fields that are well written and mean something that is not known here."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Spoken(NamedTuple):
    """A turn and a word, as a frame's text has them."""

    turn: int
    word: str
    fields: list[str]


def encode_command(turn: int, command: Command) -> bytes:
    """Return a command's text."""
    match command:
        case Identify():
            return _text(turn, "ID")
        case AskStatus():
            return _text(turn, "ST")
        case Show(language, upper, lower):
            return _text(turn, "SH", language.value, _line(upper), _line(lower))
        case Confirm(language, amount, seconds):
            return _text(turn, "CF", *_prompt(language, amount, seconds))
        case EnterPin():
            assert DIGITS_MIN <= command.digits_min <= command.digits_max <= DIGITS_MAX
            return _text(
                turn,
                "PN",
                *_prompt(command.language, command.amount, command.seconds),
                str(command.digits_min),
                str(command.digits_max),
                *_purpose(command.purpose),
            )
        case Cancel():
            return _text(turn, "CA")


def encode_answer(turn: int, answer: Answer) -> bytes:
    """Return an answer's text."""
    match answer:
        case Identity(model, serial, version, issuer_keys):
            keys = ",".join(map(str, issuer_keys))
            return _text(turn, "id", model, serial, version, keys)
        case Status(opened):
            return _text(turn, "st", "opened" if opened else "ready")
        case Digits(count):
            return _text(turn, "dg", str(count))
        case Entered(body):
            return _text(turn, "pn", _letters(body))
        case EnteredForChip(body):
            return _text(turn, "pc", _letters(body))
        case EnteredForBank(form, ksn, block):
            return _text(turn, "pb", form.value, _letters(ksn), _letters(block))
        case Refused(reason):
            return _text(turn, "no", reason.value)
        case _:
            return _text(turn, _PLAIN_WORDS[type(answer)])


def decode_command(text: bytes) -> tuple[int, Command]:
    """Decode a command. Raises: WordError."""
    return _decode(text, _COMMANDS)


def decode_answer(text: bytes) -> tuple[int, Answer]:
    """Decode an answer. Raises: WordError."""
    return _decode(text, _ANSWERS)


def _text(turn: int, word: str, *fields: str) -> bytes:
    assert 0 <= turn < TURNS
    return _FS.join((f"{turn:02}{word}", *fields)).encode()


def _line(text: str) -> str:
    """Return a line as it may stand in a frame: one line, printable, not too long."""
    return "".join(character for character in text if character.isprintable())[:LINE_CHARACTERS_MAX]


def _prompt(language: Language, amount: Money, seconds: int) -> tuple[str, str, str, str]:
    assert 0 < seconds <= SECONDS_MAX and 0 <= amount.minor <= _AMOUNT_MAX
    return language.value, str(amount.minor), amount.currency.code, str(seconds)


def _purpose(purpose: Purpose) -> tuple[str, ...]:
    match purpose:
        case SealForCard(challenge, certificate):
            return "verify", _letters(challenge), _letters(certificate)
        case EncipherForBank(pan):
            return "online", _written_number(pan)
        case EncipherForChip(pan, (rid, index), challenge, issuer, card):
            authority = rid + bytes((index,))
            pieces = (authority, challenge, *issuer, *card)
            return "chip", _written_number(pan), *map(_letters, pieces)


def _spoken(text: bytes) -> Spoken:
    """Raises: WordError."""
    try:
        head, *fields = text.decode().split(_FS)
    except UnicodeDecodeError as error:
        raise WordError(Reason.MALFORMED, None, "the text is no UTF-8") from error
    if len(head) != 4 or not (head[:2].isascii() and head[:2].isdigit()):
        raise WordError(Reason.MALFORMED, None, f"{head[:8]!r} is no turn with its word")
    return Spoken(int(head[:2]), head[2:], fields)


def _decode(text: bytes, known: dict[str, Callable[[list[str]], T]]) -> tuple[int, T]:
    turn, word, fields = _spoken(text)
    make = known.get(word)
    if make is None:
        raise WordError(Reason.UNKNOWN, turn, f"no word {word!r}")
    try:
        return turn, make(fields)
    except _ReasonError as error:
        raise WordError(error.reason, turn, f"{word}: {error}") from error
    except ValueError as error:
        raise WordError(Reason.MALFORMED, turn, f"{word}: {error}") from error


# Fields: each raises ValueError


def _number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise ValueError(f"{text[:16]!r} is no number from {least} to {most}")
    return int(text)


def _letters(data: bytes) -> str:
    return data.hex().translate(_TO_LETTERS)


def _bytes(text: str, size: int) -> bytes:
    if len(text) != 2 * size or not set(text) <= set(_LETTERS):
        raise ValueError(f"{size} bytes are wanted, as letters")
    return bytes.fromhex(text.translate(_FROM_LETTERS))


def _written_number(pan: str) -> str:
    assert re.fullmatch(r"[0-9]{12,19}", pan), "a card's number has 12 to 19 digits"
    text = f";{pan}==?" if len(pan) % 2 else f";{pan}===?"
    return text + chr(reduce(xor, text.encode()))


def _number_read(text: str) -> str:
    found = _NUMBER.fullmatch(text)
    if found is None or reduce(xor, text.encode()):
        # Never the text itself: it may be a number in clear.
        raise ValueError("no number of a card with its check")
    return found[1]


def _some_bytes(text: str) -> bytes:
    return _bytes(text, min(len(text) // 2, CHIP_BYTES_MAX))


def _asked(fields: list[str]) -> tuple[Language, Money, int]:
    language, amount, code, seconds = fields
    money = Money(_number(amount, 0, _AMOUNT_MAX), currency(code))
    return Language(language), money, _number(seconds, 1, SECONDS_MAX)


def _nothing(value: T) -> Callable[[list[str]], T]:
    """Return what reads a word that has no fields."""

    def read(fields: list[str]) -> T:
        if fields:
            raise ValueError("it has no fields")
        return value

    return read


def _show(fields: list[str]) -> Show:
    language, upper, lower = fields
    if max(len(upper), len(lower)) > LINE_CHARACTERS_MAX:
        raise ValueError("a line is too long")
    return Show(Language(language), upper, lower)


def _confirm(fields: list[str]) -> Confirm:
    return Confirm(*_asked(fields))


def _enter_pin(fields: list[str]) -> EnterPin:
    least, most, purpose, *rest = fields[4:]
    language, amount, seconds = _asked(fields[:4])
    digits_min = _number(least, DIGITS_MIN, DIGITS_MAX)
    digits_max = _number(most, digits_min, DIGITS_MAX)
    return EnterPin(
        language=language,
        amount=amount,
        seconds=seconds,
        digits_min=digits_min,
        digits_max=digits_max,
        purpose=_purpose_read(purpose, rest),
    )


def _purpose_read(purpose: str, fields: list[str]) -> Purpose:
    match purpose:
        case "verify":
            challenge, certificate = fields
            return SealForCard(
                _bytes(challenge, CHALLENGE_BYTES), _bytes(certificate, CERTIFICATE_BYTES)
            )
        case "online":
            (number,) = fields
            return EncipherForBank(_number_read(number))
        case "chip":
            return _for_chip(fields)
        case _:
            raise _ReasonError(Reason.PURPOSE)


def _for_chip(fields: list[str]) -> EncipherForChip:
    number, authority, challenge, *pieces = fields
    key = _bytes(authority, RID_BYTES + 1)
    one, two, three, four, five, six = (_some_bytes(piece) for piece in pieces)
    return EncipherForChip(
        _number_read(number),
        (key[:-1], key[-1]),
        _bytes(challenge, CHIP_CHALLENGE_BYTES),
        (one, two, three),
        (four, five, six),
    )


def _identity(fields: list[str]) -> Identity:
    model, serial, version, keys = fields
    if max(len(model), len(serial), len(version)) > _NAME_CHARACTERS_MAX:
        raise ValueError("a name is too long")
    numbers = keys.split(",") if keys else []
    return Identity(
        model, serial, version, tuple(_number(number, 0, _KEY_ID_MAX) for number in numbers)
    )


def _status(fields: list[str]) -> Status:
    (how,) = fields
    if how not in _OPENED:
        raise ValueError(f"{how[:16]!r} is no status")
    return Status(_OPENED[how])


def _digits(fields: list[str]) -> Digits:
    (count,) = fields
    return Digits(_number(count, 0, DIGITS_MAX))


def _entered(fields: list[str]) -> Entered:
    (body,) = fields
    return Entered(_bytes(body, SEALED_PIN_BYTES))


def _entered_for_bank(fields: list[str]) -> EnteredForBank:
    which, ksn, block = fields
    form = PinBlockFormat(which)
    sizes = KSN_AND_BLOCK_BYTES[form]
    return EnteredForBank(form, _bytes(ksn, sizes[0]), _bytes(block, sizes[1]))


def _entered_for_chip(fields: list[str]) -> EnteredForChip:
    (body,) = fields
    if not body:
        raise ValueError("a body has bytes")
    return EnteredForChip(_some_bytes(body))


def _refused(fields: list[str]) -> Refused:
    (reason,) = fields
    return Refused(Reason(reason))


_PLAIN: Final[dict[str, Answer]] = {
    "ok": Shown(),
    "cf": Confirmed(),
    "cn": Cancelled(),
    "to": TimedOut(),
    "sh": TooShort(),
    "ab": Aborted(),
}
_PLAIN_WORDS: Final = {type(answer): word for word, answer in _PLAIN.items()}
_COMMANDS: Final[dict[str, Callable[[list[str]], Command]]] = {
    "ID": _nothing(Identify()),
    "ST": _nothing(AskStatus()),
    "SH": _show,
    "CF": _confirm,
    "PN": _enter_pin,
    "CA": _nothing(Cancel()),
}
_ANSWERS: Final[dict[str, Callable[[list[str]], Answer]]] = {
    "id": _identity,
    "st": _status,
    "dg": _digits,
    "pn": _entered,
    "pb": _entered_for_bank,
    "pc": _entered_for_chip,
    "no": _refused,
    **{word: _nothing(answer) for word, answer in _PLAIN.items()},
}
