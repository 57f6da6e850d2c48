"""Bodies in, within limits and deadlines; JSON out; every refusal a `Problem` in two languages."""

import asyncio
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from protocols.broker import Problem
from protocols.malformed import MALFORMED

JSON_BYTES_MAX: Final = 64 * 1024
BODY_SECONDS: Final = 20.0
"""A body that comes slower than this is not waited for."""
Body = TypeVar("Body")
_ENCODER: Final = msgspec.json.Encoder()

_KOREAN: Final = {
    "busy": "요청이 많습니다. 잠시 뒤에 다시 보내 주세요.",
    "clock": "단말기 시계가 1분 넘게 틀립니다.",
    "epoch_closed": "단말기의 이 등록은 끝났습니다. 다시 등록해 주세요.",
    "mac": "요청의 서명이 맞지 않습니다.",
    "malformed": "요청의 형식이 틀립니다.",
    "no_session": "세션이 없습니다. 새로 열어 주세요.",
    "nonce": "이미 처리한 요청입니다.",
    "not_done": "이 요청은 처리하지 못했고, 아무것도 바뀌지 않았습니다.",
    "not_found": "찾는 것이 없습니다.",
    "quarantined": "단말기의 기록이 갈라져 격리되었습니다. 관리자에게 알려 주세요.",
    "signature": "단말기의 서명이 맞지 않습니다.",
    "store": "브로커의 저장소에 문제가 있습니다. 돈은 움직이지 않았습니다.",
    "suspended": "단말기 사용이 중지되었습니다. 관리자에게 문의해 주세요.",
    "too_large": "요청이 너무 큽니다.",
    "unknown_terminal": "등록되지 않은 단말기입니다.",
}
STATUS: Final = {
    "too_large": 413,
    "unknown_terminal": 403,
    "suspended": 403,
    "quarantined": 403,
    "epoch_closed": 410,
    "no_code": 403,
    "code_wrong": 403,
    "code_expired": 403,
    "code_used_up": 403,
    "clock": 401,
    "signature": 401,
    "not_found": 404,
    "busy": 429,
}


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        status: int,
        code: str,
        reason: str,
        *,
        reason_ko: str = "",
        hint: str = "",
        retry_after_s: int = 0,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.problem = Problem(
            error=code, reason=reason, reason_ko=reason_ko or _KOREAN.get(code, ""), hint=hint
        )
        self.retry_after_s = retry_after_s


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a struct as JSON."""
    return Response(
        _ENCODER.encode(body), status_code=status, headers=headers, media_type="application/json"
    )


async def answer_problem(_: Request, error: Exception) -> Response:
    """Return a problem as its answer."""
    assert isinstance(error, ProblemError)
    headers = {"retry-after": str(error.retry_after_s)} if error.retry_after_s else None
    return answer(error.problem, error.status, headers)


async def read_body(request: Request, limit: int = JSON_BYTES_MAX) -> bytes:
    """Return the body. Raises: ProblemError 413 over the limit, 408 when it is too slow."""
    told = request.headers.get("content-length", "0")
    if told.isdigit() and int(told) > limit:
        raise ProblemError(413, "too_large", f"the body has {told} bytes, at most {limit}")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise ProblemError(413, "too_large", f"the body is longer than {limit} bytes")
                chunks.append(chunk)
    except TimeoutError:
        raise ProblemError(
            408, "slow", f"the body did not come within {BODY_SECONDS:.0f} s"
        ) from None
    except ClientDisconnect:
        raise ProblemError(400, "malformed", "the body ended early") from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def decode(decoder: msgspec.json.Decoder[Body], body: bytes) -> Body:
    """Return what a JSON body says. Raises: ProblemError 400 naming the place."""
    try:
        return decoder.decode(body)
    except MALFORMED as error:
        raise ProblemError(400, "malformed", f"not the expected JSON: {error}") from error
