"""The till without a screen: entries in, one JSON line out for each, and for whatever changes by itself.

    in    one entry of the grammar a line (pos.entry); blank lines and lines that begin "# " are skipped
    out   {"entry": "10000CA", "notice": {"code": ..., "level": ..., "banner": ...}, "view": {...}}
          {"view": {...}}     something changed without an entry: a scan, a device, paper, the broker

A test, a demonstration or another program works a counter so, with every device and the broker behind
it. The view is what a screen would show, in short; amounts are minor units.
"""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from pos.entry import EntryError, masked, parse_entry
from pos.messages import notice
from pos.till import Till
from pos.view import DoubtView, Notice, TillView

LINE_BYTES_MAX: Final = 4096


async def entries_of(source: Path | None) -> AsyncIterator[str]:
    """Yield the lines of a file, or of standard input as they come. Raises: OSError."""
    if source is not None or sys.stdin.isatty() or _is_file():
        for line in _whole(source).split(b"\n"):
            yield line.decode("utf-8", "replace")
        return
    reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        yield line.decode("utf-8", "replace")


def _whole(source: Path | None) -> bytes:
    return sys.stdin.buffer.read() if source is None else source.read_bytes()


def _is_file() -> bool:
    return stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)


def told(line: bytes) -> None:
    """Write one line of the answer to standard output, at once."""
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


async def play(till: Till, entries: AsyncIterator[str], tell: Callable[[bytes], None]) -> int:
    """Carry out entries to the end of them. Returns how many were refused."""
    refused = 0
    last: dict[str, Any] = {}
    busy = False

    def on_view(view: TillView) -> None:
        nonlocal last
        shown = brief(view)
        if not busy and shown != last:
            last = shown
            tell(msgspec.json.encode({"view": shown}))

    unwatch = till.watch(on_view)
    on_view(till.view)
    try:
        async for line in entries:
            entry = line.strip()
            if not entry or entry.startswith("# "):
                continue
            busy = True
            told = await _carry_out(till, entry)
            busy = False
            refused += told is not None and bool(told.code)
            last = brief(till.view)
            answer = {"entry": masked(entry), "notice": _said(told), "view": last}
            tell(msgspec.json.encode(answer))
    finally:
        unwatch()
    return refused


async def _carry_out(till: Till, entry: str) -> Notice | None:
    try:
        command = parse_entry(entry, till.view.currency, till.view.tenders)
    except EntryError as error:
        return notice(error.code, till.view.language, **error.blanks)
    return await till.execute(command)


def _said(told: Notice | None) -> dict[str, str] | None:
    if told is None:
        return None
    return {"code": told.code, "level": told.level, "banner": told.banner, "money": told.money}


def brief(view: TillView) -> dict[str, Any]:
    """Return the view in short: what a program needs to know where the till and the money are."""
    return {
        "stage": view.stage.value,
        "sale": view.sale,
        "lines": len(view.lines),
        "pieces": view.pieces,
        "total": view.total,
        "discount": view.discount,
        "held": len(view.held),
        "due": view.due,
        "change": view.change,
        "last_sale": view.last_sale,
        "last_change": view.last_change,
        "last_balance": view.last_balance,
        "expected": view.expected,
        "counted": view.counted,
        "paper_waiting": view.paper_waiting,
        "link": view.queue.link,
        "waiting": view.queue.waiting,
        "in_doubt": view.queue.in_doubt,
        "doubt": None if view.doubt is None else _doubted(view.doubt),
        "questioned": view.queue.questioned,
        "devices": {device.role: device.lamp.value for device in view.devices},
        "notice": view.notice.code if view.notice is not None else "",
    }


def _doubted(doubt: DoubtView) -> dict[str, Any]:
    """Return what is known of the payment that holds the counter."""
    return {
        "code": doubt.said.code,
        "key": doubt.key,
        "amount": doubt.amount,
        "card": doubt.card.value,
        "balance": doubt.balance,
        "shop": doubt.shop.value,
        "wants_card": doubt.wants_card,
    }
