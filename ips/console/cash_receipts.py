"""cash-receipt: what is on its way to the agent, and whether both have the same."""

import argparse
import asyncio
from typing import Final

from ips.cash_receipts.outcomes import Unknown
from ips.cash_receipts.records import RequestRow, requests
from ips.config import Config
from ips.console.answers import Answer, CommandError, table
from ips.console.asking import listing, reading
from protocols.cash_receipt_agent import Approved, Day

STATES: Final = ("waiting", "asked", "pending", "approved", "refused", "by_hand", "needless")


def cash_receipt_list(arguments: argparse.Namespace, config: Config) -> Answer:
    """List requests, the newest first."""
    rows: list[list[object]] = [
        ["sale", "what", "for", "amount", "vat", "state", "approval", "on", "reason"]
    ]
    wanted = arguments.state
    tail = "WHERE (? = '' OR state = ?) ORDER BY changed_ns DESC, key LIMIT ?"
    with reading(config) as reader:
        for row in requests(reader, tail, (wanted or "", wanted or "", arguments.limit)):
            rows.append(
                [
                    row.order_key, row.what, row.shown, row.amount, row.vat, row.state,
                    row.approval or "-", row.approved_on or "-", row.reason or "-",
                ]
            )  # fmt: skip
    return listing(rows, "no cash receipt yet; tills ask for them where a broker has an agent")


def cash_receipt_compare(arguments: argparse.Namespace, config: Config) -> Answer:
    """Compare a day's approvals with the agent's. Status 1 when they differ."""
    if not config.cash_receipts.agent:
        raise CommandError("no agent: `cash_receipts.agent` of the configuration names one")
    theirs = asyncio.run(_day(config, arguments.date))
    if isinstance(theirs, Unknown):
        raise CommandError(f"the agent did not tell its day: {theirs.reason}")
    with reading(config) as reader:
        tail = "WHERE state = 'approved' AND approved_on = ? ORDER BY approval"
        ours = requests(reader, tail, (arguments.date,))
    differences = [*differing(ours, theirs)]
    rows: list[list[object]] = [["key", "here", "at the agent"], *differences]
    value = {
        "date": arguments.date,
        "here": len(ours),
        "agent": len(theirs.rows),
        "differences": [
            dict(zip(("key", "here", "agent"), row, strict=True)) for row in differences
        ],
    }
    same = f"{len(ours)} approvals of {arguments.date}, the same here and at the agent"
    return Answer(
        value=value,
        text=table(rows) if differences else same,
        rows=rows,
        status=int(bool(differences)),
    )


def differing(ours: list[RequestRow], theirs: Day) -> list[list[object]]:
    """Return what one has and the other has not, or has otherwise."""
    here = {row.key: f"{row.what} {row.amount} {row.approval}" for row in ours}
    there = {row.key: _shown(row) for row in theirs.rows}
    return [
        [key, here.get(key, "-"), there.get(key, "-")]
        for key in sorted({*here, *there})
        if here.get(key) != there.get(key)
    ]


def _shown(row: Approved) -> str:
    return f"{row.what} {row.amount} {row.approval}"


async def _day(config: Config, date: str) -> Day | Unknown:
    # Loaded here: it takes as long as all the rest of the program.
    from ips.cash_receipts.agent import HttpAgent

    agent = HttpAgent(config.cash_receipts.agent, config.cash_receipts.token())
    try:
        return await agent.day(date)
    finally:
        await agent.close()
