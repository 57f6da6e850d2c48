"""What a bank's code means to a clerk: a row of the message table each, and what to do in its sentence."""

from typing import Final

from protocols.iso8583.response import Response

REFUSED: Final = "CRD-10"
REVERSED: Final = "CRD-06"
NOT_REACHED: Final = "CRD-07"
REVERSAL_WAITS: Final = "CRD-08"
NO_ANSWER: Final = "CRD-05"
_MESSAGES: Final = {
    Response.REFER: "CRD-11",
    Response.BAD_MERCHANT: "CRD-12",
    Response.KEEP_CARD: "CRD-23",
    Response.REFUSED: REFUSED,
    Response.INVALID: "CRD-14",
    Response.BAD_AMOUNT: "CRD-24",
    Response.UNKNOWN_CARD: "CRD-15",
    Response.NOT_FOUND: "CRD-26",
    Response.FORMAT: "CRD-25",
    Response.LOST: "CRD-13",
    Response.STOLEN: "CRD-27",
    Response.FUNDS: "CRD-16",
    Response.EXPIRED: "CRD-17",
    Response.WRONG_PIN: "CRD-18",
    Response.NOT_PERMITTED: "CRD-19",
    Response.LIMIT: "CRD-20",
    Response.RESTRICTED: "CRD-28",
    Response.TOO_OFTEN: "CRD-29",
    Response.PIN_TRIES: "CRD-21",
    Response.ISSUER_AWAY: "CRD-22",
    Response.DUPLICATE: "CRD-09",
    Response.MALFUNCTION: "CRD-04",
}


def message_of(code: str) -> str:
    """Return the message of a bank's code; CRD-10 for one that we do not know."""
    return {str(known): message for known, message in _MESSAGES.items()}.get(code, REFUSED)
