"""A dialogue of protocols played to its end: a generator of steps, each answered by whoever is there."""

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

Step = TypeVar("Step")
Answer = TypeVar("Answer")
Result = TypeVar("Result")


async def played(
    dialogue: Generator[Step, Answer, Result],
    answer: Callable[[Step], Awaitable[Answer]],
    *,
    most: int,
) -> Result:
    """Answer one step after the other, `most` at the most; return what the dialogue comes to.

    Raises: what `answer` raises.
    """
    try:
        step = next(dialogue)
        for _ in range(most):
            step = dialogue.send(await answer(step))
    except StopIteration as end:
        result: Result = end.value
        return result
    raise AssertionError(f"a dialogue that has not ended after {most} steps is not bounded")
