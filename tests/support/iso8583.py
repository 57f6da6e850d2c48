"""Messages that tests of ISO 8583 share: one of each type, none of anybody's."""

from protocols.iso8583 import mti
from protocols.iso8583.message import Message

PAN = "4761739001010119"
ICC = bytes.fromhex(
    "9F2608A1B2C3D4E5F607089F2701809F100706010A03A0A8009F3704123456789F36020001950500000000009A03"
    "2611299C01009F02060000000125005F2A020410820258009F1A0204109F03060000000000009F3303E0F8C8"
)
PURCHASE = Message(
    mti.PURCHASE,
    {
        2: PAN,
        3: "000000",
        4: "000000012500",
        7: "1129133500",
        11: "000123",
        12: "223500",
        13: "1129",
        14: "2912",
        18: "5411",
        22: "051",
        25: "00",
        32: "12345",
        35: f"{PAN}=29122010123456789",
        37: "633422000123",
        41: "TERM0001",
        42: "SHOP00000000001",
        49: "410",
        52: bytes.fromhex("1A2B3C4D5E6F7081"),
        55: ICC,
    },
)
APPROVED = Message(
    "0210",
    {**PURCHASE.only(3, 4, 7, 11, 37, 41, 49), 38: "A1B2C3", 39: "00", 55: bytes.fromhex("910A01")
     + bytes(9)},
)  # fmt: skip
REVERSAL = Message(
    mti.REVERSAL,
    {
        **PURCHASE.only(2, 3, 4, 11, 12, 13, 32, 37, 41, 42, 49),
        7: "1129133530",
        90: "0200000123112913350000000012345" + "0" * 11,
    },
)
RECONCILIATION = Message(
    mti.RECONCILIATION,
    {7: "1129235900", 11: "000999", 41: "TERM0001", 42: "SHOP00000000001", 49: "410",
     74: "2", 75: "0", 76: "31", 77: "1", 86: "12500", 87: "0", 88: "991000", 89: "3000",
     97: "D0000000000975500"},
)  # fmt: skip
SIGN_ON = Message(mti.NETWORK, {7: "1129000001", 11: "000001", 70: "001"})
ALL = (PURCHASE, APPROVED, REVERSAL, RECONCILIATION, SIGN_ON)
