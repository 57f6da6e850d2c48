"""How value moves and a transfer ends: DEBIT, CREDIT, COMPLETE, RESUME, ABORT.

The DEBIT is the point of no return. After it nothing may be refused that would keep the value from
arriving, except that the message is not the one in hand.
"""

from typing import Final

from protocols.iso7816 import SW, Command, RefusedError, Response
from protocols.purse.chip import Chip, expect
from protocols.purse.details import DETAILS_BYTES, SIGNED_BYTES, MessageType, decode_details
from protocols.purse.image import NO_DETAILS, Flow, Image, Status
from protocols.purse.starting import may_receive, peer_is_welcome

_LAST_MESSAGE: Final[dict[int, MessageType]] = {
    Status.EPR: MessageType.OFFER,
    Status.EPV: MessageType.REQ,
    Status.EPA: MessageType.VAL,
    Status.EATO: MessageType.ACK,
}


def debit(chip: Chip, command: Command) -> Response:
    """Pay what is asked for: REQ in, VAL out. The value leaves here."""
    expect(command, SIGNED_BYTES + 4, p1=0, p2=0)
    image = chip.image()
    details, peer = chip.signed(command.data[:-4], MessageType.REQ)
    if not chip.rules.may_pay(image.status):
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    if not chip.rules.same_transfer(MessageType.REQ, details.encode(), image.details):
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    day = int.from_bytes(command.data[-4:])
    peer_is_welcome(chip, image, peer, day, payer=None, payee=peer.purse_class)
    pocket = chip.pocket_of(details.currency)
    if not chip.rules.funds(image.balances[pocket], details.value):
        raise RefusedError(SW.FUNDS)
    answer = chip.message(MessageType.VAL, image.details)
    paid = chip.rules.debited(image, pocket, details.value)
    chip.commit(_told(chip, _counted(chip, paid, details.value), MessageType.VAL, image.details))
    chip.verified = False
    return Response(answer, SW.OK)


def credit(chip: Chip, command: Command) -> Response:
    """Take the value: VAL in, ACK out; P1 01 for a transfer that was already given up."""
    expect(command, SIGNED_BYTES, p2=0)
    image = chip.image()
    details, _ = chip.signed(command.data, MessageType.VAL)
    encoded = details.encode()
    pocket = chip.pocket_of(details.currency)
    match command.p1:
        case 0:
            if not (
                chip.rules.may_be_credited(image.status)
                and chip.rules.same_transfer(MessageType.VAL, encoded, image.details)
            ):
                raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
            credited = chip.rules.credited(image, pocket, details.value)
        case 1 if chip.personality.late_completion:
            entry = _logged(chip, image, encoded, details.payee)
            # What this purse has asked for must find room as well: once paid it cannot be refused.
            may_receive(chip, image, pocket, details.value + _asked_for(image, details.currency))
            credited = chip.rules.credited_late(image, pocket, details.value, entry)
        case _:
            raise RefusedError(SW.P1_P2_WRONG)
    answer = chip.message(MessageType.ACK, encoded)
    chip.commit(_told(chip, credited, MessageType.ACK, encoded))
    return Response(answer, SW.OK)


def complete(chip: Chip, command: Command) -> Response:
    """Hear that the value arrived; P1 01 for a transfer that was already given up."""
    expect(command, SIGNED_BYTES, p2=0)
    image = chip.image()
    details, _ = chip.signed(command.data, MessageType.ACK)
    encoded = details.encode()
    match command.p1:
        case 0:
            if not (
                chip.rules.may_end(image.status)
                and chip.rules.same_transfer(MessageType.ACK, encoded, image.details)
            ):
                raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
            ended = chip.rules.acknowledged(image, NO_DETAILS)
        case 1 if chip.personality.late_completion:
            entry = _logged(chip, image, encoded, details.payer)
            ended = chip.rules.acknowledged_late(image, entry)
        case _:
            raise RefusedError(SW.P1_P2_WRONG)
    chip.commit(ended)
    return Response(b"", SW.OK)


def resume(chip: Chip, command: Command) -> Response:
    """Say the last message again. Nothing is committed: it says what is already so."""
    if command.p2:
        raise RefusedError(SW.P1_P2_WRONG)
    image = chip.image()
    match command.p1:
        case 0:
            expect(command, 0)
            kind = _LAST_MESSAGE.get(image.status)
            if kind is None or (
                kind is MessageType.OFFER and chip.personality.flow is Flow.ORIGINAL
            ):
                raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
            return Response(chip.message(kind, image.details), SW.OK)
        case 1:
            expect(command, DETAILS_BYTES)
            _logged(chip, image, command.data, decode_details(command.data).payer)
            return Response(chip.message(MessageType.VAL, command.data), SW.OK)
        case 2:
            expect(command, DETAILS_BYTES)
            if bytes((MessageType.ACK,)) + command.data not in image.narrative:
                raise RefusedError(SW.RECORD_NOT_FOUND)
            return Response(chip.message(MessageType.ACK, command.data), SW.OK)
        case _:
            raise RefusedError(SW.P1_P2_WRONG)


def abort(chip: Chip, command: Command) -> Response:
    """Give up what is in hand."""
    expect(command, 0, p1=0, p2=0)
    chip.commit(chip.rules.aborted(chip.image(), NO_DETAILS))
    return Response(b"", SW.OK)


def _logged(chip: Chip, image: Image, details: bytes, role: bytes) -> bytes:
    """Return the log entry of these details, in which this purse has that role."""
    entry = next((entry for entry in image.log if entry[1:] == details), None)
    if entry is None or role != chip.personality.name:
        raise RefusedError(SW.RECORD_NOT_FOUND)
    if not chip.rules.may_complete_late(entry):
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    return entry


def _asked_for(image: Image, currency: int) -> int:
    """Return what the transfer in hand may still bring into this currency's pocket."""
    if image.status != Status.EPV or image.transfer().currency != currency:
        return 0
    return image.transfer().value


def _counted(chip: Chip, image: Image, value: int) -> Image:
    if not chip.personality.counting:
        return image
    return image._replace(
        offline_count=min(image.offline_count + 1, 0xFFFF_FFFF),
        offline_value=min(image.offline_value + value, 0xFFFF_FFFF),
    )


def _told(chip: Chip, image: Image, kind: MessageType, details: bytes) -> Image:
    slots = chip.personality.narrative_slots
    if not slots:
        return image
    return image._replace(narrative=(*image.narrative, bytes((kind,)) + details)[-slots:])
