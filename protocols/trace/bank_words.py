"""What a broker and its banks say to each other, in words; the numbers of cards masked as everywhere."""

from collections.abc import Iterable
from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583 import mti
from protocols.iso8583.describe import masked_pan
from protocols.iso8583.message import MalformedError, Message
from protocols.trace.bank_messages import BankReader, read_message

_KINDS: Final = {
    mti.AUTHORISATION: "promise",
    mti.PURCHASE: "payment",
    mti.ADVICE: "advice",
    mti.REVERSAL_REQUEST: "reversal",
    mti.REVERSAL: "reversal",
    mti.RECONCILIATION: "totals",
    mti.NETWORK: "network",
}
_NETWORK: Final = {"001": "sign on", "002": "sign off", "301": "echo"}


class BankTeller:
    """Both directions of one channel."""

    def __init__(self) -> None:
        self._readers = BankReader(), BankReader()

    def to(self, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what the broker says."""
        return _told(self._readers[0], data)

    def come(self, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what the bank says."""
        return _told(self._readers[1], data)


def _told(reader: BankReader, data: bytes) -> list[str]:
    whole = reader.receive(data)
    return [f"noise: {len(data)} bytes"] if reader.lost else [_words(each) for each in whole]


def _words(data: bytes) -> str:
    try:
        message, _ = read_message(data)
    except MalformedError:
        return f"no message: {len(data)} bytes"
    parts = [message.mti, _kind(message), f"number {message.text(de.STAN)}"]
    if de.RESPONSE_CODE in message:
        parts.append(f"code {message.text(de.RESPONSE_CODE)}")
    if message.text(de.APPROVAL):
        parts.append(f"approval {message.text(de.APPROVAL)}")
    if message.text(de.AMOUNT):
        parts.append(f"amount {int(message.text(de.AMOUNT)):,}")
    for number, word in ((de.PAN, "card"), (de.ACCOUNT_FROM, "account")):
        if message.text(number):
            parts.append(f"{word} {masked_pan(message.text(number))}")
    return " ".join(parts)


def _kind(message: Message) -> str:
    asked = mti.first_of(message.mti)
    if mti.is_answer(message.mti):
        asked = next((kind for kind in mti.REQUESTS if mti.answer_to(kind) == message.mti), asked)
    if asked == mti.NETWORK:
        return _NETWORK.get(message.text(de.NETWORK_CODE), "network")
    return _KINDS.get(asked, "message")
