"""How often somebody may ask: each peer for itself, and all together."""

from ips.front.allowance import PEERS_MAX, Allowance

S = 1_000_000_000


def test_a_burst_then_so_many_a_second() -> None:
    """The moment exactly, and just before."""
    allowance = Allowance(per_second=2, burst=5, together=100)

    assert [allowance.take("a", 0) for _ in range(6)] == [0] * 5 + [1]
    assert allowance.take("a", S // 2 - 1) == 1
    assert allowance.take("a", S // 2) == 0
    assert allowance.take("a", S // 2) == 1
    assert [allowance.take("a", 100 * S) for _ in range(6)] == [0] * 5 + [1]


def test_one_peer_takes_nothing_from_another() -> None:
    allowance = Allowance(per_second=1, burst=1, together=3)

    for _ in range(50):
        allowance.take("a", 0)

    assert allowance.take("b", 0) == 0


def test_all_together_are_bounded() -> None:
    """Many peers at once: the broker has other things to do."""
    allowance = Allowance(per_second=1, burst=2, together=3)

    granted = [allowance.take(f"10.0.0.{peer}", 0) == 0 for peer in range(20)]

    assert granted == [True] * 6 + [False] * 14
    assert allowance.take("10.0.1.1", S) == 0


def test_an_ipv6_customer_is_a_network_and_a_clock_set_back_refills_nothing() -> None:
    allowance = Allowance(per_second=1, burst=1, together=100)

    assert allowance.take("2001:db8::1", 10 * S) == 0
    assert allowance.take("2001:db8::ffff:2", 10 * S) > 0
    assert allowance.take("2001:db8:0:1::1", 10 * S) == 0
    assert allowance.take("2001:db8::1", 5 * S) > 0
    assert allowance.take("no address", 10 * S) == 0


def test_memory_is_bounded() -> None:
    allowance = Allowance(per_second=1, burst=1, together=10 * PEERS_MAX)

    for peer in range(PEERS_MAX + 100):
        allowance.take(f"peer {peer}", 0)

    assert len(allowance._peers) == PEERS_MAX
