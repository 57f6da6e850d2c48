"""The till without a screen: one request in, one answer out; the same for a command and a socket.

A command that finds its folder free carries its request out itself; one that finds a counter open in
it sends the request there (pos.side_door). Either way the same functions run on the same Till, and
the entry grammar is the only language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

import msgspec

from pos import commands
from pos.e_receipts import shown
from pos.entry import TENDER_VERBS, EntryError, masked, parse_entry
from pos.messages import notice
from pos.rights import Right, named
from pos.selling import why_unknown
from pos.store.papers import Paper
from pos.store.store import Store
from pos.till import Till
from pos.view import Notice, Stage

PAPERS_SECONDS: Final = 10.0
"""How long a sale without a screen waits for its receipt before it answers."""
RESUMES_MAX: Final = 3
"""How often a sale without a screen asks about a payment in doubt before it gives the sale up."""


class Sell(msgspec.Struct, frozen=True, kw_only=True, tag="sell"):
    """One sale: items as entries (3*8801...), tenders as name or name:amount."""

    items: list[str]
    tenders: list[str]
    paper: bool | None = None
    """Whether the receipt comes out on paper; None: as the policy says."""
    member: str = ""
    """A card or a telephone."""


class Run(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """Entries in order; stops at the first that is refused. An approval is the entry after it."""

    entries: list[str]


class Change(msgspec.Struct, frozen=True, kw_only=True, tag="change"):
    """A payment of a closed sale replaced by others: name or name:amount."""

    sale: str = ""
    """Its code, or its number today; empty: the last sale."""
    payment: int = 0
    """The n-th of its payments, from 1; 0: the only one."""
    tenders: list[str]
    reason: str = ""
    approval: str = ""
    """Who allows it, as an entry, where the clerk may not."""


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """x: the figures so far; z: the last Z."""

    form: str


class Queue(msgspec.Struct, frozen=True, kw_only=True, tag="queue"):
    """What is on its way to the broker."""


class Devices(msgspec.Struct, frozen=True, kw_only=True, tag="devices"):
    """Every device and how it is."""


Request = Sell | Run | Change | Report | Queue | Devices


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request."""

    done: bool
    sentence: str = ""
    """For people, in the till's language; where the money is, when it was about money."""
    code: str = ""
    fields: dict[str, object] = {}
    """For programs."""


@dataclass(frozen=True, slots=True)
class _Tendered:
    method: str
    amount: int | None


class MisuseError(ValueError):
    """The request itself is wrong: what and how to write it."""


async def answer(till: Till, request: Request) -> Answer:
    """Carry a request out. Raises: MisuseError, StoreError."""
    match request:
        case Sell():
            return await _sell(till, request)
        case Run(entries=entries):
            return await _run(till, entries)
        case Change():
            return await _change(till, request)
        case Report(form=form):
            return await _report(till, form)
        case Queue():
            return await _queue(till)
        case Devices():
            return _devices(till)
        case _:
            assert_never(request)


def check(request: Request) -> None:
    """Check what can be checked without a till. Raises: MisuseError."""
    match request:
        case Sell(items=items, tenders=tenders, member=member):
            _member(member)
            for item in items:
                _scan(item)
            for tender in tenders:
                _tendered(tender)
        case Run(entries=entries):
            for entry in entries:
                _parsed(entry)
        case Change(tenders=tenders):
            for tender in tenders:
                _tendered(tender)
        case _:
            return


async def _sell(till: Till, request: Sell) -> Answer:
    scans = [_scan(item) for item in request.items]
    member = _member(request.member)
    tendered = [_tendered(tender) for tender in request.tenders]
    register = till.register
    if register.has_sale():
        return _refused(register.say("SHF-03"))
    for scan in scans:
        if register.assortment is not None and register.assortment.scan(scan.code) is None:
            return _refused(register.say(why_unknown(scan.code), code=scan.code))
    for scan in scans:
        notice = await till.execute(scan)
        if notice is not None:
            return await _given_up(till, notice)
    if request.paper is not None:
        notice = await till.execute(commands.ChoosePaper(request.paper))
        if notice is not None and notice.code:
            return await _given_up(till, notice)
    if member is not None:
        notice = await till.execute(member)
        if register.sale.member is None:
            if notice is None or not notice.code:
                notice = register.say("MBR-05")
            return await _given_up(till, notice)
    total, order = register.sale.total, register.order(register.sale.number)
    for pay in tendered:
        notice = await _known(till, await till.execute(commands.Pay(pay.method, pay.amount)))
        if not register.has_sale():
            return await _sold(till, notice, total=total, order=order)
        if notice is not None and notice.level != "A":
            return await _given_up(till, notice)
    return await _given_up(till, register.say("PAY-02", short=register.sale.due))


async def _known(till: Till, notice: Notice | None) -> Notice | None:
    """Ask about an attempt in doubt a few times: the same one, never a new one."""
    for _ in range(RESUMES_MAX):
        if notice is None or notice.level != "C" or not till.register.has_sale():
            break
        notice = await till.execute(commands.Resume())
    return notice


async def _change(till: Till, request: Change) -> Answer:
    """Replace a payment; where nothing has moved, nothing stays open."""
    tendered = [_tendered(tender) for tender in request.tenders]
    register = till.register
    if not _changing(till):
        begin = commands.ChangeTender(request.payment, request.sale, request.reason)
        notice = await till.execute(begin)
        if till.view.asking is not None and request.approval:
            notice = await till.execute(_parsed(request.approval))
        if not _changing(till):
            if till.view.asking is not None and register.at_work:
                await till.execute(commands.Cancel())
            assert notice is not None, "what was not begun says why"
            return _refused(notice)
    for pay in tendered:
        notice = await _known(till, await till.execute(commands.Pay(pay.method, pay.amount)))
        if not _changing(till) and notice is not None and not notice.code:
            await till.papers_out(seconds=PAPERS_SECONDS)
            return Answer(done=True, sentence=notice.banner)
        if notice is not None and notice.level != "A":
            break
    else:
        notice = register.say("PAY-02", short=register.sale.due)
    await _left(till)
    return _refused(notice)


def _changing(till: Till) -> bool:
    return till.register.sale.changing is not None


async def _left(till: Till) -> None:
    """Leave a correction in which nothing has moved; a half-done one stays, and says so."""
    sale = till.register.sale
    if (sale.voiding or sale.changing is not None) and till.register.doubted is None:
        await till.execute(commands.EndReturn())


async def _sold(till: Till, notice: Notice | None, *, total: int, order: str) -> Answer:
    came_out = await till.papers_out(seconds=PAPERS_SECONDS)
    assert notice is not None, "a paid sale says so"
    last = till.register.last
    link = None if last is None else shown(till.register, last.number, last.link)
    on_paper = till.register.setup.has_printer and till.view.link is None
    return Answer(
        done=True,
        sentence=notice.banner if link is None or on_paper else f"{notice.banner}\n{link.address}",
        fields={
            "order": order,
            "total": total,
            "change": till.view.last_change,
            "currency": till.register.setup.currency.code,
            "receipt": "printed" if came_out and on_paper else "kept",
            **({} if link is None else {"link": link.address}),
        },
    )


async def _given_up(till: Till, why: Notice) -> Answer:
    """Leave no half sale behind a command that failed."""
    register = till.register
    if register.stage is not Stage.STOPPED and register.has_sale():
        said = await till.execute(commands.VoidSale("headless: " + (why.code or why.banner)))
        if register.has_sale() and said is not None:
            # A payment that could not go back keeps it open: that is what has to be known now.
            return _refused(said)
    return _refused(why)


async def _run(till: Till, entries: list[str]) -> Answer:
    said: list[str] = []
    parsed = [_parsed(entry, till.view.tenders) for entry in entries]
    for command, after in zip(parsed, [*parsed[1:], None], strict=True):
        if isinstance(command, commands.Prove) and till.view.asking is None:
            continue  # Nobody had to allow anything.
        notice = await till.execute(command)
        if till.view.asking is not None and isinstance(after, commands.Prove):
            continue
        if till.view.asking is not None and till.register.at_work:
            # Nobody is asked at a counter for what a command elsewhere wanted.
            await till.execute(commands.Cancel())
        if notice is not None and notice.code:
            await _left(till)
            return _refused(notice)
        if notice is not None:
            said.append(notice.banner)
    await till.papers_out(seconds=PAPERS_SECONDS)
    fields = _shift_fields(till)
    if any(isinstance(command, _SERVICES) for command in parsed):
        fields |= till.served
    if till.view.page == "link" and till.view.link is not None:
        link = till.view.link
        said, fields = [link.address], fields | {"sale": link.sale, "link": link.address}
    if commands.ReadPurse(statement=True) in parsed:
        paper = await till.register.runner.run(lambda store: store.papers.newest("statement"))
        said = said if paper is None else [till.text_of(paper)]
    return Answer(done=True, sentence="\n".join(said), fields=fields)


_SERVICES: Final = (
    commands.ReadPurse,
    commands.LoadPurse,
    commands.DepositPurse,
    commands.RefundPurse,
)


def _shift_fields(till: Till) -> dict[str, object]:
    view = till.view
    return {
        "stage": view.stage.value,
        "business_date": till.register.business_date,
        "expected": view.expected,
        "counted": view.counted,
    }


async def _report(till: Till, form: str) -> Answer:
    if form not in ("x", "z"):
        raise MisuseError(f"a report is x or z, not {form!r}")
    register = till.register
    if not register.at_work:
        return _refused(register.say("USR-07"))
    if not register.allowed(Right.SHIFT_READ):
        return _refused(register.say("RGT-01", right=named(Right.SHIFT_READ, register.language)))
    await register.recount()
    paper = till.x_paper() if form == "x" else await till.register.runner.run(newest_z)
    if paper is None:
        return _refused(register.say("SHF-01" if form == "x" else "RPT-01"))
    figures: dict[str, object] = msgspec.msgpack.decode(paper.body)
    if form == "x":
        figures = {name: value for name, value in figures.items() if name not in _OF_A_CLOSE}
    return Answer(done=True, sentence=till.text_of(paper), fields={"form": form, **figures})


_OF_A_CLOSE: Final = frozenset({"z", "expected", "counted", "over_short", "reason"})
"""What an X does not show: the count stays blind."""


def newest_z(store: Store) -> Paper | None:
    """Return the newest Z as its paper, or None before the first. Raises: StoreError."""
    return store.papers.newest("z")


async def _queue(till: Till) -> Answer:
    register = till.register
    counts, asked = await register.runner.run(
        lambda store: (store.queue(), store.chains.questions())
    )
    korean = register.language == "ko"
    refusals = [
        f"{code}: {sentence}"
        for state, code, sentence in till.view.queue.rows
        if state == "refused"
    ]
    return Answer(
        done=True,
        sentence="\n".join(refusals),
        fields={
            "link": till.view.queue.link,
            "waiting": counts.waiting,
            "sent": counts.sent,
            "in_doubt": counts.in_doubt,
            "questioned": counts.questioned,
            "questions": [
                {
                    "sequence": row.sequence,
                    "code": row.code,
                    "sentence": row.sentence_ko if korean else row.sentence_en,
                }
                for row in asked
            ],
        },
    )


def _devices(till: Till) -> Answer:
    rows = [
        {
            "role": device.role,
            "label": device.label,
            "address": device.address,
            "lamp": device.lamp.value,
            "sentence": device.sentence,
        }
        for device in till.view.devices
    ]
    well = all(row["lamp"] in ("O", "!", "-") for row in rows)
    return Answer(done=well, fields={"devices": rows})


def _refused(notice: Notice) -> Answer:
    money = f" ({notice.money})" if notice.money else ""
    return Answer(done=False, sentence=notice.banner + money, code=notice.code)


def _parsed(entry: str, tenders: Mapping[str, str] = TENDER_VERBS) -> commands.Command:
    try:
        return parse_entry(entry, tenders=tenders)
    except EntryError as error:
        sentence = notice(error.code, "en", **error.blanks).banner
        raise MisuseError(f"{masked(entry)!r} is no entry: {sentence}") from error


def _scan(item: str) -> commands.Scan:
    command = _parsed(item)
    if not isinstance(command, commands.Scan):
        raise MisuseError(f"{item!r} is no item; write a code, or 3*CODE for three of it")
    return command


def _member(named: str) -> commands.TakeMember | None:
    if not named:
        return None
    command = _parsed(f"MB:{named}")
    if not isinstance(command, commands.TakeMember) or command.choice:
        raise MisuseError("a member is named by card or telephone")
    return command


def _tendered(text: str) -> _Tendered:
    method, colon, amount = text.partition(":")
    if not method or (colon and not (amount.isascii() and amount.isdigit())):
        raise MisuseError(f"{text!r} is no tender; write cash, or cash:10000 in minor units")
    return _Tendered(method, int(amount) if colon else None)
