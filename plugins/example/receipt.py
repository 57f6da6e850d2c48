"""A small program of somebody else: reads a purse card, prints what is on it.

    python receipt.py PRINTER READER

It knows nothing of Intermarket: a serial port, ESC/POS bytes, PC/SC.
"""

import sys

import serial
from smartcard.Exceptions import SmartcardException
from smartcard.System import readers

SELECT = bytes.fromhex("00A404000AF0495053505552534501" + "00")
QUERY = bytes.fromhex("9050000000")
ASK_PAPER = b"\x10\x04\x04"
PAPER_OUT = 0x60


def main(port: str, reader: str) -> int:
    """Print what is on the card in the reader; return the exit status."""
    with serial.Serial(port, 9600, timeout=2) as printer:
        printer.write(ASK_PAPER)
        status = printer.read(1)
        if not status or status[0] & PAPER_OUT:
            print("no paper", file=sys.stderr)
            return 1
        found = [each for each in readers() if each.name.startswith(reader)]
        if not found:
            print(f"no reader {reader}", file=sys.stderr)
            return 1
        card = found[0].createConnection()
        try:
            card.connect()
            for command in (SELECT, QUERY):
                data, sw1, sw2 = card.transmit(list(command))
                if (sw1, sw2) != (0x90, 0x00):
                    print(f"the card says {sw1:02X}{sw2:02X}", file=sys.stderr)
                    return 1
        except SmartcardException as error:
            print(f"card: {error}", file=sys.stderr)
            return 1
        name = bytes(data[:8]).decode()
        balance = int.from_bytes(bytes(data[15:19]))
        printer.write(f"\x1b@CARD {name}\nBALANCE {balance}\n\n\n\x1dV\x42\x00".encode())
        printer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
