"""A broker's side of a bank's line for tests, with nothing of the broker's: messages by hand."""

from dataclasses import dataclass, field

from protocols.des import encrypt
from protocols.dukpt import aes
from protocols.iso8583 import mti
from protocols.iso8583.framing import FrameReader, Header, frame
from protocols.iso8583.mac import MacAlgorithm, seal, unseal
from protocols.iso8583.message import Message
from protocols.iso8583.original import original_of
from protocols.iso8583.pin import EncipheredPin, pin_fields
from protocols.iso8583.specs import ASCII
from protocols.pin_block import encipher_format_4, format_0
from sim.bank.keys import TEST_KEY
from sim.bank.pins import PinKeys

DEBIT, POOR, BUSY = "9900110000000017", "9900110000000025", "9900220000000014"
CREDIT, EXPIRED, STOLEN = "9900330000000011", "9900330000000029", "9900330000000037"
LOST, RESTRICTED, REFUND_ONLY = "9900330000000045", "9900330000000052", "9900330000000060"
ACCOUNT = "110220330440"


def pin_of(pin: str, pan: str, keys: PinKeys | None = None) -> dict:
    """The fields of a PIN in format 4 under AES DUKPT, from a pad of its own."""
    keys = keys or PinKeys()
    pad_id = bytes.fromhex("1234567890123456")
    ksn = aes.ksn_of(pad_id, 1)
    first = aes.initial_key(keys.aes_base, pad_id)
    key = aes.working_key(aes.transaction_key(first, ksn), ksn, aes.Usage.PIN)
    block = encipher_format_4(pin, pan, key=key, random=bytes(8))
    return dict(pin_fields(EncipheredPin(block=block, ksn=ksn)))


def old_pin_of(pin: str, pan: str) -> dict:
    """The same in format 0 under the fixed key."""
    return dict(pin_fields(EncipheredPin(block=encrypt(PinKeys().fixed, format_0(pin, pan)))))


@dataclass
class Asks:
    """Numbers requests as one terminal does."""

    terminal: str = "01"
    stan: int = 0
    sent: list[Message] = field(default_factory=list)

    def ask(
        self, kind: str = mti.PURCHASE, pan: str = DEBIT, amount: int = 1_000, **more
    ) -> Message:
        """A request; `more` are further fields, as f14="3012"."""
        self.stan += 1
        further = {int(name[1:]): value for name, value in more.items()}
        fields = {2: pan, 3: "000000", 4: f"{amount:012d}", 7: f"1129{self.stan:06d}",
                  11: f"{self.stan:06d}", 32: "12345", 37: f"{self.stan:012d}", 41: self.terminal,
                  42: "S01", 49: "410", **further}  # fmt: skip
        message = Message(kind, {number: v for number, v in fields.items() if v is not None})
        self.sent.append(message)
        return message

    def undo(self, message: Message, kind: str = mti.REVERSAL) -> Message:
        """The reversal of a request."""
        self.stan += 1
        return Message(kind, {**message.only(2, 3, 4, 11, 32, 37, 41, 42, 49), 7: "1129235959",
                              11: f"{self.stan:06d}", 90: original_of(message).digits()})  # fmt: skip


@dataclass
class Line:
    """The bytes of a line to a twin, both ways."""

    spec = ASCII
    header: Header = Header.BINARY
    mac: MacAlgorithm = MacAlgorithm.CMAC
    key: bytes = bytes.fromhex(TEST_KEY)

    def __post_init__(self) -> None:
        self._reader = FrameReader(self.header)

    def write(self, message: Message) -> bytes:
        return frame(seal(message, self.spec, self.key, self.mac), self.header)

    def read(self, data: bytes) -> list[Message]:
        whole = self._reader.receive(data)
        return [unseal(each, self.spec, self.key, self.mac) for each in whole]


SIGN_ON = Message(mti.NETWORK, {7: "1129000000", 11: "999999", 70: "001"})
