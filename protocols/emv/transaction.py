"""A payment by chip, from SELECT to the end: a generator of steps, as the purse's transfer is one.

    select - read - authenticate - restrictions - verify the holder - risk - action analysis
      |  Intend                                     it is durable before a cryptogram exists
    GENERATE AC 1   AAC  declined here
                    TC   approved here
                    ARQC  GoOnline -> proof of the issuer (91) given to the card, scripts 71
    GENERATE AC 2   TC   approved           AAC  refused, though the issuer may have approved: reverse
                    scripts 72

    the card is pulled                  what it means
      before GENERATE AC 1              nothing has happened
      at GENERATE AC 1                  nothing has happened: without a cryptogram nobody can book it
      when the issuer has approved      CARD_LEFT, reverse: it is taken back there
      after GENERATE AC 2               nothing: it is paid or not, scripts are the issuer's business

A card may give less than it is asked for, never more: an answer that promises more, or makes no sense, ends
as CARD_GARBLED and, where the issuer had approved, is reversed. No generator raises anything.
Source: EMV 4.4 book 3, 10; book 4, 6.3 and 12.2.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Final

from protocols.emv import tags
from protocols.emv.authentication import Authenticated, authenticate
from protocols.emv.bits import ASK_CDA, KIND_MASK, Aip, Kind, Tsi, Tvr
from protocols.emv.certificates import CertificateError, check_combined
from protocols.emv.deciding import (
    counts_payments,
    first_kind,
    kind_without_issuer,
    restrictions,
    risk,
    velocity,
)
from protocols.emv.dol import fill_dol
from protocols.emv.holder import Verified, verify_holder
from protocols.emv.issuer import Field55Error, decode_field_55, encode_field_55
from protocols.emv.reading import ReadCard, read_card
from protocols.emv.rsa import PublicKey
from protocols.emv.scripts import run_scripts
from protocols.emv.selection import Candidate, select
from protocols.emv.steps import (
    Answer,
    Asked,
    Dialogue,
    EndedError,
    Ending,
    Finished,
    GoOnline,
    Intend,
    Said,
    Stage,
    Step,
    ask,
    garbled,
)
from protocols.emv.terminal import RID_BYTES, Payment, Terminal
from protocols.iso7816 import SW, Command
from protocols.tlv import TlvError, encode_tlv, parse_tlv

OFFLINE_APPROVED: Final = b"Y1"
OFFLINE_DECLINED: Final = b"Z1"
UNREACHED_APPROVED: Final = b"Y3"
UNREACHED_DECLINED: Final = b"Z3"
_STAGE: Final = Stage.DECIDING
_CRYPTOGRAM_TAGS: Final = (tags.CRYPTOGRAM_INFORMATION, tags.ATC, tags.CRYPTOGRAM)


@dataclass(slots=True)
class _State:
    """What is known by now."""

    candidate: Candidate
    card: ReadCard
    values: dict[int, bytes] = field(repr=False)
    """What DOLs are filled from."""
    found: Tvr = Tvr.NONE
    done: Tsi = Tsi.NONE
    signature: bool = False
    scripts: bytes = b""

    def told(self) -> Mapping[int, bytes]:
        """Return the values as they are now."""
        self.values |= {tags.TVR: self.found.encode(), tags.TSI: self.done.encode()}
        return self.values

    def asked(self) -> Asked:
        """Return what the issuer is told."""
        card = self.card
        return Asked(
            field_55=encode_field_55(self.values),
            pan=card.pan,
            sequence=card.sequence,
            track_2=card.track_2,
            expiry=f"{card.expiry}"[2:6],
            aid=self.candidate.aid,
            label=self.candidate.label,
        )

    def finished(
        self, ending: Ending, stage: Stage, reason: str = "", *, reverse: bool = False
    ) -> Finished:
        """Return the end."""
        return Finished(
            ending,
            stage,
            reason,
            self.found,
            self.asked() if tags.CRYPTOGRAM in self.values else None,
            reverse,
            self.signature,
            self.scripts,
        )


def pay(terminal: Terminal, payment: Payment) -> Dialogue:
    """Pay by chip."""
    try:
        state = yield from _begin(terminal, payment)
    except EndedError as ended:
        return Finished(ended.ending, ended.stage, ended.reason)
    try:
        return (yield from _go_on(terminal, payment, state))
    except EndedError as ended:
        return state.finished(ended.ending, ended.stage, ended.reason)


def _begin(terminal: Terminal, payment: Payment) -> Generator[Step, Answer, _State]:
    """Select and read; an application that cannot pay here is left for the next."""
    applications = terminal.applications
    while True:
        selected = yield from select(applications)
        candidate = selected.candidate
        values = _values(terminal, payment, candidate)
        card = yield from read_card(selected.control, values)
        if card is not None:
            return _State(candidate, card, values | dict(card.data))
        applications = tuple(each for each in applications if each is not candidate.application)


def _go_on(terminal: Terminal, payment: Payment, state: _State) -> Dialogue:
    card, application = state.card, state.candidate.application
    rid = state.candidate.aid[:RID_BYTES]
    authenticated = yield from authenticate(card, terminal, rid, payment.date // 100, state.told())
    state.found |= authenticated.found
    state.done |= authenticated.done
    state.values |= dict(authenticated.signed or {})
    state.found |= restrictions(card, terminal, application, payment.date)
    verified = yield from verify_holder(card, terminal, payment, rid)
    state.found |= verified.found
    state.done |= verified.done
    state.signature = verified.signature
    state.values[tags.CVM_RESULTS] = verified.results
    state.found |= risk(card, terminal, application, payment)
    if counts_payments(card):
        counter = yield from _number(tags.ATC)
        last_online = yield from _number(tags.LAST_ONLINE_ATC)
        state.found |= velocity(card, counter, last_online)
    state.done |= Tsi.TERMINAL_RISK_MANAGEMENT
    yield Intend(state.asked())
    kind = first_kind(state.found, card, terminal, application)
    # Nothing is signed that is declined anyway.
    signer = authenticated.combined if kind is not Kind.AAC else None
    state.values[tags.RESPONSE_CODE] = OFFLINE_DECLINED if kind is Kind.AAC else OFFLINE_APPROVED
    given = yield from _generate(state, kind, tags.CDOL_1, signer, b"")
    state.done |= Tsi.CARD_RISK_MANAGEMENT
    if given.kind is Kind.ARQC:
        return (yield from _online(terminal, state, authenticated, verified, given))
    if given.kind is Kind.TC and given.signed:
        return state.finished(Ending.APPROVED_OFFLINE, _STAGE)
    reason = "" if given.signed else given.reason
    return state.finished(Ending.DECLINED_OFFLINE, _STAGE, reason)


@dataclass(frozen=True, slots=True)
class _Given:
    """A cryptogram as the card gave it."""

    kind: Kind
    passed: bytes = field(repr=False)
    """What went to the card and came back with it, for the signature over the second."""
    signed: bool
    """Its signature is right, or none was asked for."""
    reason: str = ""


def _online(
    terminal: Terminal,
    state: _State,
    authenticated: Authenticated,
    verified: Verified,
    given: _Given,
) -> Dialogue:
    application, stage = state.candidate.application, Stage.ASKING_ISSUER
    if not given.signed:
        # Whose cryptogram it is nobody can tell: it is ended, and the issuer never asked.
        state.values[tags.RESPONSE_CODE] = OFFLINE_DECLINED
        yield from _generate(state, Kind.AAC, tags.CDOL_2, None, given.passed)
        return state.finished(Ending.DECLINED_OFFLINE, _STAGE, given.reason)
    answer = yield GoOnline(state.asked(), verified.pin)
    if not isinstance(answer, Said):
        kind = kind_without_issuer(state.found, state.card, terminal, application)
        approve = kind is Kind.TC
        state.values[tags.RESPONSE_CODE] = UNREACHED_APPROVED if approve else UNREACHED_DECLINED
        second = yield from _generate(
            state, kind, tags.CDOL_2, authenticated.combined if approve else None, given.passed
        )
        if second.kind is Kind.TC and second.signed:
            return state.finished(Ending.APPROVED_OFFLINE, stage)
        return state.finished(Ending.DECLINED_OFFLINE, stage, "the issuer cannot be reached")
    try:
        return (yield from _complete(state, authenticated, answer, given))
    except EndedError as ended:
        return state.finished(ended.ending, ended.stage, ended.reason, reverse=answer.approved)


def _complete(state: _State, authenticated: Authenticated, said: Said, given: _Given) -> Dialogue:
    stage = Stage.COMPLETING
    data, scripts = _issuers_words(said)
    # A second cryptogram is of other values: what the issuer was asked with stays as it was sent.
    state.values[tags.RESPONSE_CODE] = said.code.encode("ascii", "replace")[:2].ljust(2)
    proof = data.get(tags.ISSUER_AUTHENTICATION, b"")
    if proof:
        state.values[tags.ISSUER_AUTHENTICATION] = proof
        yield from _authenticate_issuer(state, proof)
    before = yield from run_scripts(scripts, tags.SCRIPT_1)
    if before.failed:
        state.found |= Tvr.SCRIPT_FAILED_BEFORE
    state.scripts += before.results
    state.done |= Tsi.SCRIPTS if before.results else Tsi.NONE
    kind = Kind.TC if said.approved else Kind.AAC
    signer = authenticated.combined if kind is Kind.TC else None
    second = yield from _generate(state, kind, tags.CDOL_2, signer, given.passed)
    # From here on the card may leave: it is settled whether it is paid.
    after = yield from run_scripts(scripts, tags.SCRIPT_2)
    if after.failed:
        state.found |= Tvr.SCRIPT_FAILED_AFTER
    state.scripts += after.results
    state.done |= Tsi.SCRIPTS if after.results else Tsi.NONE
    if not said.approved:
        return state.finished(Ending.DECLINED_ONLINE, stage, said.code)
    if second.kind is Kind.TC and second.signed:
        return state.finished(Ending.APPROVED_ONLINE, stage)
    return state.finished(Ending.REFUSED_BY_CARD, stage, second.reason, reverse=True)


def _issuers_words(said: Said) -> tuple[Mapping[int, bytes], bytes]:
    """Return the issuer's data objects, and its scripts; what makes no sense is as if never sent."""
    try:
        # Scripts may come several times, so they are gone through as they stand.
        items = parse_tlv(said.field_55)
        rest = [item for item in items if item.tag not in (tags.SCRIPT_1, tags.SCRIPT_2)]
        return decode_field_55(b"".join(item.encode() for item in rest)), said.field_55
    except (TlvError, Field55Error):
        return {}, b""


def _authenticate_issuer(state: _State, proof: bytes) -> Generator[Step, Answer, None]:
    """Give the issuer's proof to a card that takes it by itself; others get it with GENERATE AC."""
    if Aip.ISSUER_AUTHENTICATION not in state.card.aip or len(proof) > 16:
        return
    answer = yield from ask(Stage.COMPLETING, Command(0x00, 0x82, 0, 0, proof).encode())
    state.done |= Tsi.ISSUER_AUTHENTICATION
    if not answer.ok:
        state.found |= Tvr.ISSUER_NOT_AUTHENTICATED


def _generate(
    state: _State, kind: Kind, dol: int, signer: PublicKey | None, before: bytes
) -> Generator[Step, Answer, _Given]:
    """Have the card give a cryptogram. Raises: EndedError."""
    stage = _STAGE if dol == tags.CDOL_1 else Stage.COMPLETING
    told = fill_dol(state.card.dol(dol), state.told())
    p1 = kind | (ASK_CDA if signer is not None else 0)
    answer = yield from ask(stage, Command(0x80, 0xAE, p1, 0, told, 256).encode())
    if answer.sw == SW.CONDITIONS_NOT_SATISFIED:
        raise EndedError(Ending.DECLINED_OFFLINE, stage, "the card gives no cryptogram")
    if not answer.ok:
        raise garbled(stage, f"GENERATE AC: {answer.sw:04X}")
    passed = (before or state.card.told) + told
    objects, order = _cryptogram(answer.data, stage)
    state.done |= Tsi.CARD_RISK_MANAGEMENT
    signed, reason = True, ""
    signature = objects.get(tags.DYNAMIC_SIGNATURE)
    if signer is not None and signature is not None:
        covered = passed + b"".join(
            encode_tlv(tag, value) for tag, value in order if tag != tags.DYNAMIC_SIGNATURE
        )
        try:
            combined = check_combined(signer, signature, state.values[tags.UNPREDICTABLE], covered)
            objects[tags.CRYPTOGRAM] = combined.cryptogram
            if combined.information != objects[tags.CRYPTOGRAM_INFORMATION][0]:
                signed, reason = False, "the card has signed another kind of cryptogram"
        except CertificateError as error:
            signed, reason = False, str(error)
    elif signer is not None and objects[tags.CRYPTOGRAM_INFORMATION][0] & KIND_MASK != Kind.AAC:
        signed, reason = False, "the card has not signed its cryptogram"
    if not signed:
        state.found |= Tvr.CDA_FAILED
    return _Given(_kind(objects, kind, stage, state), passed, signed, reason)


def _cryptogram(data: bytes, stage: Stage) -> tuple[dict[int, bytes], list[tuple[int, bytes]]]:
    """Return a cryptogram's data objects, and in which order they came. Raises: EndedError."""
    try:
        items = parse_tlv(data)
        if len(items) != 1:
            raise garbled(stage, "GENERATE AC answers something else")
        value = items[0].value
        if items[0].tag == tags.RESPONSE_1:
            pieces = (value[:1], value[1:3], value[3:11], value[11:])
            names = (*_CRYPTOGRAM_TAGS, tags.ISSUER_DATA)
            order = list(zip(names, pieces, strict=True))
        elif items[0].tag == tags.RESPONSE_2:
            order = [(item.tag, item.value) for item in parse_tlv(value)]
        else:
            raise garbled(stage, "GENERATE AC answers something else")
    except TlvError as error:
        raise garbled(stage, f"GENERATE AC: {error}") from error
    objects = dict(order)
    sizes = {tags.CRYPTOGRAM_INFORMATION: 1, tags.ATC: 2, tags.CRYPTOGRAM: 8}
    if tags.DYNAMIC_SIGNATURE in objects:
        del sizes[tags.CRYPTOGRAM]
    if len(objects) != len(order) or any(len(objects.get(t, b"")) != n for t, n in sizes.items()):
        raise garbled(stage, "a cryptogram that is not whole")
    return objects, order


def _kind(objects: dict[int, bytes], wanted: Kind, stage: Stage, state: _State) -> Kind:
    """Return what the card gave, if it is no more than it was asked for. Raises: EndedError."""
    given = objects[tags.CRYPTOGRAM_INFORMATION][0] & KIND_MASK
    allowed = {
        Kind.AAC: (Kind.AAC,),
        Kind.ARQC: (Kind.AAC, Kind.ARQC),
        Kind.TC: (Kind.AAC, Kind.ARQC, Kind.TC),
    }[wanted]
    if stage is Stage.COMPLETING:
        allowed = tuple(each for each in allowed if each is not Kind.ARQC)
    if given not in allowed:
        raise garbled(stage, f"asked for {wanted.name}, the card gives {given:02X}")
    state.values |= {tag: objects[tag] for tag in objects if tag in tags.ONLINE}
    return Kind(given)


def _number(tag: int) -> Generator[Step, Answer, int | None]:
    """Ask the card for one of its counters; None where it does not tell."""
    command = Command(0x80, 0xCA, tag >> 8, tag & 0xFF, le=256)
    answer = yield from ask(_STAGE, command.encode())
    if not answer.ok:
        return None
    try:
        items = parse_tlv(answer.data)
    except TlvError:
        return None
    told = items[0].value if items and items[0].tag == tag else b""
    return int.from_bytes(told) if len(told) == 2 else None


def _values(terminal: Terminal, payment: Payment, candidate: Candidate) -> dict[int, bytes]:
    """Return what the terminal can tell a card before it has read it."""
    assert len(payment.unpredictable) == 4
    return {
        tags.AMOUNT: bytes.fromhex(f"{payment.amount:012}"),
        tags.AMOUNT_OTHER: bytes(6),
        tags.CURRENCY: bytes.fromhex(f"{payment.currency:04}"),
        tags.CURRENCY_EXPONENT: bytes.fromhex(f"{payment.exponent:02}"),
        tags.DATE: bytes.fromhex(f"{payment.date}"[2:]),
        tags.TIME: bytes.fromhex(f"{payment.time:06}"),
        tags.TRANSACTION_TYPE: bytes((payment.kind,)),
        tags.UNPREDICTABLE: payment.unpredictable,
        tags.SEQUENCE: bytes.fromhex(f"{payment.number:08}"),
        tags.TERMINAL_COUNTRY: bytes.fromhex(f"{terminal.country:04}"),
        tags.TERMINAL_TYPE: bytes((terminal.kind,)),
        tags.CAPABILITIES: terminal.capabilities.encode(),
        tags.MORE_CAPABILITIES: terminal.more_capabilities,
        tags.DEVICE_SERIAL: terminal.serial.encode("ascii").ljust(8)[:8],
        tags.TERMINAL_AID: candidate.aid,
        tags.DF_NAME: candidate.aid,
        tags.TERMINAL_VERSION: candidate.application.version.to_bytes(2),
        tags.FLOOR_LIMIT: candidate.application.floor_limit.to_bytes(4),
        tags.TVR: bytes(5),
        tags.TSI: bytes(2),
        tags.CVM_RESULTS: bytes((0x3F, 0, 0)),
    }
