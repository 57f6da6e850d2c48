"""Memory links: asynchronous, ordered, bounded; a close lets bytes through, a pulled cable does not."""

import asyncio

from sim.clock import run
from sim.memory import PIECE_BYTES, memory_pair


class End:
    def __init__(self, link):
        self.link, self.pieces, self.ends = link, [], []
        link.attach(self.pieces.append, self.ends.append)

    @property
    def data(self):
        return b"".join(self.pieces)


def story_of(action):
    async def story(clock, entropy):
        return await action()

    return run(story)


def test_nothing_is_heard_within_the_write_itself():
    """Goal: no re-entrance: a driver that writes in its callback does not recurse."""

    async def action():
        left, right = memory_pair()
        left, right = End(left), End(right)
        left.link.write(b"a")
        at_once = right.data
        await asyncio.sleep(1)
        return at_once, right.data

    assert story_of(action) == (b"", b"a")


def test_long_writes_come_in_pieces_and_whole():
    """Goal: like a tty, never more than PIECE_BYTES at a time."""

    async def action():
        left, right = (End(link) for link in memory_pair())
        left.link.write(bytes(10_000))
        waiting = left.link.pending()
        await asyncio.sleep(1)
        return waiting, [len(piece) for piece in right.pieces], left.link.pending()

    assert story_of(action) == (10_000, [PIECE_BYTES, PIECE_BYTES, 10_000 - 2 * PIECE_BYTES], 0)


def test_close_lets_the_last_bytes_through_then_tells_the_other_end_only():
    """Goal: order of bytes and end."""

    async def action():
        left, right = (End(link) for link in memory_pair())
        left.link.write(b"last")
        left.link.close()
        left.link.write(b"dropped")
        await asyncio.sleep(1)
        right.link.write(b"into the void")
        return left.ends, right.data, right.ends

    assert story_of(action) == ([], b"last", ["the other end closed the link"])


def test_pulled_cable_loses_what_is_on_its_way_and_tells_both():
    """Goal: a cable is not a close."""

    async def action():
        left, right = (End(link) for link in memory_pair())
        left.link.write(b"lost")
        right.link.pull()
        await asyncio.sleep(1)
        return left.ends, right.data, right.ends

    assert story_of(action) == (["the cable was pulled"], b"", ["the cable was pulled"])


def test_capacity_holds_exactly_and_one_byte_more_ends_the_link():
    """Goal: bounded, and the writer is told what happened."""

    async def action():
        left, right = memory_pair(capacity=100)
        right.pause()
        left, right = End(left), End(right)
        left.link.write(bytes(100))
        await asyncio.sleep(1)
        before = list(left.ends)
        left.link.write(b"!")
        await asyncio.sleep(1)
        return before, left.ends

    before, after = story_of(action)
    assert before == []
    assert len(after) == 1
    assert "takes no data: 100 bytes" in after[0]


def test_loss_before_anybody_listens_is_told_on_attaching():
    """Goal: no end goes unheard."""

    async def action():
        left, right = memory_pair()
        right.close()
        await asyncio.sleep(1)
        left = End(left)
        await asyncio.sleep(1)
        return left.ends

    assert story_of(action) == ["the other end closed the link"]
