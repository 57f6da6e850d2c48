"""`ips-sim agent`: a virtual agent of the tax office on a port of loopback, for a broker to send to.

POST /verbs  {"verb": "lose"}        what goes wrong next (sim/cash_receipt_agent.py)
everything else                      the agreement of protocols/cash_receipt_agent.py
"""

import argparse
import asyncio
import json
import os
import sys
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sim.cash_receipt_agent import VERBS, CashReceiptAgent, LostError, build_agent_app
from sim.control import ControlServer
from sim.host import SystemClock, SystemEntropy
from sim.stage.bench import ending

DONE: Final = 0
FAILED: Final = 1
_TOKEN_BYTES: Final = 16
_EXAMPLE: Final = """\
example:
  ips-sim agent --port 8700 --token-file agent.token
  curl -H "Authorization: Bearer TOKEN" -d '{"verb": "lose"}' http://127.0.0.1:8700/verbs
"""


def add_parser(commands: Any) -> None:
    """Add `agent` to the command's parser."""
    agent = commands.add_parser(
        "agent",
        help="a virtual agent of the tax office, for Korean cash receipts",
        description="Serve an agent of the tax office on loopback until Ctrl-C: it gives cash "
        "receipts, takes them back, and fails on demand. Prints one line of JSON (url, token) once "
        "it is open. Its books last as long as it does.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    agent.add_argument("--port", type=int, default=0, metavar="N", help="any free one by default")
    agent.add_argument(
        "--token-file", metavar="FILE", help="write the token there, as a broker reads it"
    )
    agent.add_argument("--announce-fd", type=int, metavar="N", help="where the JSON line goes")
    agent.add_argument("--parent-fd", type=int, metavar="N", help="end when this pipe's end closes")
    agent.set_defaults(run=_agent)


def _agent(chosen: argparse.Namespace) -> int:
    return asyncio.run(_serve(chosen))


async def _serve(chosen: argparse.Namespace) -> int:
    token = SystemEntropy().token(_TOKEN_BYTES).hex()
    agent = CashReceiptAgent(clock=SystemClock(), token=token)
    server = ControlServer(_with_verbs(agent))
    with ending(chosen.parent_fd) as ended:
        if chosen.token_file:
            _write_private(chosen.token_file, token)
        try:
            url = await server.start(port=chosen.port)
        except (OSError, OverflowError) as error:
            sys.stderr.write(f"ips-sim: cannot listen on port {chosen.port}: {error}\n")
            return FAILED
        _announce(json.dumps({"url": url, "token": token}), chosen.announce_fd)
        await ended.wait()
        await server.stop()
    return DONE


def _with_verbs(agent: CashReceiptAgent) -> Starlette:
    """Return the agent's application with a door for testers."""
    app = build_agent_app(agent)

    async def verb(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {agent.token}":
            return Response(status_code=401)
        try:
            told = json.loads(await request.body())
            agent.do(told["verb"])
        except (ValueError, TypeError, KeyError) as error:
            known = ", ".join(VERBS)
            return JSONResponse({"error": f"{error}; verbs are: {known}"}, status_code=400)
        return JSONResponse({"asked": agent.asked})

    async def lost(_: Request, __: Exception) -> Response:
        # A line that breaks is told by whatever stands between; nobody knows what became of it.
        return Response(status_code=504)

    app.add_exception_handler(LostError, lost)
    app.routes.append(Route("/verbs", verb, methods=["POST"]))
    return app


def _write_private(path: str, token: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{token}\n")


def _announce(line: str, descriptor: int | None) -> None:
    if descriptor is None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        return
    with os.fdopen(descriptor, "w") as told:
        told.write(f"{line}\n")
