"""What only the issuer may do: CLAIM, CLEAR, UPDATE. Each is signed for this purse and no other."""

import msgspec

from protocols.iso7816 import SW, Command, RefusedError, Response
from protocols.purse.chip import Chip, expect
from protocols.purse.details import (
    claim_answer_text,
    claim_text,
    clear_text,
    log_image,
    update_text,
)
from protocols.purse.image import FROZEN, NO_DETAILS, Parameters


def claim(chip: Chip, command: Command) -> Response:
    """Freeze the log and answer what is in it, signed: the holder claims it at the issuer."""
    expect(command, 1 + 8 + 64, p1=0, p2=0)
    if not chip.personality.claims:
        raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)
    name, nonce = chip.personality.name, command.data[1:9]
    chip.from_issuer(command.data[0], claim_text(name, nonce), command.data[9:])
    given_up = chip.rules.aborted(chip.image(), NO_DETAILS)
    log = tuple(bytes((entry[0] | FROZEN,)) + entry[1:] for entry in given_up.log)
    image = log_image(tuple(entry[1:] for entry in log))
    text = claim_answer_text(name, nonce, len(log), image)
    answer = bytes((len(log),)) + image + chip.suite.sign(chip.personality.secret, text)
    chip.commit(given_up._replace(log=log))
    return Response(answer, SW.OK)


def clear(chip: Chip, command: Command) -> Response:
    """Empty the log, if it is exactly the one that the issuer has archived."""
    expect(command, 1 + 32 + 64, p1=0, p2=0)
    told = command.data[1:33]
    text = clear_text(chip.personality.name, told)
    chip.from_issuer(command.data[0], text, command.data[33:])
    given_up = chip.rules.aborted(chip.image(), NO_DETAILS)
    log = given_up.log
    if chip.personality.claims and not chip.rules.claimed_whole(log):
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    own = log_image(tuple(entry[1:] for entry in log))
    if not log or not chip.rules.clear_matches(told, own):
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    chip.commit(given_up._replace(log=()))
    return Response(b"", SW.OK)


def update(chip: Chip, command: Command) -> Response:
    """Take new parameters, a later date, and begin to count offline payments anew."""
    if len(command.data) < 1 + 4 + 1 + 64 or (command.p1, command.p2) != (0, 0):
        raise RefusedError(SW.WRONG_LENGTH)
    image = chip.image()
    sequence = int.from_bytes(command.data[1:5])
    body, signature = command.data[5:-64], command.data[-64:]
    text = update_text(chip.personality.name, sequence, body)
    chip.from_issuer(command.data[0], text, signature)
    if sequence <= image.update_sequence:
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    try:
        date, parameters = msgspec.msgpack.decode(body, type=tuple[int, Parameters])
    except msgspec.DecodeError:
        raise RefusedError(SW.DATA_WRONG) from None
    if not 0 <= date <= 0xFFFF_FFFF:
        raise RefusedError(SW.DATA_WRONG)
    chip.commit(
        image._replace(
            update_sequence=sequence,
            date=max(image.date, date),
            offline_count=0,
            offline_value=0,
            parameters=msgspec.msgpack.encode(parameters),
        )
    )
    return Response(b"", SW.OK)
