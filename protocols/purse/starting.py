"""How a transfer begins: QUERY, START PAYER, ACCEPT, and START PAYEE of the original flow.

Whatever can be refused is refused here, before any value moves: funds, ceiling, limits, PIN, expiry,
hotlist, classes, a full log, the last sequence number. What was in hand before is given up, and
logged where value may be in it, in the same commit.
"""

from typing import Final

from protocols.iso7816 import SW, Command, RefusedError, Response
from protocols.purse.chip import Chip, parameters_of
from protocols.purse.details import Certificate, MessageType, PaymentDetails, decode_certificate
from protocols.purse.image import NO_DETAILS, Flow, Image, Life, Status
from protocols.purse.reading import query

_START_BYTES: Final = 30


def begin(chip: Chip, command: Command) -> Response:
    """Carry out INIT: QUERY, START PAYER, ACCEPT or START PAYEE, as P1 says."""
    match command.p1:
        case 0x00:
            return query(chip, command)
        case 0x01:
            return _start_payer(chip, command)
        case 0x02 if chip.personality.flow is Flow.OFFER:
            return _accept(chip, command)
        case 0x03 if chip.personality.flow is Flow.ORIGINAL:
            return _start_payee(chip, command)
        case _:
            raise RefusedError(SW.P1_P2_WRONG)


def _start_payer(chip: Chip, command: Command) -> Response:
    image = chip.image()
    pocket = chip.pocket(command.p2)
    payee, value, currency, sequence, reference, day = _start_data(command)
    details = PaymentDetails(
        chip.personality.name, payee, value, currency, image.sequence, sequence, reference
    )
    _may_start(chip, image, details, pocket, day)
    _may_spend(chip, image, pocket, value)
    return _begin(chip, image, details, Status.EPR)


def _start_payee(chip: Chip, command: Command) -> Response:
    image = chip.image()
    pocket = chip.pocket(command.p2)
    payer, value, currency, sequence, reference, day = _start_data(command)
    details = PaymentDetails(
        payer, chip.personality.name, value, currency, sequence, image.sequence, reference
    )
    _may_start(chip, image, details, pocket, day)
    may_receive(chip, image, pocket, value)
    return _begin(chip, image, details, Status.EPV)


def _accept(chip: Chip, command: Command) -> Response:
    image = chip.image()
    pocket = chip.pocket(command.p2)
    details, peer = chip.signed(command.data[:-4], MessageType.OFFER)
    day = int.from_bytes(command.data[-4:])
    if details.payee != chip.personality.name:
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    if not chip.rules.offer_is_fresh(details, image.sequence):
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    peer_is_welcome(chip, image, peer, day, payer=peer.purse_class, payee=None)
    _may_start(chip, image, details, pocket, day)
    may_receive(chip, image, pocket, details.value)
    return _begin(chip, image, details, Status.EPV)


def _may_start(chip: Chip, image: Image, details: PaymentDetails, pocket: int, day: int) -> None:
    if not chip.rules.strangers(details.payer, details.payee) or details.value == 0:
        raise RefusedError(SW.DATA_WRONG)
    if chip.personality.currencies[pocket] != details.currency:
        raise RefusedError(SW.POCKET)
    if not chip.rules.sequence_left(image.sequence):
        raise RefusedError(SW.SEQUENCE_EXHAUSTED)
    if not chip.rules.room_to_start(image, chip.personality.log_slots):
        raise RefusedError(SW.LOG_FULL)
    if max(day, image.date) > decode_certificate(chip.personality.certificate).expiry:
        raise RefusedError(SW.REFERENCE_NOT_USABLE)


def _may_spend(chip: Chip, image: Image, pocket: int, value: int) -> None:
    if image.life == Life.LOCKED:
        raise RefusedError(SW.SECURITY_NOT_SATISFIED)
    if not chip.rules.funds(image.balances[pocket], value):
        raise RefusedError(SW.FUNDS)
    parameters = parameters_of(image)
    if value > parameters.transfer_max:
        raise RefusedError(SW.LIMIT)
    if chip.personality.counting and (
        image.offline_count + 1 > parameters.offline_count_max
        or image.offline_value + value > parameters.offline_value_max
    ):
        raise RefusedError(SW.LIMIT)
    if value > parameters.pin_above and not chip.verified:
        raise RefusedError(SW.SECURITY_NOT_SATISFIED)


def may_receive(chip: Chip, image: Image, pocket: int, value: int) -> None:
    """Check the ceiling of a pocket. Raises: RefusedError."""
    ceiling = chip.personality.ceilings[pocket]
    if not chip.rules.below_ceiling(image.balances[pocket], value, ceiling):
        raise RefusedError(SW.CEILING)


def _begin(chip: Chip, image: Image, details: PaymentDetails, status: Status) -> Response:
    """Give up what was in hand, take this transfer, and answer its first message."""
    encoded = details.encode()
    begun = chip.rules.begun(chip.rules.aborted(image, NO_DETAILS), encoded, status)
    match status:
        case Status.EPV:
            answer = chip.message(MessageType.REQ, encoded)
        case _ if chip.personality.flow is Flow.OFFER:
            answer = chip.message(MessageType.OFFER, encoded)
        case _:
            answer = b""
    chip.commit(begun)
    return Response(answer, SW.OK)


def peer_is_welcome(
    chip: Chip, image: Image, peer: Certificate, day: int, *, payer: int | None, payee: int | None
) -> None:
    """Check expiry, hotlist and the class matrix: only before value moves, never after."""
    parameters = parameters_of(image)
    if max(day, image.date) > peer.expiry or peer.name in parameters.hotlist:
        raise RefusedError(SW.REFERENCE_NOT_USABLE)
    mine = chip.personality.purse_class
    if not parameters.allows(mine if payer is None else payer, mine if payee is None else payee):
        raise RefusedError(SW.FUNCTION_NOT_SUPPORTED)


def _start_data(command: Command) -> tuple[bytes, int, int, int, bytes, int]:
    """Return (other purse, value, currency, its sequence, reference, day) of a START."""
    if len(command.data) != _START_BYTES:
        raise RefusedError(SW.WRONG_LENGTH)
    data = command.data
    return (
        data[:8],
        int.from_bytes(data[8:12]),
        int.from_bytes(data[12:14]),
        int.from_bytes(data[14:18]),
        data[18:26],
        int.from_bytes(data[26:30]),
    )
