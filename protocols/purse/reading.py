"""What anybody may read of a purse: SELECT, QUERY, GET DATA, READ RECORD. Nothing here commits."""

from typing import Final

from protocols.iso7816 import SW, Command, RefusedError, Response
from protocols.purse.chip import Chip, expect, parameters_of
from protocols.purse.details import decode_certificate
from protocols.purse.image import Image, Life
from protocols.tlv import encode_tlv

AID: Final = bytes.fromhex("F0495053505552534501")
"""F0 "IPSPURSE" 01: proprietary and unregistered, our own."""


def select(chip: Chip, command: Command) -> Response:
    """Select the purse; 6283 says that it is locked."""
    if (command.p1, command.p2) != (4, 0):
        raise RefusedError(SW.P1_P2_WRONG)
    if not command.data or not AID.startswith(command.data):
        raise RefusedError(SW.NOT_FOUND)
    chip.selected = True
    chip.verified = False
    chip.challenge = b""
    image = chip.image()
    fci = encode_tlv(
        0x6F, encode_tlv(0x84, AID), encode_tlv(0xA5, encode_tlv(0xB0, _state(chip, image, 0)))
    )
    locked = image.life == Life.LOCKED
    return Response(fci, SW.SELECTED_LOCKED if locked else SW.OK)


def query(chip: Chip, command: Command) -> Response:
    """Tell the state of one pocket."""
    expect(command, 0)
    return Response(_state(chip, chip.image(), chip.pocket(command.p2)), SW.OK)


def _state(chip: Chip, image: Image, pocket: int) -> bytes:
    """name 8 | class 1 | sequence 4 | currency 2 | balance 4 | ceiling 4 | free slots 1 | status 1
    | life 1 | tries 1 | expiry 4 | PIN wanted above 4."""
    me = chip.personality
    return b"".join(
        (
            me.name,
            bytes((me.purse_class,)),
            image.sequence.to_bytes(4),
            me.currencies[pocket].to_bytes(2),
            image.balances[pocket].to_bytes(4),
            me.ceilings[pocket].to_bytes(4),
            bytes((max(0, me.log_slots - len(image.log)), image.status, image.life, image.tries)),
            decode_certificate(me.certificate).expiry.to_bytes(4),
            parameters_of(image).pin_above.to_bytes(4),
        )
    )


def get_data(chip: Chip, command: Command) -> Response:
    """Tell certificate, state, pockets, transfer in hand, counters or limits."""
    image = chip.image()
    match (command.p1, command.p2):
        case (0x7F, 0x21):
            return Response(chip.personality.certificate, SW.OK)
        case (0x01, 0x01):
            return Response(_state(chip, image, 0), SW.OK)
        case (0x01, 0x02):
            rows = zip(
                chip.personality.currencies,
                image.balances,
                chip.personality.ceilings,
                strict=True,
            )
            packed = (c.to_bytes(2) + b.to_bytes(4) + m.to_bytes(4) for c, b, m in rows)
            return Response(b"".join(packed), SW.OK)
        case (0x01, 0x03):
            return Response(bytes((image.status,)) + image.details, SW.OK)
        case (0x01, 0x04):
            counters = (image.offline_count, image.offline_value, image.date)
            return Response(b"".join(n.to_bytes(4) for n in counters), SW.OK)
        case (0x01, 0x05):
            return Response(image.update_sequence.to_bytes(4) + image.parameters, SW.OK)
        case _:
            raise RefusedError(SW.KEY_UNKNOWN)


def read_record(chip: Chip, command: Command) -> Response:
    """Tell one entry of the narrative or of the exception log; 1 is the oldest."""
    image = chip.image()
    match command.p2:
        case 0x0C:
            records = image.narrative
        case 0x14:
            records = image.log
        case _:
            raise RefusedError(SW.NOT_FOUND)
    if not 1 <= command.p1 <= len(records):
        raise RefusedError(SW.RECORD_NOT_FOUND)
    return Response(records[command.p1 - 1], SW.OK)
