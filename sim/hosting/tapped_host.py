"""A tap on what a terminal and a host say to each other, message by message.

Authorisations, cookies and signatures are never looked at: method, path, type, body and status are.
"""

from protocols.trace.events import Answer, Request
from protocols.trace.messages import swap_body
from sim.recorder import Recorder

PROTOCOL = "http"


class HostTap:
    """One channel to a host."""

    def __init__(self, recorder: Recorder, channel: str, *, link: str) -> None:
        """Open the channel."""
        recorder.channel(channel, protocol=PROTOCOL, link=link)
        self._recorder = recorder
        self._channel = channel
        self._number = 0

    def asked(self, method: str, path: str, content_type: str, body: bytes) -> int:
        """Note a request; returns the number that its answer is to bear."""
        self._number += 1
        path = self._recorder.stand_ins.text(path.encode()).decode()
        self._recorder.add(
            Request(
                at_ns=self._recorder.now_ns(),
                channel=self._channel,
                number=self._number,
                method=method,
                path=path,
                content_type=content_type,
                data=self._kept(content_type, body),
            )
        )
        return self._number

    def answered(self, number: int, status: int, content_type: str, body: bytes) -> None:
        """Note an answer; status 0 when none came."""
        self._recorder.add(
            Answer(
                at_ns=self._recorder.now_ns(),
                channel=self._channel,
                number=number,
                status=status,
                content_type=content_type,
                data=self._kept(content_type, body),
            )
        )

    def _kept(self, content_type: str, body: bytes) -> bytes:
        """Return what of a body may stand in the trace; what may not is told by its length."""
        kept = swap_body(self._recorder.stand_ins, content_type, body)
        if kept is None:
            self._recorder.mark(
                f"left out: {len(body)} bytes of {content_type or 'no type'}", self._channel
            )
            return b""
        return kept
