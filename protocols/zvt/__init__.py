"""ZVT (ECR interface 700): a register and a stand-alone payment terminal, both ends.

    register                                  terminal
      |--- 06 01 authorisation -------------->|
      |<---------------------- 80 00 00 ------|     taken; from here on the terminal speaks
      |<------ 04 FF insert card -------------|
      |--- 80 00 00 ------------------------->|     either way each APDU is answered: 80 00, or 84 and why
      |<------ 04 0F result, card, receipt ---|
      |<------ 06 D1 06 D3 paper -------------|
      |<------ 06 0F completion --------------|     or 06 1E abort; the register may speak again

    serial    DLE STX | APDU, DLE doubled | DLE ETX | CRC    ACK or NAK to each block
    network   the APDU as it is

A block has no number. So a command that moves money is said once: again only where a NAK has proved
that it was not taken. What became of it otherwise is found out by asking for the last result (attempt).

controls   the commands and answers by their two bytes
sequences  which answers each command may have: one table for driver, twin and tests
apdu       control field, length, data
bitmaps    the fields in the data: fixed, LL, LLL, TLV
text       character sets
status     04 0F: what a payment came to, and the totals of a day
messages   the other commands and answers as data
results    result codes and intermediate states, in words
blocks     a block on a serial line, its check, and what arrives
link       APDUs over a serial line or a network
register   the register's end: one command at a time
terminal   the terminal's end
attempt    one attempt to pay: what is kept before it, and how its result is found again

Source: ECR interface ZVT protocol PA00P015 rev. 13, transport protocols PA00P016 rev. 04.
"""
