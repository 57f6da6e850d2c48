"""A till joins a broker: durable before success is said, and every failure leaves it as it was."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from pos.enrol import Enrolled, NotEnrolled, enrol, open_identity
from protocols.enrolment import EnrolmentError, stretch
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.support.joined_till import JoinedTill, till_in
from tests.support.small_broker import ProblemError, SmallBroker, Wire

Story = Callable[[JoinedTill], Coroutine[Any, Any, None]]


def play(folder: Path, story: Story) -> None:
    """Run a story in virtual time."""

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        with till_in(folder, clock, entropy) as till:
            await story(till)

    run(told)


def untouched(till: JoinedTill, answer: object, code: str) -> None:
    """Check that a failure is told in two languages and the till is who it was."""
    assert isinstance(answer, NotEnrolled) and answer.code == code, answer
    assert "그대로" in answer.sentence_ko and "untouched" in answer.sentence_en
    assert till.store.identity().certificate == b""
    assert open_identity(till.store, till.keys) is None


def test_enrolled_till_is_the_same_terminal_after_a_restart(tmp_path: Path) -> None:
    """Certificate and key are durable; what was sold before joining goes along."""

    async def story(till: JoinedTill) -> None:
        till.sell(3)
        answer = await till.join()
        assert isinstance(answer, Enrolled)
        assert (answer.certificate.terminal, answer.certificate.epoch) == ("01", 1)
        till.restart()
        identity = open_identity(till.store, till.keys)
        assert identity is not None and identity[0] == answer.certificate
        assert till.store.head()[0] == 3, "nothing sold was touched"

    play(tmp_path, story)


def test_code_never_crosses_the_wire(tmp_path: Path) -> None:
    """Only a proof of it does."""

    async def story(till: JoinedTill) -> None:
        code = till.broker.code()
        bodies: list[bytes] = []
        plain = till.broker.answer

        def listen(*request: Any) -> Any:
            bodies.append(request[-1])
            return plain(*request)

        till.broker.answer = listen  # type: ignore[method-assign]
        assert isinstance(await till.join(code), Enrolled)
        secret = code.replace("-", "")[2:]
        assert bodies and all(
            secret.encode() not in b.replace(b"-", b"") and stretch("01", secret) not in b
            for b in bodies
        )

    play(tmp_path, story)


@pytest.mark.parametrize("code", ["", "01", "01-7F3K", "01-7F3K-9QMU", "01-7F3K-9QMWX", "x" * 500])
def test_typing_mistake_is_told_before_anything_is_sent(tmp_path: Path, code: str) -> None:
    """U is no letter of a code; a short one is not padded."""

    async def story(till: JoinedTill) -> None:
        untouched(till, await enrol(code, **_rest(till)), "code")
        assert till.wire.tries == []

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("code_wrong", "refused"),
        ("code_expired", "expired"),
        ("code_used_up", "tries"),
        ("no_code", "no_code"),
        ("unknown_terminal", "no_code"),
        ("other", "refused"),
    ],
)
def test_brokers_refusal_is_explained(tmp_path: Path, error: str, code: str) -> None:
    """Each in its own sentence, in both languages."""

    async def story(till: JoinedTill) -> None:
        def refuse(_: object) -> Any:
            raise ProblemError(403, error)

        till.broker.enrol = refuse  # type: ignore[method-assign]
        untouched(till, await till.join(), code)

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (Wire.NO_ROUTE, "unreachable"),
        (Wire.LOSE_REQUEST, "silent"),
        (Wire.LOSE_ANSWER, "silent"),
        (Wire.HANG_UP, "silent"),
    ],
)
def test_lost_exchange_is_told_and_the_same_code_works_again(
    tmp_path: Path, wire: Wire, code: str
) -> None:
    """The second try is the same terminal with the same key, also after a restart in between."""

    async def story(till: JoinedTill) -> None:
        typed = till.broker.code()
        till.wire.plan = [wire]
        untouched(till, await till.join(typed), code)
        till.restart()

        answer = await till.join(typed)

        assert isinstance(answer, Enrolled)
        assert list(till.broker.identities.values()) == [answer.certificate.identity]

    play(tmp_path, story)


def test_busy_broker_says_when(tmp_path: Path) -> None:
    """429 with Retry-After."""

    async def story(till: JoinedTill) -> None:
        def busy(_: object) -> Any:
            raise ProblemError(429, "busy", {"retry-after": "7"})

        till.broker.enrol = busy  # type: ignore[method-assign]
        answer = await till.join()
        untouched(till, answer, "busy")
        assert isinstance(answer, NotEnrolled) and "7 s" in answer.sentence_en

    play(tmp_path, story)


def test_stranger_who_never_gave_the_code_is_not_believed(tmp_path: Path) -> None:
    """A broker with another code cannot make the proof, whatever certificate it signs."""

    async def story(till: JoinedTill) -> None:
        code = till.broker.code()
        stranger = SmallBroker(clock=till.clock, entropy=till.entropy.fork("stranger"))
        stranger.code()
        honest = stranger.enrol

        def gullible(request: Any) -> Any:
            import msgspec

            from protocols.enrolment import terminal_proof

            proof = terminal_proof(
                stranger.keys["01"], terminal="01", identity=request.identity, nonce=request.nonce
            )
            return honest(msgspec.structs.replace(request, proof=proof))

        till.broker.enrol = gullible  # type: ignore[method-assign]
        untouched(till, await till.join(code), "proof")

    play(tmp_path, story)


@pytest.mark.parametrize("part", ["terminal", "identity", "epoch", "expires_ns"])
def test_certificate_for_somebody_else_is_refused(tmp_path: Path, part: str) -> None:
    """Signed and proved, and yet about another terminal or another key."""

    async def story(till: JoinedTill) -> None:
        import msgspec

        from protocols.enrolment import (
            EnrolmentAnswer,
            broker_proof,
            open_certificate,
            sign_certificate,
        )

        other = {"terminal": "02", "identity": bytes(32), "epoch": 0, "expires_ns": 0}
        honest = till.broker.enrol

        def wrong(request: Any) -> EnrolmentAnswer:
            given = honest(request)
            certificate = open_certificate(given.certificate, given.signature)
            changed = msgspec.structs.replace(certificate, **{part: other[part]})
            data, signature = sign_certificate(changed, till.broker.key)
            proof = broker_proof(till.broker.keys["01"], certificate=data, nonce=request.nonce)
            return EnrolmentAnswer(certificate=data, signature=signature, proof=proof)

        till.broker.enrol = wrong  # type: ignore[method-assign]
        untouched(till, await till.join(), "certificate")

    play(tmp_path, story)


def test_records_are_never_left_behind(tmp_path: Path) -> None:
    """Enrolling anew begins another chain: not while the old one has records unsent."""

    async def story(till: JoinedTill) -> None:
        till.sell(2)
        answer = await till.join(till.broker.code("02"))
        untouched(till, answer, "unsent")
        assert isinstance(answer, NotEnrolled) and "2 records" in answer.sentence_en

    play(tmp_path, story)


def test_enrolling_again_without_a_backlog_begins_a_new_life(tmp_path: Path) -> None:
    """A new code for the same terminal: epoch 2, a new key."""

    async def story(till: JoinedTill) -> None:
        first = await till.join()
        second = await till.join()
        assert isinstance(first, Enrolled) and isinstance(second, Enrolled)
        assert (first.certificate.epoch, second.certificate.epoch) == (1, 2)
        assert first.certificate.identity != second.certificate.identity
        assert till.store.head()[0] == 0

    play(tmp_path, story)


def test_identity_without_its_key_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """The keys folder was lost."""

    async def story(till: JoinedTill) -> None:
        await till.joined()
        for path in (tmp_path / "keys").iterdir():
            path.unlink()
        with pytest.raises(EnrolmentError, match="restore the folder"):
            open_identity(till.store, till.keys)

    play(tmp_path, story)


def _rest(till: JoinedTill) -> dict[str, Any]:
    return {
        "client": till.client,
        "keys": till.keys,
        "store": till.runner,
        "entropy": till.entropy,
        "program": "test",
    }
