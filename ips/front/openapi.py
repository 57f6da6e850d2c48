"""The interface described by itself: OpenAPI 3.1, its schemas made from the agreements' own types."""

from functools import cache
from typing import Any, Final

import msgspec

from protocols.batch import (
    BatchAccepted,
    BatchEpochClosed,
    BatchFork,
    BatchGap,
    BatchRefused,
)
from protocols.broker import (
    CancelRequest,
    GiveBackRequest,
    HeldAnswer,
    HeldRequest,
    HeldSale,
    InquiryAnswer,
    MemberAnswer,
    MemberRequest,
    PaymentAnswer,
    PaymentRequest,
    Problem,
    PurseCommands,
    RefundRequest,
    SaleAnswer,
)
from protocols.enrolment import EnrolmentAnswer, EnrolmentRequest
from protocols.session import SessionAnswer, SessionRequest

_COMPONENTS: Final[tuple[type[msgspec.Struct], ...]] = (
    BatchAccepted,
    BatchEpochClosed,
    BatchFork,
    BatchGap,
    BatchRefused,
    CancelRequest,
    EnrolmentAnswer,
    EnrolmentRequest,
    HeldAnswer,
    HeldRequest,
    HeldSale,
    InquiryAnswer,
    MemberAnswer,
    MemberRequest,
    PaymentAnswer,
    PaymentRequest,
    Problem,
    PurseCommands,
    GiveBackRequest,
    RefundRequest,
    SaleAnswer,
    SessionAnswer,
    SessionRequest,
)
_TEMPLATE: Final = "#/components/schemas/{name}"


@cache
def description() -> bytes:
    """Return the OpenAPI document as JSON."""
    _, schemas = msgspec.json.schema_components(_COMPONENTS, ref_template=_TEMPLATE)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Intermarket payment broker",
            "version": "1",
            "description": "Terminals report what happened in signed batches and ask for payments "
            "under a session's MAC (a fixed profile of RFC 9421).",
        },
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "mac": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Signature",
                    "description": "RFC 9421, hmac-sha256 over @method @path @authority "
                    "content-digest; see protocols/session.py",
                }
            },
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def _paths() -> dict[str, Any]:
    mac: list[dict[str, list[str]]] = [{"mac": []}]
    return {
        "/v1/batches": {
            "post": {
                "summary": "A signed batch of journal records; idempotent, may overlap.",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/x-intermarket-batch": {
                            "schema": {
                                "type": "string",
                                "contentMediaType": "application/octet-stream",
                            }
                        }
                    },
                },
                "responses": {
                    "200": _answer("Everything up to high_water is durable.", "BatchAccepted"),
                    "400": _answer("Not a batch of this terminal.", "BatchRefused"),
                    "403": _answer("This terminal may not send.", "BatchRefused"),
                    "409": _answer("A gap, or two histories.", "BatchGap", "BatchFork"),
                    "410": _answer("Enrol again.", "BatchEpochClosed"),
                    "413": _answer("Too large.", "BatchRefused"),
                    "429": _answer("Come back after Retry-After.", "BatchRefused"),
                    "503": _answer("Come back after Retry-After.", "BatchRefused"),
                },
            }
        },
        "/v1/enrolments": {"post": _post("Join by a one-time code.", "Enrolment")},
        "/v1/sessions": {"post": _post("Open a day's session.", "Session")},
        "/v1/payments": {"post": _post("Ask for a payment; idempotent by key.", "Payment", mac)},
        "/v1/payments/{key}": {
            "get": _get("What became of a payment.", "key", "PaymentAnswer", mac)
        },
        "/v1/cancellations": {
            "post": _post(
                "Give a payment up before its sale is closed; what was approved is undone.",
                "Cancel",
                mac,
                "PaymentAnswer",
            )
        },
        "/v1/refunds": {
            "post": _post(
                "Ask money back; never more than was paid.", "Refund", mac, "PaymentAnswer"
            )
        },
        "/v1/give-backs": {
            "post": _post("Give money of a payment back.", "GiveBack", mac, "PaymentAnswer")
        },
        "/v1/inquiries/{name}": {
            "get": _get("settled, open, refunded or refund-requests.", "name", "InquiryAnswer", mac)
        },
        "/v1/sales/{order}": {
            "get": _get("A closed sale and what came back of it.", "order", "SaleAnswer", mac)
        },
        "/v1/purses/{name}/commands": {
            "get": _get("What waits for a card that is at a reader.", "name", "PurseCommands", mac)
        },
        "/v1/held": {
            "get": {
                "summary": "Baskets that tills of this store have put aside.",
                "security": mac,
                "responses": {
                    "200": _answer("Found.", "HeldAnswer"),
                    "default": _answer("Refused.", "Problem"),
                },
            },
            "post": _post("Go on with one of them.", "Held", mac, "HeldSale"),
        },
        "/v1/members": {
            "post": _post("Who a card or a telephone number is, and what points.", "Member", mac)
        },
        "/v1/documents/{name}": {
            "get": {
                "summary": "The newest signed document; 304 with the ETag of the one at hand.",
                "security": mac,
                "parameters": [_parameter("name")],
                "responses": {
                    "200": {
                        "description": "SignedDocument",
                        "content": {"application/vnd.msgpack": {}},
                    },
                    "304": {"description": "The terminal has it."},
                    "default": _answer("Refused.", "Problem"),
                },
            }
        },
        "/v1/health": {
            "get": {
                "summary": "Is anybody there.",
                "responses": {"200": {"description": "Yes.", "content": {"application/json": {}}}},
            }
        },
    }


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _answer(text: str, *names: str) -> dict[str, Any]:
    references = [{"$ref": _TEMPLATE.format(name=name)} for name in names]
    schema = references[0] if len(references) == 1 else {"oneOf": references}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _post(
    summary: str, stem: str, security: list[dict[str, list[str]]] | None = None, reply: str = ""
) -> dict[str, Any]:
    body = {"$ref": _TEMPLATE.format(name=f"{stem}Request")}
    return {
        "summary": summary,
        **({"security": security} if security else {}),
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": _answer("Done.", reply or f"{stem}Answer"),
            "default": _answer("Refused.", "Problem"),
        },
    }


def _get(
    summary: str, parameter: str, reply: str, security: list[dict[str, list[str]]]
) -> dict[str, Any]:
    return {
        "summary": summary,
        "security": security,
        "parameters": [_parameter(parameter)],
        "responses": {"200": _answer("Found.", reply), "default": _answer("Refused.", "Problem")},
    }
