"""Bytes of ZVT for tests: what terminals of others have said, and two ends with nothing but bytes between."""

from dataclasses import dataclass, field

from protocols.card_number import CardNumber
from protocols.zvt.apdu import Apdu
from protocols.zvt.controls import Control
from protocols.zvt.link import NetworkLink, SerialLink
from protocols.zvt.messages import (
    Config,
    Order,
    Registration,
    aborted,
    completion,
    lines,
    refused,
    state,
    text_block,
    with_password,
)
from protocols.zvt.register import RegisterEnd, RegisterEvent
from protocols.zvt.status import Group, StatusInformation, Totals, hide_card, write_status
from protocols.zvt.terminal import TerminalEnd, TerminalEvent
from protocols.zvt.text import Charset

PAN = CardNumber("4761739001010119")
REGISTRATION = Registration(
    config=Config.REGISTER_PRINTS | Config.SEND_STATES,
    currency=410,
    charset=Charset.UTF_8,
    columns=42,
)
PAID = StatusInformation(
    amount=12_500,
    currency=410,
    trace=17,
    receipt=4,
    time=120_001,
    date=1129,
    terminal_id=28004869,
    contract="100461763",
    approval="611804",
    card=hide_card(PAN),
    card_shown="************0119",
    card_type=10,
    card_name="한빛카드",
    aid="F049505300010101",
    text="IPS0123456789AB",
)
CLOSED = StatusInformation(
    amount=37_500,
    terminal_id=28004869,
    date=1129,
    time=220_000,
    totals=Totals(
        first_receipt=1, last_receipt=4, groups={Group.VISA: (2, 25_000), Group.OTHER: (1, 12_500)}
    ),
)
PAPER = ["한빛마트", "VISA ****0119", "12,500"]
OF_THE_REGISTER = [
    REGISTRATION.apdu(),
    Order(amount=12_500, currency=410, text="IPS0123456789AB").apdu(Control.AUTHORISATION),
    Order(receipt=4).apdu(Control.REVERSAL, 0),
    Order(amount=500).apdu(Control.REFUND, 0),
    with_password(Control.END_OF_DAY),
    with_password(Control.REPEAT_RECEIPT),
    Apdu(Control.DIAGNOSIS),
    with_password(Control.INITIALISATION),
]
OF_THE_TERMINAL = [
    Apdu(0x8000),
    refused(0x9C),
    state(0x0A),
    write_status(PAID, Charset.UTF_8),
    write_status(CLOSED, Charset.UTF_8),
    *lines(PAPER, Charset.UTF_8),
    text_block(PAPER, Charset.UTF_8),
    completion(28004869, 410),
    aborted(0x6C),
]
GENUINE = {
    "aborted": bytes.fromhex("040f1e276c29280048693cf0f1f94162627275636820647572636820 4b756e6465"),
    "paid": bytes.fromhex(
        "040f77270004000000002040 0b0004700c2239530d10060e25121700011970"
        "22f0f8eeeeeeeeeeee477129280048692a313030343631373633202020202020"
        "3b36313138303400003cf0f1f447454e2e4e522e3a363131383034490978"
        "87047088000470 8a2e8bf1f744656269742 04d61737465726361726400".replace(" ", "")
    ),
    "tapped": bytes.fromhex(
        "040f6527000c2313550d10290e999922f0f8eeeeeeeeeeee4771a001290000000687"
        "00080b0000008a068bf1f14d41535445524341524400062e2f081f1201021f100100"
        "601b4307a00000000410104410446562 6974204d6173746572636172641f2b0410015008".replace(" ", "")
    ),
    "administration": bytes.fromhex(
        "06d3ac0681a91f0701032581a2071b30322e31312e323032312020202020202020203137"
        "3a30353a3032070c5449443a4148303030303036071441627363686c757373202d206b65"
        "696e6520545807192041563a202b30342e303720284a756e203131203230323129071b54"
        "493a20452044543a20302f302f204f463a20302f302f2043473a070f2020202020202020"
        "202020312f302f070120070120070120070120070120070120070120090181"
    ),
}
"""APDUs as terminals of CardComplete and hobex have said them, from the tests of a register's library."""


@dataclass
class Pair:
    """A register and a terminal on one line; what is lost on it is up to the test."""

    serial: bool = True
    now_ns: int = 0
    events: list[RegisterEvent] = field(default_factory=list)
    asked: list[TerminalEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        link = SerialLink if self.serial else NetworkLink
        self.register, self.terminal = RegisterEnd(link()), TerminalEnd(link())

    def pass_on(self) -> None:
        """Let both say all that they have to say, until nothing is on the line."""
        while True:
            there, back = self.register.outgoing(), self.terminal.outgoing()
            if not there and not back:
                return
            self.asked += self.terminal.receive(there, self.now_ns)
            self.events += self.register.receive(back, self.now_ns)

    def told(self) -> list[RegisterEvent]:
        """Return what the register has been told since the last time."""
        events, self.events = self.events, []
        return events
