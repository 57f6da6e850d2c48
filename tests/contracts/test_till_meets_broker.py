"""The till's own end against the broker's own end, over the real bytes in virtual time.

Neither side knows the other's code: what one means by an agreement, the other must have read.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devices.keys import KeyFolder
from ips.broker import Broker, Threads
from ips.config import Config
from ips.console import people
from ips.documents import read_body
from ips.front.app import build_app
from ips.host import NoFaults
from ips.office import CodeMade, DocumentPublish, TerminalAdd, TerminalChange, perform
from ips.rules import load_rules
from ips.store.audit import audit_chains, audit_ledger, audit_seals, audit_signatures
from pos.audit import deeds
from pos.broker_client import BrokerClient, Reached, Unchanged
from pos.broker_link import Refused
from pos.document_file import DocumentFileError
from pos.enrol import Enrolled, NotEnrolled, enrol
from pos.loading import load_goods
from pos.outbox import MENDED_SECONDS, Listeners, Outbox, Terminal
from pos.pushed import Puller
from pos.store.journal import Draft
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from pos.view import Notice
from protocols.broker import InquiryAnswer
from protocols.deeds import Wanted
from protocols.documents import Policy, open_document, policy_of
from protocols.facts import DrawerOpened, ShiftOpened, StaffApproved, StaffSigned, TerminalNoted
from protocols.staff import Staff
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.support.small_broker import URL, LossyTransport, Wire
from tests.support.staff import KIM, PARK, STAFF, employ, write_staff

Story = Callable[["Pair"], Coroutine[Any, Any, None]]


@dataclass
class Pair:
    """A till and a broker."""

    broker: Broker
    wire: LossyTransport
    client: BrokerClient
    keys: KeyFolder
    store: Store
    entropy: SeededEntropy
    clock: VirtualClock
    notices: list[Notice] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)

    async def join(self, code: str = "") -> object:
        """Enrol by a code of the office."""
        if not code:
            made = await perform(self.broker, TerminalAdd(terminal="01", actor="park"))
            assert isinstance(made, CodeMade)
            code = made.code
        return await enrol(
            code,
            client=self.client,
            keys=self.keys,
            store=StoreInline(self.store),
            entropy=self.entropy,
            program="ips-pos test",
        )

    def sell(self, count: int) -> None:
        """Append records that need no sale around them."""
        for number in range(count):
            self.store.append([Draft(fact=TerminalNoted(note=f"n{number}"), actor="till")])

    def outbox(self) -> Outbox:
        """Return the till's outbox."""
        certificate, identity = self.client._certificate, self.client._identity
        assert certificate and identity
        runner = StoreInline(self.store)
        return Outbox(
            terminal=Terminal(certificate=certificate, identity=identity),
            store=runner,
            client=self.client,
            puller=Puller(
                client=self.client, store=runner, broker_key=certificate.broker, clock=self.clock
            ),
            entropy=self.entropy,
            faults=NoFaults(),
            listeners=Listeners(
                queue=lambda view: None,
                notice=self.notices.append,
                document=self.documents.append,
                failed=lambda error: pytest.fail(str(error)),
            ),
            language="en",
        )

    async def drain(self, seconds: float) -> None:
        """Run the outbox so long."""
        task = asyncio.create_task(self.outbox().run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()


def play(folder: Path, story: Story) -> None:
    """Run a story in virtual time; afterwards the broker's auditors find nothing."""

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        broker = Broker.open(
            Config(folder=str(folder / "broker")),
            holder="test",
            clock=clock,
            entropy=entropy.fork("broker"),
            points=NoFaults(),
            threads=Threads.INLINE,
            rules=load_rules(),
        )
        wire = LossyTransport(build_app(broker))
        with Store(folder / FILE_NAME, clock=clock) as store:
            pair = Pair(
                broker=broker,
                wire=wire,
                client=BrokerClient(
                    URL, clock=clock, entropy=entropy.fork("client"), transport=wire
                ),
                keys=KeyFolder(folder / "keys", secret=bytes(32), entropy=entropy.fork("keys")),
                store=store,
                entropy=entropy.fork("till"),
                clock=clock,
            )
            await story(pair)
        for audit in (audit_chains, audit_ledger, audit_seals, audit_signatures):
            assert audit(broker.reader).findings == []
        broker.close()

    run(told)


@pytest.mark.parametrize("lost", [Wire.LOSE_ANSWER, Wire.HANG_UP])
def test_till_whose_answer_was_lost_joins_by_the_same_code(tmp_path: Path, lost: Wire) -> None:
    """The clerk types the code once more: one life, one key, no new code from the manager."""

    async def story(pair: Pair) -> None:
        made = await perform(pair.broker, TerminalAdd(terminal="01", actor="park"))
        assert isinstance(made, CodeMade)
        pair.wire.plan = [lost]
        assert isinstance(await pair.join(made.code), NotEnrolled)

        joined = await pair.join(made.code)

        assert isinstance(joined, Enrolled)
        assert joined.certificate.epoch == 1
        pair.sell(2)
        await pair.drain(10)
        assert pair.store.queue().waiting == 0

    play(tmp_path, story)


def test_till_enrols_uploads_and_asks(tmp_path: Path) -> None:
    """From a code to an inquiry: health, enrolment, batches, session, MAC."""

    async def story(pair: Pair) -> None:
        assert isinstance(await pair.client.health(), Reached)
        assert isinstance(await pair.join(), Enrolled)
        shift = ShiftOpened(shift=1, float_amount=100_000, store="main")
        pair.store.append(
            [Draft(fact=shift, actor="kim", business_date="20260101", amount=100_000)]
        )
        pair.sell(600)
        await pair.drain(10)
        assert pair.store.high_water() == 601
        answer = await pair.client.inquire("settled")
        assert isinstance(answer, InquiryAnswer) and answer.rows == []
        assert pair.notices == []

    play(tmp_path, story)


@pytest.mark.parametrize("wire", [Wire.NO_ROUTE, Wire.LOSE_REQUEST, Wire.LOSE_ANSWER, Wire.HANG_UP])
def test_nothing_is_lost_or_doubled_on_a_bad_wire(tmp_path: Path, wire: Wire) -> None:
    """Each batch is hurt twice before it goes through; the broker's chain is the till's."""

    async def story(pair: Pair) -> None:
        await pair.join()
        for _ in range(3):
            pair.sell(7)
            pair.wire.plan = [wire, wire]
            await pair.drain(600)
        assert pair.store.high_water() == pair.store.head()[0] == 21

    play(tmp_path, story)


def test_documents_of_the_office_reach_the_till(tmp_path: Path) -> None:
    """Published as files, pulled by version, verified under the certificate's key."""

    async def story(pair: Pair) -> None:
        await pair.join()
        body = msgspec.msgpack.encode(Policy(vat_percent=7))
        await perform(pair.broker, DocumentPublish(name="policy", body=body, actor="park"))
        await pair.drain(200)
        assert pair.documents == ["policy"]
        kept = pair.store.document("policy")
        assert kept is not None and kept[0] == 1
        opened = open_document(kept[1], pair.broker.identity.public_key())
        assert policy_of(opened).vat_percent == 7
        assert await pair.client.document("policy", 1) == Unchanged()
        missing = await pair.client.document("hotlist")
        assert isinstance(missing, Refused) and missing.problem.error == "not_found"

    play(tmp_path, story)


def test_staff_of_the_office_reaches_the_till_and_replaces_a_local_list(tmp_path: Path) -> None:
    """A till that sold alone under a list of its own takes the broker's as soon as it has joined."""

    async def story(pair: Pair) -> None:
        employ(pair.store, Staff(people=[PARK]))
        assert load_goods(pair.store).staff == Staff(people=[PARK])
        await pair.join()
        file = write_staff(tmp_path / "staff.json")
        deed = DocumentPublish(name="staff", body=read_body("staff", file), actor="park")
        await perform(pair.broker, deed)
        await pair.drain(200)

        assert pair.documents == ["staff"]
        loaded = load_goods(pair.store)
        assert (loaded.staff, loaded.staff_version) == (STAFF, 1)
        with pytest.raises(DocumentFileError, match="takes its staff from there"):
            employ(pair.store)

    play(tmp_path, story)


def test_staff_list_that_no_till_can_work_by_is_not_taken(tmp_path: Path) -> None:
    """A broker of another make may publish what ours would not: the list before stays, nobody is let in."""

    async def story(pair: Pair) -> None:
        employ(pair.store)
        await pair.join()
        for body in (Staff(), Staff(people=[KIM, KIM])):
            raw = msgspec.msgpack.encode(body)
            await perform(pair.broker, DocumentPublish(name="staff", body=raw, actor="park"))
            await pair.drain(200)
            assert load_goods(pair.store).staff == STAFF
        assert pair.documents == []

    play(tmp_path, story)


def test_till_and_broker_say_the_same_of_what_people_did(tmp_path: Path) -> None:
    """One audit, from the till's journal and from the broker's records."""

    async def story(pair: Pair) -> None:
        await pair.join()
        pair.store.append(
            [
                Draft(fact=StaffSigned(act="on", person="7", role="clerk"), actor="7"),
                Draft(
                    fact=DrawerOpened(shift=1, reason="잔돈"), actor="7", business_date="20260101"
                ),
                Draft(fact=TerminalNoted(note="x"), actor="till"),
                Draft(fact=StaffApproved(right="shift.read"), actor="7", approver="3"),
            ]
        )
        await pair.drain(10)

        at_the_till = list(deeds(pair.store, Wanted()))

        assert list(people.deeds(pair.broker.reader, Wanted())) == at_the_till
        assert [(deed.kind, deed.actor, deed.approver) for deed in at_the_till] == [
            ("sign", "7", ""),
            ("no-sale", "7", ""),
            ("override", "7", "3"),
        ]

    play(tmp_path, story)


def test_suspended_terminal_sells_on_and_catches_up_when_it_is_taken_again(tmp_path: Path) -> None:
    """NET-05 once; after the manager resumes it, everything arrives."""

    async def story(pair: Pair) -> None:
        await pair.join()
        await perform(
            pair.broker,
            TerminalChange(terminal="01", state="suspended", reason="lost", actor="park"),
        )
        pair.sell(3)
        await pair.drain(3 * MENDED_SECONDS)
        assert [notice.code for notice in pair.notices] == ["NET-05"]
        assert "suspended" in pair.notices[0].banner and pair.store.high_water() == 0
        await perform(
            pair.broker, TerminalChange(terminal="01", state="active", reason="", actor="park")
        )
        await pair.drain(60)
        assert pair.store.high_water() == 3

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("wait", "tries", "code"), [(0, 1, "refused"), (601, 0, "expired"), (0, 6, "tries")]
)
def test_brokers_refusals_of_a_code_are_told_apart(
    tmp_path: Path, wait: int, tries: int, code: str
) -> None:
    """Wrong, too late, too often: the till has a sentence for each."""

    async def story(pair: Pair) -> None:
        made = await perform(pair.broker, TerminalAdd(terminal="01", actor="park"))
        assert isinstance(made, CodeMade)
        await asyncio.sleep(wait)
        last = "0" if made.code[-1] != "0" else "1"
        answer: object = None
        for _ in range(tries):
            answer = await pair.join(made.code[:-1] + last)
        answer = answer or await pair.join(made.code)
        assert isinstance(answer, NotEnrolled) and answer.code == code, answer

    play(tmp_path, story)


@pytest.mark.parametrize("hours", [-5, 5])
def test_till_with_a_wrong_clock_is_served(tmp_path: Path, hours: int) -> None:
    """Five hours off either way: the broker's time is learned from its answers."""

    async def story(pair: Pair) -> None:
        await pair.join()
        wrong = VirtualClock(epoch_ns=pair.clock.now_ns() + hours * 3600 * 10**9)
        client = BrokerClient(URL, clock=wrong, entropy=pair.entropy, transport=pair.wire)
        assert pair.client._certificate and pair.client._identity
        client.identify(pair.client._certificate, pair.client._identity)
        answer = await client.inquire("open")
        assert isinstance(answer, InquiryAnswer), answer

    play(tmp_path, story)
