"""Field 39: what the bank answers, and what we do about it."""

from enum import StrEnum


class Response(StrEnum):
    """The codes that our banks give; others are a refusal that names its number."""

    APPROVED = "00"
    REFER = "01"
    BAD_MERCHANT = "03"
    KEEP_CARD = "04"
    REFUSED = "05"
    INVALID = "12"
    BAD_AMOUNT = "13"
    UNKNOWN_CARD = "14"
    NOT_FOUND = "25"
    """To a reversal: nothing was approved under what it names."""
    FORMAT = "30"
    LOST = "41"
    STOLEN = "43"
    FUNDS = "51"
    EXPIRED = "54"
    WRONG_PIN = "55"
    NOT_PERMITTED = "57"
    LIMIT = "61"
    RESTRICTED = "62"
    TOO_OFTEN = "65"
    PIN_TRIES = "75"
    ISSUER_AWAY = "91"
    DUPLICATE = "94"
    OUT_OF_BALANCE = "95"
    MALFUNCTION = "96"
