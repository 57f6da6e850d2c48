"""A receipt printer's driver: status, one paper at a time, the drawer on it; a pure machine.

    watch    what the printer says of itself                  printer_watch
    job      the paper on its way, and what is known of it    print_job
    kick     the wish to have the drawer open                 drawer

What leaves, leaves in whole commands and never faster than the line carries: so a question or a drawer
pulse is never behind more than one chunk, and a printer that says "no paper" is obeyed at once. Noise
from the printer is counted and changes nothing.

Source: protocols/escpos.
"""

from typing import Final

from devices.drivers.drawer import DrawerState, DrawerWiring, Kick, KickEnd
from devices.drivers.print_job import Happening, Phase, PrintJob, Proof, Verdict
from devices.drivers.printer_health import DRAWER_OPEN_MAX_NS, drawer_health, printer_health
from devices.drivers.printer_watch import Presence, PrinterWatch
from devices.health import Health
from protocols.escpos.answers import Answer, Busy, Printed, Ready
from protocols.escpos.codes import CutKind
from protocols.escpos.commands import ClearBuffers, Cut, Initialise
from protocols.escpos.encode import encode, encode_all
from protocols.escpos.status import PrinterStatus
from protocols.ports import NANOSECONDS_PER_SECOND

BUSY_MAX_NS: Final = 5 * NANOSECONDS_PER_SECOND
"""XOFF holds for so long: an XON may have been lost, and noise can look like XOFF."""
BITS_A_BYTE: Final = 10


class PrinterDriver:
    """The three together."""

    def __init__(
        self,
        *,
        address: str,
        baud: int | None,
        proof: Proof = Proof.PROCESS_ID,
        without_proof: Verdict = Verdict.UNSURE,
        wiring: DrawerWiring | None = None,
    ) -> None:
        self._address = address
        self._byte_ns = 0 if baud is None else BITS_A_BYTE * NANOSECONDS_PER_SECOND // baud
        self._proof = proof
        self._without_proof = without_proof
        self._wiring = DrawerWiring() if wiring is None else wiring
        self._watch = PrinterWatch()
        self._job: PrintJob | None = None
        self._kick: Kick | None = None
        self._line_free_ns = 0
        self._busy_until_ns = 0
        self._torn = False
        self._suspect = False
        self._unsaid = b""
        self._rounds_before = 0
        self._drawer_open_since_ns: int | None = None
        self._drawer_told = False
        self.late_count = 0
        """Print-done answers of earlier jobs, or of none."""

    @property
    def status(self) -> PrinterStatus:
        """What the printer said last; all UNKNOWN when it does not answer."""
        return self._watch.status

    @property
    def presence(self) -> Presence:
        """Whether it answers."""
        return self._watch.presence

    @property
    def able(self) -> bool:
        """Say whether a paper would come out now, as far as anybody knows."""
        if self._proof is Proof.NONE:
            return self._watch.presence is not Presence.CLOSED
        return self._watch.able

    @property
    def garbage_count(self) -> int:
        """Bytes from the printer that were no answer."""
        return self._watch.garbage_count

    @property
    def drawer(self) -> DrawerState:
        """What the drawer's contact says."""
        return self._wiring.state(self._watch.status.drawer)

    def drawer_open_ns(self, now_ns: int) -> int:
        """Return for how long the drawer has been open; 0 when it is not, or nobody knows."""
        since = self._drawer_open_since_ns
        return 0 if since is None else now_ns - since

    def submit(self, job: PrintJob, now_ns: int) -> None:
        """Take a paper. One at a time: the one before has its verdict."""
        assert self._job is None or self._job.verdict is not None
        self._unsaid += self._clearing(now_ns)
        self._job = job
        self._settle(now_ns)

    def kick(self, kick: Kick) -> None:
        """Take a wish to open the drawer. One at a time."""
        assert self._kick is None or self._kick.end is not None
        self._kick = kick

    def new_job(self, data: bytes, *, job: int, deadline_ns: int) -> PrintJob:
        """Return a job as this printer proves it."""
        return PrintJob(data, job=job, deadline_ns=deadline_ns, proof=self._proof)

    def new_kick(self, *, deadline_ns: int) -> Kick:
        """Return a kick as this drawer is wired."""
        return Kick(self._wiring, deadline_ns=deadline_ns)

    @property
    def deadline_ns(self) -> int | None:
        """When something is due."""
        waits = []
        closed = self._watch.presence is Presence.CLOSED
        if self._watch.deadline_ns is not None and self._proof is not Proof.NONE:
            waits.append(max(self._watch.deadline_ns, self._line_free_ns))
        if self._job is not None and self._job.verdict is None:
            waits.append(self._job.deadline_ns)
            if self._job.sendable and self.able:
                waits.append(max(self._line_free_ns, self._busy_until_ns))
        if self._kick is not None and self._kick.end is None:
            due = max(self._kick.due_ns, self._line_free_ns)
            waits.append(self._kick.deadline_ns if closed else min(due, self._kick.deadline_ns))
        if self._drawer_open_since_ns is not None and not self._drawer_told:
            waits.append(self._drawer_open_since_ns + DRAWER_OPEN_MAX_NS)
        return min(waits, default=None)

    def opened(self, now_ns: int) -> None:
        """Begin to ask."""
        self._line_free_ns = now_ns
        self._busy_until_ns = now_ns
        if self._proof is Proof.NONE:
            self._watch.presence = Presence.ASKING
        else:
            self._watch.opened(now_ns)
        self._settle(now_ns)

    def lost(self, now_ns: int) -> None:
        """The link is gone: nothing is known, and of a paper on its way neither."""
        self._watch.lost()
        if self._job is not None:
            self._job.happen(Happening.LOST)
        if self._kick is not None:
            self._kick.lost()
        self._settle(now_ns)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the printer."""
        for answer in self._watch.receive(data, now_ns):
            self._take(answer, now_ns)
        self._settle(now_ns)

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        if self._proof is not Proof.NONE:
            self._watch.tick(now_ns)
        self._settle(now_ns)
        if self._job is not None and now_ns >= self._job.deadline_ns:
            self._job.happen(Happening.EXPIRED)

    def outgoing(self, room: int, now_ns: int) -> bytes:
        """Return what should leave now: a question, a pulse, a chunk of the paper, in this order."""
        if self._watch.presence is Presence.CLOSED:
            return b""
        data = self._question(now_ns) + self._pulse(now_ns)
        if not data:
            data = self._unsaid + self._clearing(now_ns)
            self._unsaid = b""
            data += self._chunk(now_ns)
        self._settle(now_ns)
        self._line_free_ns = max(self._line_free_ns, now_ns) + len(data) * self._byte_ns
        return data

    def health(self) -> Health:
        """Return how the printer is."""
        busy = self._job is not None and self._job.verdict is None
        return printer_health(
            self._watch, self._address, one_way=self._proof is Proof.NONE, busy=busy
        )

    def drawer_health(self, now_ns: int) -> Health:
        """Return how the drawer is."""
        return drawer_health(self.drawer, self.drawer_open_ns(now_ns))

    def _question(self, now_ns: int) -> bytes:
        # Behind bytes that are still on the line a question would seem unanswered.
        if self._proof is Proof.NONE or now_ns < self._line_free_ns:
            return b""
        return self._watch.outgoing(now_ns)

    def _pulse(self, now_ns: int) -> bytes:
        kick = self._kick
        if kick is None or now_ns < self._line_free_ns:
            return b""
        in_turn = self.able and (self._job is None or self._job.phase is not Phase.STOPPED)
        data = kick.pulse(self.drawer, now_ns, in_turn=in_turn)
        if data:
            self._watch.ask_all(now_ns)
        return data

    def _clearing(self, now_ns: int) -> bytes:
        """Return what makes a printer forget the rest of a job that was given up."""
        job = self._job
        if job is None or job.verdict is None:
            return b""
        self._job = None
        if job.verdict is not Verdict.UNSURE or job.proof is Proof.NONE:
            return b""
        if self.able and job.phase is Phase.PROVING:
            # Only slow, it may still finish; or noise has left it inside a command: the next job
            # clears it first. Or it is off: the next job waits until it answers.
            self._suspect = job.proof is Proof.PROCESS_ID
            self._watch.doubt(now_ns)
            return b""
        self._torn = True
        return b"" if self.able else encode(ClearBuffers())

    def _chunk(self, now_ns: int) -> bytes:
        job = self._job
        waits = now_ns < self._line_free_ns or now_ns < self._busy_until_ns
        if job is None or not job.sendable or not self.able or waits:
            return b""
        before = self._tidying() if job.phase is Phase.HELD else b""
        data = before + job.next_chunk()
        if job.phase is Phase.PROVING:
            self._begin_proof(job, now_ns)
        elif not self._watch.back_seen and self._proof is not Proof.NONE:
            # It does not say by itself that the paper ended: ask after each chunk.
            self._watch.ask_all(now_ns)
        return data

    def _tidying(self) -> bytes:
        """Return what goes before a job because of how the one before it ended."""
        data = encode(ClearBuffers()) if self._suspect or self._torn else b""
        if self._torn:
            # What came out of the job before ends here: two receipts are never one strip.
            data += encode_all([Initialise(), Cut(kind=CutKind.PARTIAL, feed_dots=0)])
        self._suspect = self._torn = False
        return data

    def _begin_proof(self, job: PrintJob, now_ns: int) -> None:
        self._rounds_before = self._watch.rounds
        if job.proof is Proof.STATUS:
            self._watch.ask_all(now_ns)
        elif job.proof is Proof.NONE:
            job.verdict = self._without_proof

    def _take(self, answer: Answer, now_ns: int) -> None:
        match answer:
            case Printed(token):
                ours = self._job is not None and self._job.prove(token)
                self.late_count += not ours
            case Busy():
                self._busy_until_ns = now_ns + BUSY_MAX_NS
            case Ready():
                self._busy_until_ns = now_ns
            case _:
                pass

    def _settle(self, now_ns: int) -> None:
        """Let what is known of the printer happen to the paper and the drawer."""
        state = self.drawer
        if state is not DrawerState.OPEN:
            self._drawer_open_since_ns = None
        elif self._drawer_open_since_ns is None:
            self._drawer_open_since_ns = now_ns
        self._drawer_told = self.drawer_open_ns(now_ns) >= DRAWER_OPEN_MAX_NS
        if self._kick is not None:
            self._kick.look(state, now_ns)
        job = self._job
        if job is None or job.verdict is not None:
            return
        if self._watch.presence is Presence.SILENT and self._proof is not Proof.NONE:
            job.happen(Happening.SILENCED)
        else:
            job.happen(Happening.ABLE if self.able else Happening.UNABLE)
        fresh = self._watch.rounds > self._rounds_before
        if job.phase is Phase.PROVING and job.proof is Proof.STATUS and fresh and self.able:
            job.verdict = self._without_proof


__all__ = ["Kick", "KickEnd", "PrintJob", "PrinterDriver", "Proof", "Verdict"]
