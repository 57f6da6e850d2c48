"""The data elements of ISO 8583:1987 by number, in the notation of its own table.

    n 6      exactly 6 digits           n ..19   up to 19 digits behind a length of two digits
    an, ans  letters, digits, signs     ...999   behind a length of three
    x+n 8    C or D, then 8 digits      z ..37   track 2      b 8   8 bytes

Masks: `pan` keeps the first six and the last four, `hidden` keeps nothing, `icc` hides the objects
that tell a card.
"""

from dataclasses import dataclass
from typing import Final

PAN: Final = 2
PROCESSING_CODE: Final = 3
AMOUNT: Final = 4
TRANSMITTED_AT: Final = 7
STAN: Final = 11
LOCAL_TIME: Final = 12
LOCAL_DATE: Final = 13
EXPIRY: Final = 14
MERCHANT_TYPE: Final = 18
ENTRY_MODE: Final = 22
PAN_SEQUENCE: Final = 23
CONDITION_CODE: Final = 25
ACQUIRER: Final = 32
FORWARDER: Final = 33
TRACK_2: Final = 35
RRN: Final = 37
APPROVAL: Final = 38
RESPONSE_CODE: Final = 39
TERMINAL: Final = 41
MERCHANT: Final = 42
ADDITIONAL_PRIVATE: Final = 48
CURRENCY: Final = 49
PIN_BLOCK: Final = 52
ICC: Final = 55
PRIVATE_60: Final = 60
MAC: Final = 64
SETTLEMENT_CODE: Final = 66
NETWORK_CODE: Final = 70
CREDITS_NUMBER: Final = 74
CREDITS_REVERSAL_NUMBER: Final = 75
DEBITS_NUMBER: Final = 76
DEBITS_REVERSAL_NUMBER: Final = 77
CREDITS_AMOUNT: Final = 86
CREDITS_REVERSAL_AMOUNT: Final = 87
DEBITS_AMOUNT: Final = 88
DEBITS_REVERSAL_AMOUNT: Final = 89
ORIGINAL: Final = 90
REPLACEMENT: Final = 95
NET: Final = 97
ACCOUNT_FROM: Final = 102
ACCOUNT_TO: Final = 103
PIN_DATA: Final = 110
PASSBOOK_ORDER: Final = 120
"""Ours: order, signature and certificate (protocols.passbook.order), in hexadecimal."""
MAC_2: Final = 128


@dataclass(frozen=True, slots=True)
class Element:
    """A row of the table."""

    number: int
    notation: str
    name: str
    mask: str = ""


_ISO = "reserved ISO"
_NATIONAL = "reserved national"
_PRIVATE = "reserved private"

_ROWS: Final[tuple[tuple[int, str, str] | tuple[int, str, str, str], ...]] = (
    (2, "n ..19", "primary account number", "pan"),
    (3, "n 6", "processing code"),
    (4, "n 12", "amount, transaction"),
    (5, "n 12", "amount, settlement"),
    (6, "n 12", "amount, cardholder billing"),
    (7, "n 10", "transmission date and time"),
    (8, "n 8", "amount, cardholder billing fee"),
    (9, "n 8", "conversion rate, settlement"),
    (10, "n 8", "conversion rate, cardholder billing"),
    (11, "n 6", "system trace audit number"),
    (12, "n 6", "time, local transaction"),
    (13, "n 4", "date, local transaction"),
    (14, "n 4", "date, expiration"),
    (15, "n 4", "date, settlement"),
    (16, "n 4", "date, conversion"),
    (17, "n 4", "date, capture"),
    (18, "n 4", "merchant type"),
    (19, "n 3", "acquiring institution country code"),
    (20, "n 3", "PAN country code"),
    (21, "n 3", "forwarding institution country code"),
    (22, "n 3", "point of service entry mode"),
    (23, "n 3", "PAN sequence number"),
    (24, "n 3", "network international identifier"),
    (25, "n 2", "point of service condition code"),
    (26, "n 2", "point of service PIN capture code"),
    (27, "n 1", "authorisation identification response length"),
    (28, "x+n 8", "amount, transaction fee"),
    (29, "x+n 8", "amount, settlement fee"),
    (30, "x+n 8", "amount, transaction processing fee"),
    (31, "x+n 8", "amount, settlement processing fee"),
    (32, "n ..11", "acquiring institution"),
    (33, "n ..11", "forwarding institution"),
    (34, "ans ..28", "primary account number, extended", "hidden"),
    (35, "z ..37", "track 2", "hidden"),
    (36, "z ...104", "track 3", "hidden"),
    (37, "an 12", "retrieval reference number"),
    (38, "an 6", "authorisation identification response"),
    (39, "an 2", "response code"),
    (40, "an 3", "service restriction code"),
    (41, "ans 8", "card acceptor terminal"),
    (42, "ans 15", "card acceptor"),
    (43, "ans 40", "card acceptor name and location"),
    (44, "ans ..25", "additional response data"),
    (45, "ans ..76", "track 1", "hidden"),
    (46, "ans ...999", "additional data, ISO"),
    (47, "ans ...999", "additional data, national"),
    (48, "ans ...999", "additional data, private"),
    (49, "an 3", "currency, transaction"),
    (50, "an 3", "currency, settlement"),
    (51, "an 3", "currency, cardholder billing"),
    (52, "b 8", "PIN block", "hidden"),
    (53, "n 16", "security related control information"),
    (54, "an ...120", "additional amounts"),
    (55, "b ...255", "chip data", "icc"),
    (56, "ans ...999", _ISO),
    *((number, "ans ...999", _NATIONAL) for number in range(57, 60)),
    *((number, "ans ...999", _PRIVATE) for number in range(60, 64)),
    (64, "b 8", "message authentication code"),
    (66, "n 1", "settlement code"),
    (67, "n 2", "extended payment code"),
    (68, "n 3", "receiving institution country code"),
    (69, "n 3", "settlement institution country code"),
    (70, "n 3", "network management information code"),
    (71, "n 4", "message number"),
    (72, "n 4", "message number, last"),
    (73, "n 6", "date, action"),
    (74, "n 10", "credits, number"),
    (75, "n 10", "credits, reversal number"),
    (76, "n 10", "debits, number"),
    (77, "n 10", "debits, reversal number"),
    (78, "n 10", "transfers, number"),
    (79, "n 10", "transfers, reversal number"),
    (80, "n 10", "inquiries, number"),
    (81, "n 10", "authorisations, number"),
    (82, "n 12", "credits, processing fee amount"),
    (83, "n 12", "credits, transaction fee amount"),
    (84, "n 12", "debits, processing fee amount"),
    (85, "n 12", "debits, transaction fee amount"),
    (86, "n 16", "credits, amount"),
    (87, "n 16", "credits, reversal amount"),
    (88, "n 16", "debits, amount"),
    (89, "n 16", "debits, reversal amount"),
    (90, "n 42", "original data elements"),
    (91, "an 1", "file update code"),
    (92, "n 2", "file security code"),
    (93, "n 5", "response indicator"),
    (94, "an 7", "service indicator"),
    (95, "ans 42", "replacement amounts"),
    (96, "b 8", "message security code", "hidden"),
    (97, "x+n 16", "amount, net settlement"),
    (98, "ans 25", "payee"),
    (99, "n ..11", "settlement institution"),
    (100, "n ..11", "receiving institution"),
    (101, "ans ..17", "file name"),
    (102, "ans ..28", "account 1", "pan"),
    (103, "ans ..28", "account 2", "pan"),
    (104, "ans ...100", "transaction description"),
    *((number, "ans ...999", _ISO) for number in range(105, 110)),
    (110, "ans ...999", "enciphered PIN and key serial number", "hidden"),
    (111, "ans ...999", _ISO),
    *((number, "ans ...999", _NATIONAL) for number in range(112, 120)),
    (120, "ans ...999", "passbook's signed order", "hidden"),
    *((number, "ans ...999", _PRIVATE) for number in range(121, 128)),
    (128, "b 8", "message authentication code"),
)

ELEMENTS: Final = tuple(Element(*row) for row in _ROWS)
