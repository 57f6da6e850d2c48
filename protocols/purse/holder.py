"""What the holder does with a PIN: GET CHALLENGE, VERIFY in clear or sealed, CHANGE, lock and unlock."""

from typing import Final

from protocols.hpke import SealError
from protocols.iso7816 import SW, Command, RefusedError, Response
from protocols.purse.chip import Chip, expect
from protocols.purse.image import Image, Life
from protocols.purse.sealed_pin import CHALLENGE_BYTES, open_pin

PIN_KEY: Final = 0x81
SEALED_PIN_KEY: Final = 0x91
"""The same PIN, enciphered (protocols.purse.sealed_pin)."""


def get_challenge(chip: Chip, command: Command) -> Response:
    """Give random bytes that the next sealed PIN must be bound to; those given before are void."""
    expect(command, 0, p1=0, p2=0)
    if chip.entropy is None:
        raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)
    chip.challenge = chip.entropy.token(CHALLENGE_BYTES)
    return Response(chip.challenge, SW.OK)


def verify(chip: Chip, command: Command) -> Response:
    """Compare the holder's PIN; with no PIN, tell how many tries are left."""
    if command.p1 != 0 or command.p2 not in (PIN_KEY, SEALED_PIN_KEY):
        raise RefusedError(SW.P1_P2_WRONG)
    image = chip.image()
    if not command.data:
        raise RefusedError(SW.OK if chip.verified else SW.TRIES_LEFT | min(image.tries, 15))
    sealed = command.p2 == SEALED_PIN_KEY
    _check_pin(chip, image, _opened(chip, image, command.data) if sealed else command.data)
    return Response(b"", SW.OK)


def change_pin(chip: Chip, command: Command) -> Response:
    """Replace the PIN: the old one first, 8 bytes each."""
    if (command.p1, command.p2) != (0, PIN_KEY):
        raise RefusedError(SW.P1_P2_WRONG)
    if len(command.data) != 16:
        raise RefusedError(SW.WRONG_LENGTH)
    _check_pin(chip, chip.image(), command.data[:8])
    chip.commit(chip.image()._replace(pin=command.data[8:]))
    return Response(b"", SW.OK)


def lock(chip: Chip, command: Command) -> Response:
    """Stop paying. Anybody may lock a purse; receiving goes on."""
    expect(command, 0, p1=0, p2=0)
    chip.verified = False
    chip.commit(chip.image()._replace(life=Life.LOCKED))
    return Response(b"", SW.OK)


def unlock(chip: Chip, command: Command) -> Response:
    """Pay again, once the PIN was right."""
    expect(command, 0, p1=0, p2=0)
    if not chip.verified:
        raise RefusedError(SW.SECURITY_NOT_SATISFIED)
    chip.commit(chip.image()._replace(life=Life.ACTIVE))
    return Response(b"", SW.OK)


def _opened(chip: Chip, image: Image, body: bytes) -> bytes:
    """Open a sealed PIN. What was not sealed for this challenge is no guess and costs no try."""
    if image.tries == 0:
        raise RefusedError(SW.PIN_BLOCKED)
    # Forgotten before anything else: whatever comes of it, this challenge has been used.
    challenge, chip.challenge = chip.challenge, b""
    if not challenge:
        raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
    me = chip.personality
    try:
        return open_pin(body, secret=me.secret, name=me.name, challenge=challenge)
    except SealError:
        raise RefusedError(SW.SIGNATURE_WRONG) from None


def _check_pin(chip: Chip, image: Image, pin: bytes) -> None:
    """Compare a PIN. The try is spent before the comparison, so a torn card gains none."""
    if len(pin) != 8:
        raise RefusedError(SW.WRONG_LENGTH)
    if image.tries == 0:
        raise RefusedError(SW.PIN_BLOCKED)
    chip.verified = False
    left = image.tries - 1
    chip.commit(image._replace(tries=left))
    if pin != image.pin:
        raise RefusedError(SW.TRIES_LEFT | left if left else SW.PIN_BLOCKED)
    chip.commit(image._replace(tries=chip.personality.tries_max))
    chip.verified = True
