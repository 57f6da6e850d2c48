"""ESC/POS receipt printers: both directions of the wire, for the driver and for its twin.

    host -> printer    commands: text and one-byte controls, ESC x, FS x, GS x ..., DLE x (real time)
    printer -> host    answers: status bytes, 4-byte automatic status, blocks that end with NUL

Real-time commands (DLE EOT, DLE ENQ, DLE DC4) are found in the byte stream wherever they stand, even
inside image data: a printer looks at each byte as it arrives, before its buffer is worked off.

codes           every number that stands on the wire, once
commands        what a host may ask of a printer: one frozen class per command
symbol_content  what a bar code says, and how GS k carries it
charset         which character a byte is: code pages, CP949 Hangul, the won sign
encode          command -> bytes
layouts         how long each command is, and how its bytes become a command
realtime        finds real-time commands in any byte stream
decode          bytes -> commands, incrementally
status          what is known of a printer, and the bytes that say so
answers         printer -> host, both directions
bars            the bars a printer draws for a content (EAN/UPC, CODE39, ITF, CODE128)
qr              the modules of a QR code

Source: Epson, ESC/POS Application Programming Guide (command reference for TM printers); the Korean
additions (FS &, FS ., ESC R 13, CP949) as TM-T88 Korean models and their compatibles print them.
"""
