"""What [devices] says of printer, drawer and scanner beside their addresses, as the drivers take it.

printer_proof   gsh      GS ( H proves each piece of paper; without an answer a receipt is "unsure"
                status   it cannot; asked after the job, "nothing is wrong" counts as printed
                assume   a one-way cable: what has left counts as printed, paper out goes unseen
"""

from typing import Final

from devices.drivers.drawer import Contact, DrawerWiring
from devices.drivers.print_job import Proof, Verdict
from devices.printer import PrinterOptions
from devices.scanner import Ending, Handshake
from pos.config import DevicesTable
from protocols.escpos.codes import DrawerPin

NANOSECONDS_PER_MILLISECOND: Final = 1_000_000
_PROOFS: Final = {
    "gsh": (Proof.PROCESS_ID, Verdict.UNSURE),
    "status": (Proof.STATUS, Verdict.PRINTED),
    "assume": (Proof.NONE, Verdict.PRINTED),
}
_PINS: Final = {2: DrawerPin.TWO, 5: DrawerPin.FIVE}


def printer_options(table: DevicesTable) -> PrinterOptions:
    """Return how this printer proves a paper, and how the drawer hangs off it."""
    proof, without_proof = _PROOFS[table.printer_proof]
    return PrinterOptions(
        proof=proof,
        without_proof=without_proof,
        wiring=DrawerWiring(
            contact=Contact(table.drawer_contact),
            pin=_PINS[table.drawer_pin],
            pulses=table.drawer_pulses,
        ),
    )


def ending(table: DevicesTable) -> Ending:
    """Return what ends a code on the scanner's wire."""
    return Ending[table.scanner_ending.upper()]


def handshake(table: DevicesTable) -> Handshake:
    """Return whether the scanner waits for an answer to each code."""
    return Handshake(table.scanner_handshake)


def repeat_window_ns(table: DevicesTable) -> int:
    """Return within which time the same code again is a repeat; 0 is never."""
    return table.scanner_repeat_ms * NANOSECONDS_PER_MILLISECOND
