"""Deeds of the office: handed to the running broker over its socket, or done here under the lock."""

import argparse
import asyncio
import getpass
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from ips.broker import Broker, Threads
from ips.config import Config
from ips.console.answers import Answer, CommandError
from ips.console.serving import open_broker
from ips.documents import read_body
from ips.front.office import DEEDS_PATH
from ips.front.server import OFFICE_NAME, reachable
from ips.lock import FolderLockedError
from ips.office import (
    CodeMade,
    Deed,
    DocumentPublish,
    Done,
    ModuleChange,
    ModuleChanged,
    NotDone,
    Published,
    RefundAsked,
    RefundDecided,
    RefundNow,
    TerminalAdd,
    TerminalChange,
    TerminalChanged,
    perform,
)
from protocols.documents import Policy
from protocols.malformed import MALFORMED

ANSWER_SECONDS: Final = 30.0
_NOBODY_SERVES: Final = (
    "Tills print links that begin with {} from now on, and nobody serves them here: "
    "name a port in the configuration (receipts.listen) and start the broker again"
)
_DONE: Final = msgspec.json.Decoder(Done)


def terminal_add(arguments: argparse.Namespace, config: Config) -> Answer:
    """Make a place for a terminal and show its code once."""
    terminal = str(arguments.terminal).upper()
    deed = TerminalAdd(terminal=terminal, store=arguments.store or "", actor=actor())
    return _answer(do(config, deed))


def terminal_change(arguments: argparse.Namespace, config: Config) -> Answer:
    """Suspend, resume or retire a terminal."""
    state = {"suspend": "suspended", "resume": "active", "retire": "retired"}[arguments.verb]
    deed = TerminalChange(
        terminal=str(arguments.terminal).upper(),
        state=msgspec.convert(state, TerminalChange.__annotations__["state"]),
        reason=arguments.reason,
        actor=actor(),
    )
    return _answer(do(config, deed))


def document_publish(arguments: argparse.Namespace, config: Config) -> Answer:
    """Publish the next version of a document from a file."""
    body = read_body(arguments.name, Path(arguments.file))
    done = _answer(do(config, DocumentPublish(name=arguments.name, body=body, actor=actor())))
    if arguments.name == "policy" and not config.receipts.listen:
        policy = msgspec.msgpack.decode(body, type=Policy)
        if policy.receipt_link:
            return replace(done, text=f"{done.text}\n{_NOBODY_SERVES.format(policy.receipt_link)}")
    return done


def module_change(arguments: argparse.Namespace, config: Config) -> Answer:
    """Activate or deactivate a payment module."""
    verb = arguments.verb
    assert verb in ("activate", "deactivate")
    return _answer(do(config, ModuleChange(module=arguments.module, verb=verb, actor=actor())))


def refund_request(arguments: argparse.Namespace, config: Config) -> Answer:
    """Ask for money back on a payment."""
    deed = RefundAsked(
        key=arguments.key,
        payment=arguments.payment,
        amount=arguments.amount,
        reason=arguments.reason,
        actor=arguments.actor or actor(),
    )
    return _answer(do(config, deed))


def refund_decide(arguments: argparse.Namespace, config: Config) -> Answer:
    """Approve or reject a refund that somebody else asked for."""
    verb = arguments.verb
    assert verb in ("approve", "reject")
    deed = RefundDecided(
        key=arguments.key, verb=verb, why=arguments.why, actor=arguments.actor or actor()
    )
    return _answer(do(config, deed))


def actor() -> str:
    """Return who gives this command, for the log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def do(config: Config, deed: Deed) -> Done:
    """Have a deed done, by the running broker if there is one. Raises: CommandError."""
    try:
        broker = open_broker(config, Threads.INLINE, holder="ips-broker")
    except FolderLockedError as error:
        return _ask_running(config.place() / OFFICE_NAME, deed, error)
    try:
        return asyncio.run(_perform(broker, deed))
    finally:
        broker.close()


async def _perform(broker: Broker, deed: Deed) -> Done:
    return await perform(broker, deed)


def _ask_running(path: Path, deed: Deed, locked: FolderLockedError) -> Done:
    if not path.exists():
        raise CommandError(f"{locked}, and it does not listen on {path}; try again when it is done")
    # Loaded here: it takes as long as all the rest of the program, and serving never needs it.
    import httpx

    try:
        with (
            reachable(path) as short,
            httpx.Client(
                transport=httpx.HTTPTransport(uds=short), timeout=ANSWER_SECONDS, trust_env=False
            ) as client,
        ):
            reply = client.post(f"http://office{DEEDS_PATH}", content=msgspec.json.encode(deed))
    except httpx.HTTPError as error:
        raise CommandError(f"the running broker did not answer on {path}: {error}") from error
    try:
        done: Done = _DONE.decode(reply.content)
    except MALFORMED as error:
        raise CommandError(
            f"the running broker is of another version: {reply.text[:200]}"
        ) from error
    return done


def _answer(done: Done) -> Answer:
    value = msgspec.to_builtins(done)
    match done:
        case CodeMade(code=code, terminal=terminal, store=store, expires_ns=expires_ns):
            until = datetime.fromtimestamp(expires_ns // 1_000_000_000, UTC).astimezone()
            text = (
                f"{code}\n"
                f"Terminal {terminal} of store {store}: on the till, `ips-pos enrol {code}`. "
                f"Good until {until:%H:%M:%S}, once, five tries."
            )
            return Answer(value=value, text=text)
        case TerminalChanged(terminal=terminal, state=state):
            return Answer(value=value, text=f"terminal {terminal} is {state}")
        case Published(name=name, version=version):
            return Answer(value=value, text=f"{name} version {version} is what terminals pull now")
        case ModuleChanged(module=module, state=state):
            return Answer(value=value, text=f"payment module {module} is {state}")
        case RefundNow(key=key, state=state, amount=amount, reason=reason):
            note = f" ({reason})" if reason else ""
            return Answer(value=value, text=f"refund {key} of {amount} is {state}{note}")
        case NotDone(reason=reason, hint=hint):
            raise CommandError(f"{reason}{f' ({hint})' if hint else ''}")
        case _:
            raise AssertionError("the issuer's deeds are told by ips.console.purses")
