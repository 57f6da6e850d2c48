"""What the operator may have done to a broker: deeds as values, so that a command can send them.

Beside a running broker the command hands its deed to it over the folder's socket; where none runs
it opens the folder itself, under the lock, and does the same thing in the same way.
"""

from typing import Literal, assert_never

import msgspec

from ips.broker import Broker
from ips.documents import Publish
from ips.terminals import AddTerminal, ChangeTerminal, Refused
from protocols.enrolment import CODE_LIFETIME_NS, make_code, split_code, stretch


class TerminalAdd(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="terminal.add"):
    """Make a place for a terminal, or a new code for one that is there."""

    terminal: str
    store: str = ""
    """Empty: the store it belongs to, or the only one."""
    actor: str


class TerminalChange(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="terminal.change"
):
    """Suspend, resume or retire a terminal."""

    terminal: str
    state: Literal["active", "suspended", "retired"]
    reason: str
    actor: str


class DocumentPublish(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="document.publish"
):
    """Publish the next version of a document; `body` is checked MessagePack."""

    name: str
    body: bytes
    actor: str


Deed = TerminalAdd | TerminalChange | DocumentPublish


class CodeMade(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="code"):
    """The code is shown once; it is not kept in clear."""

    terminal: str
    store: str
    code: str
    expires_ns: int


class TerminalChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="terminal"):
    """The terminal as it is now."""

    terminal: str
    state: str


class Published(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="published"):
    """The version that terminals pull now."""

    name: str
    version: int


class NotDone(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="not_done"):
    """Nothing changed."""

    code: str
    reason: str
    hint: str = ""


Done = CodeMade | TerminalChanged | Published | NotDone


async def perform(broker: Broker, deed: Deed) -> Done:
    """Do it; what is answered is durable. Raises: BusyError, PoisonError, StoreError."""
    match deed:
        case TerminalAdd():
            return await _add(broker, deed)
        case TerminalChange():
            changed = await broker.writer.run(
                ChangeTerminal(
                    terminal=deed.terminal, state=deed.state, reason=deed.reason, actor=deed.actor
                )
            )
            if isinstance(changed, Refused):
                return _not_done(changed)
            return TerminalChanged(terminal=changed.id, state=changed.state)
        case DocumentPublish():
            row = await broker.writer.run(
                Publish(
                    name=deed.name,
                    body=deed.body,
                    valid_from_ns=broker.clock.now_ns(),
                    actor=deed.actor,
                    identity=broker.identity,
                )
            )
            return Published(name=row.name, version=row.version)
        case _:
            assert_never(deed)


async def _add(broker: Broker, deed: TerminalAdd) -> Done:
    known = broker.reader.terminal(deed.terminal)
    stores = broker.config.stores
    store = deed.store or (known.store if known is not None else "")
    if not store and len(stores) == 1:
        [store] = stores
    if store not in stores:
        return NotDone(
            code="unknown_store",
            reason=f"store {store or '(none named)'} is not one of {', '.join(stores)}",
            hint="name one with --store; stores stand in the configuration under [stores.ID]",
        )
    code = make_code(deed.terminal, broker.entropy.token(5))
    terminal, secret = split_code(code)
    added = await broker.writer.run(
        AddTerminal(
            terminal=deed.terminal,
            store=store,
            code_key=stretch(terminal, secret),
            actor=deed.actor,
            vault=broker.vault,
        )
    )
    if isinstance(added, Refused):
        return _not_done(added)
    expires_ns = broker.clock.now_ns() + CODE_LIFETIME_NS
    return CodeMade(terminal=added.id, store=added.store, code=code, expires_ns=expires_ns)


def _not_done(refused: Refused) -> NotDone:
    return NotDone(code=refused.code, reason=refused.reason, hint=refused.hint)
