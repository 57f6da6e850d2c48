"""The office's side of the front: one route on the folder's socket, for this machine's operator.

Who may open the socket (0600, in a folder of 0700) may do what the commands do; so the file system
is the door, and terminals, which come over HTTP, never see this application.
"""

from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ips.broker import Broker
from ips.documents import DOCUMENT_BYTES_MAX
from ips.front.answers import ProblemError, answer, answer_problem, decode, read_body
from ips.office import Deed, NotDone, perform
from ips.store.errors import StoreError
from ips.store.group import PoisonError
from ips.writer import BusyError

DEEDS_PATH: Final = "/deeds"
_DEED: Final = msgspec.json.Decoder(Deed)


def build_office_app(broker: Broker) -> Starlette:
    """Return the ASGI application of the office."""

    async def do(request: Request) -> Response:
        # Base64 makes a document a third longer.
        deed = decode(_DEED, await read_body(request, 2 * DOCUMENT_BYTES_MAX))
        try:
            return answer(await perform(broker, deed))
        except (BusyError, PoisonError, StoreError) as error:
            return answer(NotDone(code="not_done", reason=str(error)))

    return Starlette(
        routes=[Route(DEEDS_PATH, do, methods=["POST"])],
        exception_handlers={ProblemError: answer_problem},
    )
