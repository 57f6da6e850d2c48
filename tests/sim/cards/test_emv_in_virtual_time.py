"""Payment cards in a reader in memory, in virtual time: each of the set, slow, mute, and pulled out.

Method: the bytes between are those of a real reader; time jumps. A card that is slow is waited for up to a
command's deadline and no longer.
"""

import pytest

from protocols.control import Verb
from protocols.emv.steps import Ending, Finished
from protocols.emv.transaction import pay
from protocols.ports import Clock
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import HostedSlot
from sim.smart_card import SmartCardTwin
from tests.protocols.emv.test_transaction import LABELS, OUTCOMES
from tests.support.payment_cards import COMMAND_NS, Bank, card, carry_out, payment, terminal


def paid(label: str, *verbs: Verb, latency_ns: int = 1_000_000) -> tuple[Finished, int]:
    """Return the end of a payment, and how long it took."""

    async def story(clock: VirtualClock, _: SeededEntropy) -> tuple[Finished, int]:
        reader = MemoryReader("customer", clock=clock, latency_ns=latency_ns)
        twin = SmartCardTwin({label: card(label)}, inserted=label)  # type: ignore[dict-item]
        host = HostedSlot(name="customer", twin=twin, carrier=reader, clock=clock)
        await host.start()
        channel = await reader.connect(deadline_ns=clock.monotonic_ns() + COMMAND_NS)
        for verb in verbs:
            host.work(verb)
        began_ns = clock.monotonic_ns()
        end = await _carried(channel, host, clock)
        took_ns = clock.monotonic_ns() - began_ns
        await host.stop()
        return end, took_ns

    return run(story)


async def _carried(channel: object, host: HostedSlot, clock: Clock) -> Finished:
    dialogue = pay(terminal(), payment())
    return await carry_out(dialogue, channel, host, Bank(), ("1234",), clock)  # type: ignore[arg-type]


@pytest.mark.parametrize("label", LABELS)
def test_each_card_of_the_set_ends_over_a_readers_bytes_as_it_should(label: str) -> None:
    finished, _ = paid(label)

    assert (finished.ending, finished.found) == OUTCOMES[label]


def test_a_card_that_is_slow_is_waited_for_up_to_the_deadline_of_a_command() -> None:
    # Each exchange takes a millisecond by itself.
    slow = COMMAND_NS // 1_000_000 - 2
    finished, took_ns = paid("sign", Verb(verb="delay", arguments={"ms": str(slow)}))
    assert finished.approved and took_ns > 10 * COMMAND_NS

    late, took_ns = paid("sign", Verb(verb="delay", arguments={"ms": str(slow + 1)}))
    assert late.ending is Ending.CARD_LEFT and took_ns < 3 * COMMAND_NS


def test_a_mute_card_is_given_up() -> None:
    finished, took_ns = paid("sign", Verb(verb="mute"))

    assert finished.ending is Ending.CARD_LEFT and took_ns < 2 * COMMAND_NS
